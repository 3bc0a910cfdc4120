"""What `make bench` prints: the study beside the stock Rust kernel and beside the
original's Python, in one run.

The stock kernel is set up by its own installer and runs the same cells on an empty
crate: what a kernel costs whatever the library does. Times are medians over a few
kernels, in seconds. BENCH chooses parts, separated by commas: `kernel` (beside the
stock kernel, in kernels and in a browser), `study` (beside the original),
`patterns` (the second notebook), `pull`, and, only when asked for, `build` (the programs from nothing) and `crates`.
"""

import contextlib
import datetime
import json
import os
import pathlib
import platform
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

import bench_crates
import bench_pull
import programs
import psutil
import pymongo
from conftest import (
    CHROMIUM_ARGUMENTS, NOTEBOOKS, PROJECT, STUDY, Kernel, code_cells, documents, environment, free_port, jupyterlab,
    start_mongodb,
)
from playwright.sync_api import sync_playwright

PARTS = os.environ.get("BENCH") or "kernel,study,patterns,pull"
CELLS = code_cells(STUDY)
DEPENDENCY, PULL, *REST = CELLS
PATTERNS = code_cells(NOTEBOOKS / "community-patterns.ipynb")
FIRST_FIGURE = next(cell for cell in REST if "plot::" in cell)
RUNS = 3
HALF_A_DAY, YEAR, TEN_YEARS = 78, 52_560, 525_600
# As many windows as a century has: ten years of them, a minute apart.
CENTURY = 5_256_000

# The study's calls, with nothing behind them.
EMPTY = """
#[derive(Clone, Debug)]
pub struct Error;
impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "error") }
}
impl std::error::Error for Error {}
pub type Result<T> = std::result::Result<T, Error>;
#[derive(Clone, Debug)]
pub struct Activity;
impl Activity { pub fn last_hours(&self, _hours: u32) -> Self { Self } }
pub fn pull() -> Result<Activity> { Ok(Activity) }
#[derive(Clone, Debug)]
pub struct Names;
impl Names { pub fn load(_activity: &Activity) -> Result<Self> { Ok(Self) } }
#[derive(Clone, Debug)]
pub struct Figure;
impl Figure { pub fn evcxr_display(&self) { println!("EVCXR_BEGIN_CONTENT text/html\\n<svg role=\\\"img\\\" width=\\\"9\\\" height=\\\"9\\\"></svg>\\nEVCXR_END_CONTENT"); } }
pub mod aggregate {
    #[derive(Clone, Debug)]
    pub struct Smoothed;
    pub fn smoothed(_activity: &crate::Activity) -> crate::Result<Smoothed> { Ok(Smoothed) }
    pub struct Quality;
    impl Quality { pub fn evcxr_display(&self) { println!("Gaps: none"); } }
    pub fn quality(_activity: &crate::Activity) -> Quality { Quality }
}
pub mod plot {
    use crate::{Activity, Figure, Names, aggregate::Smoothed};
    pub fn online_members(_activity: &Activity) -> Figure { Figure }
    pub fn message_volume(_activity: &Activity) -> Figure { Figure }
    pub fn cumulative_messages(_activity: &Activity) -> Figure { Figure }
    pub fn smoothed_cumulative(_fit: &Smoothed) -> Figure { Figure }
    pub fn message_rate(_fit: &Smoothed) -> Figure { Figure }
    pub fn messages_by_member(_activity: &Activity, _names: &Names) -> Figure { Figure }
}
"""


TOOLS = pathlib.Path(os.environ["ACTIVITY_TOOLS"])


class Stock:
    """The kernel by itself, as its own installer sets it up, with an empty crate."""

    def __init__(self, folder):
        self.folder = folder
        crate = folder / "empty"
        (crate / "src").mkdir(parents=True)
        (crate / "src/lib.rs").write_text(EMPTY)
        (crate / "Cargo.toml").write_text('[package]\nname = "analysis-lib"\nversion = "0.1.0"\nedition = "2024"\n')
        self.cells = [DEPENDENCY.replace("../analysis-lib", str(crate)), *CELLS[1:]]
        # The one that ours starts.
        program = json.loads((TOOLS / "jupyter/share/jupyter/kernels/rust/kernel.json").read_text())["argv"][-3]
        self.share = folder / "share"
        subprocess.run([program, "--install"], env=os.environ | {"JUPYTER_PATH": str(self.share)}, check=True,
                       stdout=subprocess.DEVNULL)
        # Under another name for this process, where ours is called rust too.
        shutil.copytree(self.share / "kernels/rust", folder / "named/kernels/stock")
        os.environ["JUPYTER_PATH"] += f"{os.pathsep}{folder / 'named'}"
        # Where the notebook lies that its own JupyterLab opens.
        self.opened = folder / "opened"
        self.opened.mkdir()
        notebook = json.loads(STUDY.read_text())
        for cell in notebook["cells"]:
            cell["source"] = "".join(cell["source"]).replace("../analysis-lib", str(crate))
        (self.opened / STUDY.name).write_text(json.dumps(notebook))

    @contextlib.contextmanager
    def jupyterlab(self):
        """The address of a JupyterLab without anything of ours."""
        settings = self.folder / "settings"
        settings.mkdir(exist_ok=True)
        without = {"ServerApp": {"jpserver_extensions": {"kernel_ahead": False}}}
        (settings / "jupyter_server_config.json").write_text(json.dumps(without))
        port = free_port()
        names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR",
                 "JUPYTERLAB_WORKSPACES_DIR")
        server = subprocess.Popen(
            [TOOLS / "jupyter/bin/python", "-m", "jupyterlab", STUDY.name, "--allow-root", "--no-browser",
             "--port", str(port), "--IdentityProvider.token=test"],
            cwd=self.opened, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            env=environment(JUPYTER_PATH=str(self.share), **dict.fromkeys(names, str(settings))),
        )
        try:
            while True:
                with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/api?token=test"):
                    break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}/lab/tree/{STUDY.name}?token=test"
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)


@contextlib.contextmanager
def our_jupyterlab(state, **settings):
    with jupyterlab(state, **settings) as server:
        yield server.address(f"lab/tree/{STUDY.name}")


def page(browser, start):
    """Seconds from this start of a server to the page's first figure, where
    Run All is chosen as soon as the notebook is there."""
    begin = time.perf_counter()
    with start as address:
        page = browser.new_page()
        page.goto(address)
        page.get_by_role("heading", name="Server Activity Analysis").wait_for(timeout=120_000)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        page.locator(".jp-OutputArea-output svg[role=img]").first.wait_for(timeout=300_000)
        seconds = time.perf_counter() - begin
        page.close()
    return seconds


def pages(stock, folder, settings):
    """Medians of the seconds to the page's first figure: ours and the stock kernel's."""
    ours, theirs = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=programs.chromium(), args=CHROMIUM_ARGUMENTS)
        for number in range(RUNS):
            theirs.append(page(browser, stock.jupyterlab()))
            ours.append(page(browser, our_jupyterlab(folder / f"state-{number}", **settings)))
        browser.close()
    return statistics.median(ours), statistics.median(theirs)


def study(cells, settings, folder=NOTEBOOKS, name="rust"):
    """A new kernel that runs these cells: seconds until it is ready, seconds
    of each cell, of a changed figure (median of nine), and its memory."""
    begin = time.perf_counter()
    kernel = Kernel(settings, folder, name)
    ready = time.perf_counter() - begin
    try:
        seconds = [kernel.time(code) for code in cells]
        memory = sum(
            process.memory_info().rss
            for process in [psutil.Process(kernel.manager.provisioner.process.pid)]
            + psutil.Process(kernel.manager.provisioner.process.pid).children(recursive=True)
        )
        changed = [kernel.time(f"{FIRST_FIGURE} // {number}") for number in range(9)]
        return ready, seconds, statistics.median(changed), memory / 2**20
    finally:
        kernel.close()


def original(database, address, *options):
    command = [sys.executable, pathlib.Path(__file__).with_name("original.py"), database, address, *options]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)


def fill(client, name, count):
    # Ten years of them must not reach into the future.
    start = datetime.datetime(2016, 1, 1, tzinfo=datetime.timezone.utc)
    members = 60 if count < 1000 else 400
    client[name]["activitydata"].insert_many(documents(count, members=members, start=start))


def repeat(client, source, name, times, step=None):
    """Fills a collection with copies of another, one after the other in time or,
    with a step, each so many milliseconds later than the one before."""
    from_, to = client[source]["activitydata"], {"db": name, "coll": "activitydata"}
    count = from_.count_documents({})
    for number in range(times):
        shifted = {"_id": 0, "time": {"$add": ["$time", number * (step or count * 600_000)]}}
        shifted |= {field: 1 for field in ("online-members", "messages-sent", "quantities")}
        from_.aggregate([{"$project": shifted}, {"$merge": {"into": to}}])
    assert client[name]["activitydata"].count_documents({}) == times * count


def row(what, ours, theirs=None, bound="", unit="s"):
    """A row of a table: ours, the other's, how they compare, and what is asked for."""

    def number(value):
        return "" if value is None else f"{value:,.2f} {unit}" if value < 10 else f"{value:,.0f} {unit}"

    ratio = "" if theirs is None else f"{ours / theirs:.2f}" if ours >= 0.1 * theirs else f"1/{theirs / ours:.0f}"
    print(f"| {' | '.join([what, number(ours), number(theirs), ratio, bound])} |", flush=True)


def head(theirs):
    print(f"\n| | this project | {theirs} | ratio | bound |\n{'|---' * 5}|", flush=True)


def median(runs, value):
    return statistics.median(map(value, runs))


def ready(run):
    return run[0]


def first_figure(run):
    """From a ready kernel: the library, the pull, the first figure."""
    return sum(run[1][: CELLS.index(FIRST_FIGURE) + 1])


def whole(run):
    return sum(run[1])


def changed_cell(run):
    return run[2]


def memory(run):
    return run[3]


def beside_the_stock_kernel(stock, folder, settings):
    # One run of each that isn't counted: it compiles what is kept.
    study(CELLS, settings)
    study(stock.cells, {}, stock.opened, "stock")
    ours, theirs = [], []
    for _ in range(RUNS):
        theirs.append(study(stock.cells, {}, stock.opened, "stock"))
        ours.append(study(CELLS, settings))
    head("stock kernel, empty crate")
    row("kernel ready", median(ours, ready), median(theirs, ready))
    row("ready kernel to first figure", median(ours, first_figure), median(theirs, first_figure))
    row("kernel's start to first figure", median(ours, lambda run: ready(run) + first_figure(run)),
        median(theirs, lambda run: ready(run) + first_figure(run)), "0.75")
    row("the study, half a day, from a ready kernel", median(ours, whole), median(theirs, whole))
    row("a changed cell that draws", median(ours, changed_cell), median(theirs, changed_cell), "1.25")
    row("memory of kernel and process, half a day", median(ours, memory), median(theirs, memory), unit="MB")
    row("make notebook to the page's first figure", *pages(stock, folder, settings), "3 s less")
    # What kernels have compiled lies in their folders and in the user's cache.
    kernels = TOOLS / "kernels"
    kernels.rename(kernels.with_name("kernels-kept"))
    try:
        cache = {"XDG_CACHE_HOME": str(folder / "cache")}
        begin = time.perf_counter()
        subprocess.run([sys.executable, NOTEBOOKS / "setup.py", "jupyter"], env=environment(**cache), check=True)
        row("what set-up compiles for the kernel, once", time.perf_counter() - begin)
        row("the study right after that", whole(study(CELLS, settings | cache)), median(theirs, whole))
    finally:
        shutil.rmtree(kernels, ignore_errors=True)
        kernels.with_name("kernels-kept").rename(kernels)
    print("\nCells of the study, half a day, in seconds (ours / stock):")
    for index, code in enumerate(CELLS):
        print(f"  {median(ours, lambda run: run[1][index]):6.2f} {median(theirs, lambda run: run[1][index]):6.2f}  "
              f"{code.splitlines()[0]}")


def beside_the_original(address, folder, settings):
    everything = [DEPENDENCY, "let all_activity = pull()?; let activity = all_activity.clone();", *REST]
    study(CELLS, settings("half"))
    ours = [study(CELLS, settings("half")) for _ in range(RUNS)]
    theirs = [original("half", address)["seconds"] for _ in range(RUNS)]
    head("the original")
    row("ready kernel to first figure", median(ours, first_figure),
        median(theirs, lambda run: run["import"] + run["pull"] + run["first figure"]))
    row("the study, half a day, from a ready kernel", median(ours, whole), median(theirs, lambda run: sum(run.values())))
    row("a changed cell that draws", median(ours, changed_cell), median(theirs, lambda run: run["second figure"]))
    year_original = original("year", address)["seconds"]
    row("the study, a year, from a ready kernel", whole(study(everything, settings("year"))),
        sum(year_original.values()), "1/12")
    snapshot = folder / "snapshot"
    decade = study(everything, settings("decade", snapshot))
    row("the study, ten years, from a ready kernel (the original: a year)", whole(decade), sum(year_original.values()),
        "1/10")
    decade_original = original("decade", address, "--pull-only")
    pulled = decade_original["seconds"]["pull"]
    first = [study([DEPENDENCY, PULL, FIRST_FIGURE], settings("decade"))[1][1] for _ in range(RUNS)]
    row("pull cell, ten years, all of it", statistics.median(first), pulled, "1/15")
    again = [study([DEPENDENCY, PULL, PULL], settings("decade", snapshot))[1][1:] for _ in range(RUNS)]
    row("pull cell, ten years, in a new kernel", median(again, lambda run: run[0]), pulled, "1/50")
    row("pull cell, ten years, once more", median(again, lambda run: run[1]), pulled, "1/50")
    row("memory of kernel and process, ten years", memory(decade), decade_original["peak MB"], "1/2", "MB")


def patterns(settings):
    """Each cell of the second notebook, on half a year (the sample), a year, ten years."""
    study(PATTERNS, {})
    columns = [study(PATTERNS, {})[1], study(PATTERNS, settings("year"))[1], study(PATTERNS, settings("decade"))[1]]
    print("\n| cell of the second notebook, seconds | half a year | a year | ten years |\n|---|---|---|---|")
    for code, *seconds in zip(PATTERNS, *columns):
        print(f"| `{code.splitlines()[-1]}` | {' | '.join(f'{one:.2f}' for one in seconds)} |", flush=True)


def build(folder):
    """Builds the programs from nothing, one after the other, in a folder of their own."""
    print("\n| from nothing | seconds | processor seconds |\n|---|---|---|")
    for program, *arguments in (("pull", "--package", "activity-mongodb"), ("png", "--package", "svg-to-png")):
        command = ["cargo", "build", "--quiet", "--release", "--locked", "--bin", program, *arguments]
        begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, cwd=PROJECT, env=os.environ | {"CARGO_TARGET_DIR": str(folder / program)}, check=True)
        taken, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f"| `{program}` | {taken:.0f} | {spent:.0f} |", flush=True)


def main():
    parts = set(PARTS.split(","))
    if unknown := parts - {"kernel", "study", "patterns", "pull", "build", "crates"}:
        sys.exit(f"BENCH has no part {', '.join(sorted(unknown))}")
    print(f"{time.strftime('%Y-%m-%d')}, {platform.machine()}, {psutil.cpu_count()} cores, "
          f"{psutil.virtual_memory().total / 2**30:.0f} GiB")
    with tempfile.TemporaryDirectory() as folder, start_mongodb(pathlib.Path(folder) / "db") as address:
        folder = pathlib.Path(folder)
        stock = Stock(folder / "stock")

        def settings(database, snapshot="off"):
            return {"MONGOKEY": f"{address}/{database}", "ACTIVITY_SNAPSHOT": str(snapshot), "NAMES_FILE": ""}

        databases = {HALF_A_DAY: "half", YEAR: "year", TEN_YEARS: "decade", CENTURY: "century"}
        with pymongo.MongoClient(address) as client:
            fill(client, "half", HALF_A_DAY)
            if parts & {"study", "patterns", "pull"}:
                fill(client, "year", YEAR)
                repeat(client, "year", "decade", TEN_YEARS // YEAR)
        if "kernel" in parts:
            beside_the_stock_kernel(stock, folder, settings("half"))
        if "study" in parts:
            beside_the_original(address, folder, settings)
        if "patterns" in parts:
            patterns(settings)
        if "pull" in parts:
            with pymongo.MongoClient(address) as client:
                repeat(client, "decade", "century", CENTURY // TEN_YEARS, step=60_000)
            bench_pull.report(address, databases, folder)
        if "build" in parts:
            build(folder)
        if "crates" in parts:
            bench_crates.report(folder)


if __name__ == "__main__":
    main()
