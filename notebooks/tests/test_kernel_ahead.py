"""`make notebook` starts the study's kernel before its page is open."""

import time

import psutil
import pytest
from conftest import STUDY, jupyterlab


def kernels_of(server):
    """The processes of all kernels that this server has started."""
    below = psutil.Process(server.make.pid).children(recursive=True)
    return [process for process in below if process.name() == "evcxr_jupyter"]


def wait_for(condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("arguments", "base"),
    [("", "/"), ("--ServerApp.base_url=/here/ --ServerApp.password_required=False", "/here/")],
)
def test_one_kernel_is_started_though_no_page_opens_and_ends_with_the_server(tmp_path, arguments, base):
    with jupyterlab(tmp_path, arguments, base) as server:
        wait_for(lambda: server.get("api/sessions"))
        [session] = server.get("api/sessions")
        assert session["path"] == STUDY.name and session["kernel"]["name"] == "rust"
        # One process speaks to Jupyter, one runs the cells.
        wait_for(lambda: len(kernels_of(server)) == 2)
        assert len(server.get("api/kernels")) == 1
        processes = kernels_of(server)
    psutil.wait_procs(processes, timeout=10)
    assert not [process for process in processes if process.is_running()]


def test_a_server_that_ends_at_once_leaves_no_kernel(tmp_path):
    """The kernel is still starting."""
    with jupyterlab(tmp_path) as server:
        wait_for(lambda: kernels_of(server))
        processes = kernels_of(server)
    psutil.wait_procs(processes, timeout=10)
    assert not [process for process in processes if process.is_running()]
