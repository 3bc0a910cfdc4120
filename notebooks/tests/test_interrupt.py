"""A kernel that is interrupted or dies in the middle of a pull."""

import os
import pathlib
import signal
import socket
import threading
import time

import pymongo
import pytest
from conftest import documents


class Proxy:
    """Passes on what client and server say, until it falls silent."""

    def __init__(self, address):
        host, port = address.removeprefix("mongodb://").split(":")
        self.to = host, int(port)
        # Bytes that the server may still say; None is without end.
        self.left = None
        self.silent = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.to)
            threading.Thread(target=self.copy, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self.copy, args=(server, client, True), daemon=True).start()

    def copy(self, source, target, answers):
        with source, target:
            try:
                while data := source.recv(1 << 14):
                    if answers and self.left is not None:
                        self.left -= len(data)
                        if self.left < 0:
                            self.silent.set()
                            # Both ends stay open, and nothing is said.
                            threading.Event().wait()
                    target.sendall(data)
            except OSError:
                pass


def stat(process):
    """A process's name, state and parent, if there is such a process."""
    try:
        name, rest = pathlib.Path(f"/proc/{process}/stat").read_text().split(" (", 1)[1].rsplit(") ", 1)
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, parent = rest.split()[:2]
    return name, state, int(parent)


def programs(kernel):
    """The programs `pull` that this kernel, or its children, have started."""
    processes = {int(path.name): stat(path.name) for path in pathlib.Path("/proc").glob("[0-9]*")}
    processes = {process: found for process, found in processes.items() if found}

    def is_below(process):
        while process in processes:
            process = processes[process][2]
            if process == kernel:
                return True
        return False

    return [process for process, (name, *_) in processes.items() if name == "pull" and is_below(process)]


def runs(process):
    found = stat(process)
    return found is not None and found[1] != "Z"


def interrupt(session):
    """As Jupyter's Interrupt does."""
    session.manager.interrupt_kernel()


def restart(session):
    """As Jupyter's Restart and Shut Down do when the kernel is busy."""
    session.manager.shutdown_kernel(now=True)


def kill(session):
    """As the system does when memory runs out: that process, none besides."""
    os.kill(session.manager.provisioner.pid, signal.SIGKILL)


@pytest.mark.parametrize("end", [interrupt, restart, kill])
def test_a_pull_ends_with_its_kernel_and_leaves_no_part(kernel, mongodb, tmp_path, end):
    """The server falls silent in mid-pull, so the program would wait on."""
    database = f"interrupted-{end.__name__}"
    with pymongo.MongoClient(mongodb) as client:
        client.drop_database(database)
        client[database]["activitydata"].insert_many(documents(5000))
    proxy = Proxy(mongodb)
    snapshot = tmp_path / "snapshots" / "snapshot"
    snapshot.parent.mkdir()
    session = kernel(
        MONGOKEY=f"mongodb://{proxy.address}/{database}",
        MONGODB_TIMEOUT="600",
        ACTIVITY_SNAPSHOT=str(snapshot),
    )
    session.run(':dep analysis-lib = { path = "../analysis-lib" }\nuse analysis_lib::*;')
    output = session.run("let activity = pull()?;")
    assert "Number of entries: 5000" in output.stdout, output
    before = snapshot.read_bytes()

    proxy.left = 200_000
    session.client.execute("let activity = pull_fresh()?;")
    assert proxy.silent.wait(120)
    [program] = programs(session.manager.provisioner.pid)
    assert runs(program)
    end(session)
    # By itself it would wait for ten minutes; within two seconds is what an idle machine needs.
    limit = time.monotonic() + 20
    while runs(program):
        assert time.monotonic() < limit, "the program goes on"
        time.sleep(0.02)
    proxy.listener.close()
    # The old snapshot is whole, and nothing lies beside it.
    assert list(snapshot.parent.iterdir()) == [snapshot]
    assert snapshot.read_bytes() == before
