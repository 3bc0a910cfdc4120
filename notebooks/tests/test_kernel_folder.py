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
            [NOTEBOOKS / "kernel.sh", tmp_path / "kernels", "sh", "-c", script],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        running.append(kernel)
        folder = kernel.stdout.readline().strip()
        assert folder == str(tmp_path / "kernels" / str(kernel.pid))
        return kernel, tmp_path / "kernels" / str(kernel.pid)

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
    cell = pathlib.Path("target/x86_64/debug/deps/libcode_1.so")
    (first / cell).parent.mkdir(parents=True)
    (first / cell).write_text("a cell")
    _, second = start()
    assert (second / "compiled").read_text() == "a crate"
    assert not (second / cell).exists()
    (second / "compiled").write_text("another")
    assert (first / "compiled").read_text() == "a crate" and (first / cell).exists()


def test_of_kernels_that_have_ended_one_folder_stays(start):
    kernels = [start() for _ in range(3)]
    for kernel, folder in kernels:
        (folder / "compiled").write_text(folder.name)
        end(kernel)
    _, folder = start()
    assert [other.name for other in folder.parent.iterdir()] == [folder.name]
    assert (folder / "compiled").read_text() in {folder.name for _, folder in kernels}


@pytest.fixture(params=["project"])
def project(request, tmp_path, monkeypatch):
    """A copy of the project whose kernels have their folders where `make notebook`
    has them by default: inside it, so inside its Cargo workspace."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True)
    project = tmp_path / request.param
    for name in listed.stdout.split("\0"):
        if (PROJECT / name).is_file():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, project / name)
    spec = json.loads((pathlib.Path(os.environ["JUPYTER_PATH"]) / "kernels/rust/kernel.json").read_text())
    spec["argv"][:2] = [str(project / "notebooks/kernel.sh"), str(project / ".tools/kernels")]
    (tmp_path / "kernels/rust").mkdir(parents=True)
    (tmp_path / "kernels/rust/kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    return project


@pytest.fixture
def run(project):
    """Runs cells in a new kernel of that copy."""

    def run(*cells):
        kernel = Kernel({}, project / "notebooks")
        try:
            return [kernel.run(code) for code in cells]
        finally:
            kernel.close()

    return run


DEPENDENCY = ':dep analysis-lib = { path = "../analysis-lib" }\nuse analysis_lib::*;'


def test_a_kernel_starts_with_what_the_last_one_compiled_unless_it_changed(project, run):
    pull = "let activity = pull()?;"
    # The first one compiles, and knows nothing of the crate until then.
    early, _, pulled = run(pull, DEPENDENCY, pull)
    assert "cannot find function" in early.stderr
    assert "Number of entries" in pulled.stdout
    # The next one has read it, whether the notebook names it once more or not.
    early, _, pulled = run(pull, DEPENDENCY, pull)
    assert "Number of entries" in early.stdout and early.stderr == ""
    assert "Number of entries" in pulled.stdout and pulled.stderr == ""
    # A crate that doesn't compile is the cell's error, not a kernel that dies.
    source = project / "analysis-lib/src/lib.rs"
    kept = source.read_text()
    source.write_text(kept + 'compile_error!("not yet");')
    (broken,) = run(DEPENDENCY)
    assert "not yet" in broken.stderr
    source.write_text(kept)
    _, pulled = run(DEPENDENCY, pull)
    assert "Number of entries" in pulled.stdout


def test_a_kernel_starts_where_a_crate_would_have_to_be_downloaded(run, tmp_path, monkeypatch):
    """Cargo removes from its home what it hasn't used for months."""
    run(DEPENDENCY)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/cargo").write_text("#!/bin/sh\nexit 101\n")
    (tmp_path / "bin/cargo").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    # The kernel itself knows where Cargo is.
    early, _, pulled = run("let activity = pull()?;", DEPENDENCY, "let activity = pull()?;")
    assert "cannot find function" in early.stderr
    assert "Number of entries" in pulled.stdout


@pytest.mark.parametrize("project", ["my project"], indirect=True)
def test_a_kernel_starts_in_a_folder_with_a_space(run):
    _, pulled = run(DEPENDENCY, "let activity = pull()?;")
    assert "Number of entries" in pulled.stdout
