"""A real MongoDB, a real kernel, and made-up documents for them."""

import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
import queue
import re
import signal
import socket
import subprocess
import time
import urllib.request

import jupyter_client
import numpy
import programs
import pymongo
import pytest

NOTEBOOKS = pathlib.Path(__file__).resolve().parent.parent
PROJECT = NOTEBOOKS.parent
STUDY = NOTEBOOKS / "server-activity-analysis.ipynb"
SCREENSHOTS = pathlib.Path(os.environ.get("SCREENSHOTS") or PROJECT / "notebooks/tests/screenshots")
# No look-ups of hosts that a test has no business with.
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# How long after a cell's end its standard error may come: within milliseconds,
# but on a busy machine.
LATE_SECONDS = 0.3

# Every setting, empty: a developer's own .env must not reach the tests, and
# the environment wins over it. Which kernel is used is no matter of theirs. The file
# of windows is there by default too, so the tests have one that can't be there.
SETTINGS = {
    name: ""
    for name in re.findall(r"^#? ?([A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.M)
    if name != "EVCXR_JUPYTER"
} | {"ACTIVITY_FILE": "/dev/null/none"}


def code_cells(notebook):
    """The code of a notebook, cell by cell."""
    cells = json.loads(notebook.read_text())["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def run_cells(session, cells):
    """What each cell that shows something shows, as HTML, by its code. None fails."""
    shown = {}
    for cell in cells:
        output = session.run(cell)
        assert output.stderr == "", f"{cell}\n{output.stderr}"
        for data in output.figures:
            shown[cell] = data["text/html"]
            assert "image/svg+xml" in data or data["text/plain"]
    return shown


def environment(**settings):
    """The tests' environment, with just these settings."""
    return os.environ | SETTINGS | settings


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class JupyterLab:
    """What `make notebook` started, at this address."""

    def __init__(self, make, url, log):
        self.make, self.url, self.log = make, url, log

    def address(self, path):
        return f"{self.url}{path}?token=test"

    def get(self, path):
        """What the server says about `path`, once it says anything."""
        end = time.monotonic() + 600
        while time.monotonic() < end:
            assert self.make.poll() is None, pathlib.Path(self.log.name).read_text()[-3000:]
            with contextlib.suppress(OSError), urllib.request.urlopen(self.address(path)) as answer:
                return json.load(answer)
            time.sleep(0.3)
        raise AssertionError(f"nothing answers at {self.url}")


@contextlib.contextmanager
def jupyterlab(state, arguments="", base="/", **settings):
    """Runs `make notebook` with these arguments and settings. What is chosen in
    JupyterLab is kept in `state`, not where the user's own is."""
    port = free_port()
    arguments = f"--no-browser --port {port} --IdentityProvider.token=test {arguments}"
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    log = open(SCREENSHOTS / f"jupyterlab-{port}.log", "w")
    make = subprocess.Popen(
        ["make", "notebook", f"ACTIVITY_STATE={state}", f"JUPYTER_ARGS={arguments}"],
        cwd=PROJECT,
        env=environment(**settings),
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    server = JupyterLab(make, f"http://127.0.0.1:{port}{base}", log)
    try:
        server.get("api")
        yield server
    finally:
        os.killpg(make.pid, signal.SIGTERM)
        make.wait(30)
        log.close()


@contextlib.contextmanager
def start_mongodb(folder):
    """A mongod of the tests' own; gives its address."""
    mongod = programs.mongod()
    assert mongod, "mongod is missing; run `make test`, which installs it"
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [mongod, "--dbpath", folder, "--port", str(port), "--bind_ip", "127.0.0.1"]
    log = folder.parent / "mongod.log"
    server = subprocess.Popen([*command, "--logpath", log, "--wiredTigerCacheSizeGB", "2"])
    address = f"mongodb://127.0.0.1:{port}"
    try:
        with pymongo.MongoClient(address, serverSelectionTimeoutMS=60_000) as client:
            client.admin.command("ping")
        yield address
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture(scope="session")
def mongodb(tmp_path_factory):
    """The address of a mongod for all tests; each uses a database of its own."""
    with start_mongodb(tmp_path_factory.mktemp("mongod") / "db") as address:
        yield address


def documents(count, first=0, members=60, start=datetime.datetime(2020, 9, 4, 21, tzinfo=datetime.timezone.utc)):
    """Made-up windows of the bot's schema, from number `first` on."""
    ids = numpy.random.default_rng(7).integers(10**17, 10**18, members)
    weights = 1 / numpy.arange(1, members + 1) ** 1.2
    weights /= weights.sum()
    for index in range(first, first + count):
        random = numpy.random.default_rng(index)
        when = start + datetime.timedelta(minutes=10 * index, milliseconds=int(random.integers(0, 2000)))
        wave = numpy.sin(((when.hour - 4) % 24 - 9) / 24 * 2 * numpy.pi)
        sent = int(random.poisson(40 * (1.1 + wave)))
        shares = random.multinomial(sent, weights)
        yield {
            "time": when,
            "online-members": int(60 + 25 * wave + random.normal(0, 3)),
            "messages-sent": sent,
            "quantities": {str(ids[member]): int(shares[member]) for member in shares.nonzero()[0]},
        }


@pytest.fixture
def past(tmp_path):
    """Settings for a file as `make history` writes it: no database, and nobody knows how
    many members were online."""
    lines = []
    for document in documents(3_000):
        del document["online-members"]
        time = document["time"].isoformat(timespec="milliseconds").replace("+00:00", "Z")
        channels = {"345678901234567890": document["messages-sent"]}
        lines.append(json.dumps(document | {"time": {"$date": time}, "channels": channels}))
    file = tmp_path / "activity.jsonl"
    file.write_text("\n".join(lines) + "\n")
    return {"ACTIVITY_FILE": str(file), "ACTIVITY_SNAPSHOT": "off"}


@dataclasses.dataclass
class Output:
    """What a cell gave."""

    stdout: str = ""
    stderr: str = ""
    figures: list = dataclasses.field(default_factory=list)


def write_kernel_spec(folder, name, *start):
    """A kernel of this name for whoever has `folder` in JUPYTER_PATH: the Rust
    kernel, started by this command (which ends with kernel.py and the folder for its
    kernels) or, without one, by itself."""
    share = pathlib.Path(os.environ["JUPYTER_PATH"])
    spec = json.loads((share / "kernels/rust/kernel.json").read_text())
    spec["argv"] = [*map(str, start), *spec["argv"][-3:]]
    (folder / "kernels" / name).mkdir(parents=True)
    (folder / "kernels" / name / "kernel.json").write_text(json.dumps(spec))


class Kernel:
    """A Rust kernel in the notebooks' folder, started as Jupyter starts it."""

    def __init__(self, settings, folder=NOTEBOOKS, name="rust"):
        self.manager = jupyter_client.KernelManager(kernel_name=name)
        self.manager.start_kernel(cwd=str(folder), env=environment(**settings))
        self.client = self.manager.client()
        self.client.start_channels()
        try:
            self.client.wait_for_ready(timeout=300)
        except RuntimeError:
            self.close()
            raise

    def run(self, code, timeout=900):
        request = self.client.execute(code)
        output = Output()
        begin = time.perf_counter()
        wait, self.seconds = timeout, None
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=wait)
            except queue.Empty:
                assert self.seconds is not None, f"no answer within {timeout} s to: {code}\n{output}"
                return output
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                setattr(output, content["name"], getattr(output, content["name"]) + content["text"])
            elif kind == "error":
                output.stderr += f"{content['ename']}: {content['evalue']}"
            elif kind in ("execute_result", "display_data"):
                output.figures.append(content["data"])
            elif kind == "status" and content["execution_state"] == "idle":
                # Standard error is passed on beside all else, and may come later.
                self.seconds = time.perf_counter() - begin
                wait = LATE_SECONDS

    def time(self, code):
        """The seconds that a cell takes, which must not fail."""
        output = self.run(code, timeout=3600)
        assert not output.stderr, f"{code}\n{output.stderr}"
        return self.seconds

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel():
    """Starts kernels with given settings, and ends them."""
    started = []

    def start(**settings):
        started.append(Kernel(settings))
        return started[-1]

    yield start
    for one in started:
        one.close()
