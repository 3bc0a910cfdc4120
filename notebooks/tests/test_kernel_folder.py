"""A kernel takes over what the last one compiled, and no other's."""

import os
import shutil
import subprocess

import pytest
from conftest import NOTEBOOKS, PROJECT, Kernel, write_kernel_spec


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
    _, second = start()
    assert not (second / "compiled").exists() and (first / "compiled").exists()


def test_of_kernels_that_have_ended_two_folders_stay(start):
    kernels = [start() for _ in range(4)]
    for kernel, folder in kernels:
        (folder / "compiled").write_text(folder.name)
        end(kernel)
    # As many as are open again after a restart with two notebooks.
    (_, one), (_, other) = start(), start()
    assert {folder.name for folder in one.parent.iterdir()} == {one.name, other.name}
    taken = {(folder / "compiled").read_text() for folder in (one, other)}
    assert len(taken) == 2 and taken < {folder.name for _, folder in kernels}


@pytest.fixture(scope="module", params=["project"])
def project(request, tmp_path_factory):
    """A copy of the project whose kernels have their folders where `make notebook`
    has them by default: inside it, so inside its Cargo workspace."""
    folder = tmp_path_factory.mktemp("copy")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True)
    project = folder / request.param
    for name in listed.stdout.split("\0"):
        if (PROJECT / name).is_file():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, project / name)
    write_kernel_spec(folder, "rust", project / "notebooks/kernel.sh", project / ".tools/kernels")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(folder))
        yield project
    shutil.rmtree(project)


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


PULL = "let activity = analysis_lib::pull()?;"


def is_read_at_start(run):
    """Whether a kernel knows the crate before a cell has named it; it works
    either way when one has."""
    early, _, pulled = run(PULL, DEPENDENCY, PULL)
    assert "Number of entries" in pulled.stdout and pulled.stderr == ""
    if "Number of entries" in early.stdout:
        return early.stderr == ""
    assert "analysis_lib" in early.stderr
    return False


def test_a_kernel_starts_with_what_the_last_one_compiled_unless_it_changed(project, run):
    shutil.rmtree(project / ".tools", ignore_errors=True)
    assert not is_read_at_start(run)
    assert is_read_at_start(run)

    # What the crate calls its own is not in the way of the cells' own.
    (cell,) = run('fn half(n: i32) -> Result<i32, String> { Ok(n / 2) }\nprintln!("{:?}", half(4));')
    assert cell.stdout == "Ok(2)\n", cell.stderr

    # A crate that doesn't compile is the cell's error, not a kernel that dies:
    # a line, a file and a manifest.
    source = project / "analysis-lib/src/lib.rs"
    kept = source.read_text()
    source.write_text(kept + 'compile_error!("not yet");')
    assert "not yet" in run(DEPENDENCY)[0].stderr
    source.write_text(kept)
    spline = project / "analysis-lib/src/spline.rs"
    spline.rename(project / "spline.rs")
    assert "file not found for module" in run(DEPENDENCY)[0].stderr
    (project / "spline.rs").rename(spline)
    assert not is_read_at_start(run)
    manifest = project / "analysis-lib/Cargo.toml"
    kept = manifest.read_text()
    manifest.write_text(kept.replace('"std", "now"', '"std"'))
    assert "Utc" in run(DEPENDENCY)[0].stderr
    manifest.write_text(kept)
    assert not is_read_at_start(run)
    assert is_read_at_start(run)

    # A start that is cut off is not tried again in the same way.
    folder = next((project / ".tools/kernels").iterdir())
    (folder / "settings/unfinished").touch()
    assert not is_read_at_start(run)
    assert is_read_at_start(run)


def test_a_kernel_starts_where_cargo_does_not_find_all_crates(run, tmp_path, monkeypatch):
    """Cargo removes from its home what it hasn't used for months."""
    run(DEPENDENCY)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/cargo").write_text("#!/bin/sh\nexit 101\n")
    (tmp_path / "bin/cargo").chmod(0o755)
    # The kernel itself knows where Cargo is.
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    assert not is_read_at_start(run)


def test_a_second_kernel_at_once_starts_with_what_is_compiled_too(project, run):
    run(DEPENDENCY)
    first = Kernel({}, project / "notebooks")
    try:
        assert is_read_at_start(run)
        assert "Number of entries" in first.run(PULL).stdout
    finally:
        first.close()


def test_the_users_own_settings_of_the_kernel_count(run, tmp_path, monkeypatch):
    own = tmp_path / "own"
    own.mkdir()
    (own / "init.evcxr").write_text("let mine = 5;")
    monkeypatch.setenv("EVCXR_CONFIG_DIR", str(own))
    for _ in range(2):
        assert run('println!("{mine}");', DEPENDENCY)[0].stdout == "5\n"


@pytest.mark.parametrize("project", ["my project"], indirect=True)
def test_a_kernel_starts_in_a_folder_with_a_space(run):
    _, pulled = run(DEPENDENCY, PULL)
    assert "Number of entries" in pulled.stdout
