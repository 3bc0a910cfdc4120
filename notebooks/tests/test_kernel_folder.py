"""A kernel takes over what the last one compiled, and no other's."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest
from conftest import NOTEBOOKS, PROJECT, Kernel


@pytest.fixture
def start(tmp_path):
    """Starts kernels that only say which folder is theirs, and wait to be ended."""
    running = []

    def start():
        script = 'echo "$EVCXR_TMPDIR"; read -r _ || true'
        kernel = subprocess.Popen(
            [NOTEBOOKS / "kernel.sh", tmp_path / "my kernels", "sh", "-c", script],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        running.append(kernel)
        folder = kernel.stdout.readline().strip()
        assert folder == str(tmp_path / "my kernels" / str(kernel.pid))
        return kernel, tmp_path / "my kernels" / str(kernel.pid)

    yield start
    for kernel in running:
        kernel.kill()
        kernel.wait()


def end(kernel):
    kernel.communicate("\n")


def test_the_next_kernel_finds_what_the_last_one_left(start):
    first, folder = start()
    (folder / "compiled").write_text("a crate")
    end(first)
    _, folder = start()
    assert (folder / "compiled").read_text() == "a crate"


def test_kernels_at_once_have_folders_of_their_own(start):
    _, first = start()
    (first / "compiled").write_text("a crate")
    _, second = start()
    assert list(second.iterdir()) == [] and (first / "compiled").exists()


def test_of_kernels_that_have_ended_one_folder_stays(start):
    kernels = [start() for _ in range(3)]
    for kernel, folder in kernels:
        (folder / "compiled").write_text(folder.name)
        end(kernel)
    _, folder = start()
    assert [other.name for other in folder.parent.iterdir()] == [folder.name]
    assert (folder / "compiled").read_text() in {folder.name for _, folder in kernels}


@pytest.fixture
def project_tools():
    """A folder of kernels where `make notebook` has it by default: inside the
    project, so inside its Cargo workspace."""
    folder = PROJECT / ".tools/kernels-of-a-test"
    yield folder
    shutil.rmtree(folder)


def test_a_kernel_runs_the_study_from_a_folder_in_the_project(project_tools, tmp_path, monkeypatch):
    spec = json.loads((pathlib.Path(os.environ["JUPYTER_PATH"]) / "kernels/rust/kernel.json").read_text())
    spec["argv"][1] = str(project_tools)
    (tmp_path / "kernels/rust").mkdir(parents=True)
    (tmp_path / "kernels/rust/kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    kernel = Kernel({})
    try:
        kernel.run(':dep analysis-lib = { path = "../analysis-lib" }\nuse analysis_lib::*;')
        assert "Number of entries" in kernel.run("let activity = pull()?;").stdout
    finally:
        kernel.close()
