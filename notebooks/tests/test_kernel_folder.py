"""A kernel takes over what the last one compiled, and no other's."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import pytest
from conftest import NOTEBOOKS, PROJECT, Kernel, write_kernel_spec


PACKAGE = "itoa-1.0.15"
STARTER = [sys.executable, "-I", "-S", NOTEBOOKS / "kernel.py"]
# Starts a kernel where copying a folder goes wrong in this way.
WHERE_COPIES_FAIL = """
import os, pathlib, runpy, shutil, sys
def copytree(source, to, **options):
    pathlib.Path(to, "half").touch()
    {}
shutil.copytree = copytree
runpy.run_path(sys.argv.pop(1), run_name="__main__")
"""


@pytest.fixture
def start(tmp_path):
    """Starts kernels that only say what they are given, and wait to be ended."""
    running = []
    (tmp_path / "cargo/registry/src/index" / PACKAGE).mkdir(parents=True)
    rustc = tmp_path / "rustc"
    rustc.write_text(
        f"#!/bin/sh\nfolder={tmp_path}/toolchain-${{TOOLCHAIN:-1}}\necho $folder\necho $folder/lib/rustlib/x86_64/lib\n"
    )
    rustc.chmod(0o755)
    for number in (1, 2):
        library = tmp_path / f"toolchain-{number}/lib/rustlib/x86_64/lib"
        library.mkdir(parents=True)
        (library / f"libstd-{number}.so").touch()

    def start(*, script='echo "$EVCXR_TMPDIR,${RUST_SRC_PATH:-},${EVCXR_CONFIG_DIR:-}"; read -r _ || true',
              kernels=tmp_path / "kernels", starter=STARTER, **settings):
        settings = {"CARGO_HOME": str(tmp_path / "cargo"), "RUSTC": str(rustc), "HOME": str(tmp_path)} | settings
        kernel = subprocess.Popen(
            [*starter, kernels, "sh", "-c", script],
            env=os.environ | settings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        running.append(kernel)
        kernel.folder, kernel.sources, kernel.settings = (
            path and pathlib.Path(path) for path in kernel.stdout.readline().strip().split(",")
        )
        return kernel, kernel.folder

    yield start
    for kernel in running:
        kernel.kill()
        kernel.communicate()


def end(kernel):
    """Ends a kernel; gives what it said on standard error."""
    return kernel.communicate("\n")[1]


def compile_into(folder):
    """Leaves in a kernel's folder what says that it has compiled the crate."""
    crate = PROJECT / "analysis-lib"
    (folder / "Cargo.toml").write_text(f'[dependencies]\nanalysis-lib = {{ path = "{crate}" }}\n')
    name, version = PACKAGE.rsplit("-", 1)
    (folder / "Cargo.lock").write_text(
        # In whichever order Cargo writes its lines.
        f'[[package]]\nversion = "{version}"\nsource = "registry+https://example.org/index"\nname = "{name}"\n\n'
        '[[package]]\nname = "analysis-lib"\nversion = "0.1.0"\n'
    )
    compiled = folder / "target/x86_64/debug/deps/libanalysis_lib-1.rlib"
    compiled.parent.mkdir(parents=True)
    compiled.touch()
    return compiled


def test_the_next_kernel_finds_what_the_last_one_left(start):
    first, folder = start()
    (folder / "compiled").write_text("a crate")
    end(first)
    _, folder = start()
    assert (folder / "compiled").read_text() == "a crate"


def test_a_restarted_kernel_finds_what_it_left(start):
    """Its cells' process ends a moment after it."""
    first, folder = start(script='(sleep 0.2) >/dev/null 2>&1 & echo "$EVCXR_TMPDIR,,"')
    first.wait()
    assert start()[1] == folder


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
    assert {folder.name for folder in one.parent.glob("[!.]*")} == {one.name, other.name}
    taken = {(folder / "compiled").read_text() for folder in (one, other)}
    assert len(taken) == 2 and taken < {folder.name for _, folder in kernels}


def test_a_folder_is_not_taken_from_a_kernel_that_shows_no_process(start):
    """That of another user, or in a container of its own. Here the kernel has
    ended, and a cell of it goes on."""
    cell = 'sleep 60 >/dev/null 2>&1 & echo $! >"$EVCXR_TMPDIR/cell"'
    kernel, folder = start(script=f'{cell}; echo "$EVCXR_TMPDIR,,"')
    kernel.wait()
    try:
        for _ in range(3):
            other, taken = start()
            assert taken != folder
            end(other)
    finally:
        os.kill(int((folder / "cell").read_text()), signal.SIGKILL)


def where_copies(fail):
    return [sys.executable, "-c", WHERE_COPIES_FAIL.format(fail), STARTER[-1]]


def test_a_copy_that_was_cut_off_is_not_taken_for_whole(start):
    _, running = start()
    compile_into(running)
    with pytest.raises(ValueError):  # It says nothing: it was killed.
        start(starter=where_copies("os.kill(os.getpid(), 9)"))
    _, second = start()
    assert not (second / "half").exists()
    assert list((second / "target/x86_64/debug/deps").iterdir())


def test_a_disk_that_is_full_costs_the_copy_alone(start):
    _, running = start()
    compile_into(running)
    second, folder = start(starter=where_copies("raise OSError(28, 'No space left on device')"))
    assert not (folder / "half").exists() and not second.settings
    assert "is the disk full?" in end(second)


def older_toolchain(_):
    return {"TOOLCHAIN": "2"}


def profile_in_the_users_settings_of_cargo(cargo):
    (cargo / "config.toml").write_text("[profile.dev]\nopt-level = 1\n")
    return {}


def profile_in_the_environment(_):
    return {"CARGO_PROFILE_DEV_DEBUG": "true"}


def crate_that_cargo_has_removed(cargo):
    (cargo / "registry/src/index" / PACKAGE).rmdir()
    return {}


@pytest.mark.parametrize(
    "change",
    [older_toolchain, profile_in_the_users_settings_of_cargo, profile_in_the_environment, crate_that_cargo_has_removed],
)
def test_a_kernel_reads_the_crate_at_its_start_unless_it_would_be_compiled(start, tmp_path, change):
    """Compiling happens in a cell, which shows it, and not in silence."""
    first, folder = start()
    assert not first.settings
    compiled = compile_into(folder)
    end(first)
    second, _ = start()
    assert ":dep analysis-lib" in (second.settings / "init.evcxr").read_text()
    (second.settings / "unfinished").unlink()
    end(second)
    third, same = start(**change(tmp_path / "cargo"))
    assert same == folder and not third.settings and not compiled.exists()


def test_a_kernel_reads_the_smaller_copy_of_rusts_sources_once(start, tmp_path):
    small = tmp_path / "rust-sources/libstd-1"
    (small / "core").mkdir(parents=True)
    first, folder = start()
    assert first.sources.resolve() == small
    compile_into(folder)
    said = end(first)
    assert said == ""
    # Before it knows the crate it reads none of it, and then all.
    second, _ = start()
    assert list(second.sources.iterdir()) == [second.sources / "core"] and not list((second.sources / "core").iterdir())
    line = (second.settings / "init.evcxr").read_text().splitlines()[0]
    assert line.startswith("!")
    # The kernel gives this line to a shell, with the environment that it has itself.
    variables = {"RUST_SRC_PATH": str(second.sources), "SMALL_RUST_SRC_PATH": str(small)}
    subprocess.run(["sh", "-c", line[1:]], env=os.environ | variables, check=True)
    assert second.sources.resolve() == small
    end(second)
    # Of another toolchain there is none: the kernel reads the whole, and says so.
    other, _ = start(TOOLCHAIN="2")
    assert not other.sources
    assert f"make setup makes a smaller copy of them for {tmp_path}/toolchain-2" in end(other)


@pytest.mark.parametrize(
    ("kernels", "settings", "says"),
    [
        ("my kernels", {}, "a folder with a space"),
        ("kernels", {"RUSTC": "/nowhere/rustc"}, "/nowhere/rustc"),
        ("kernels", {"RUSTC": "/bin/false"}, "/bin/false"),
        ("file/kernels", {}, "file"),
    ],
)
def test_whatever_goes_wrong_the_kernel_starts_by_itself_and_says_why_it_is_slower(start, tmp_path, kernels, settings, says):
    (tmp_path / "file").touch()
    kernel, _ = start(kernels=tmp_path / kernels, script='echo "${EVCXR_TMPDIR:-},,"', **settings)
    assert not kernel.folder
    said = end(kernel)
    assert len(said.splitlines()) == 1 and "starts slower" in said and says in said


def test_a_home_that_is_not_set_is_no_hindrance(start, monkeypatch):
    for name in ("HOME", "CARGO_HOME"):
        monkeypatch.delenv(name, raising=False)
    kernel, folder = start(HOME="", CARGO_HOME="")
    assert folder and "smaller copy" in end(kernel)


# As little as the tests of a start need of the library: what a cell pulls with, an
# error's name of its own, what a build script wrote, a second package and file.
LIBRARY = {
    "Cargo.toml": """[workspace]
members = ["analysis-lib", "analysis-lib/data"]
exclude = [".tools"]
resolver = "3"
""",
    "Cargo.lock": "",
    "analysis-lib/Cargo.toml": """[package]
name = "analysis-lib"
version = "0.1.0"
edition = "2024"

[features]
default = ["entries"]
entries = []

[dependencies]
activity-data = { path = "data" }
""",
    "analysis-lib/build.rs": """fn main() {
    let folder = std::path::PathBuf::from(std::env::var("OUT_DIR").unwrap());
    std::fs::write(folder.join("count.rs"), "7").unwrap();
    println!("cargo::rerun-if-changed=build.rs");
}
""",
    "analysis-lib/src/lib.rs": """pub use activity_data::Error;
#[derive(Clone, Debug)]
pub struct Activity;
#[cfg(feature = "entries")]
pub fn pull() -> std::result::Result<Activity, Error> {
    println!("Number of entries: {}", include!(concat!(env!("OUT_DIR"), "/count.rs")));
    Ok(Activity)
}
""",
    "analysis-lib/data/Cargo.toml": """[package]
name = "activity-data"
version = "0.1.0"
edition = "2024"
""",
    "analysis-lib/data/src/lib.rs": "mod error;\npub use error::Error;\n",
    "analysis-lib/data/src/error.rs": """#[derive(Debug)]
pub struct Error;
impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "error") }
}
impl std::error::Error for Error {}
""",
}


@pytest.fixture(scope="module", params=["project"])
def project(request, tmp_path_factory):
    """A project with a small crate for its library, whose kernels have their folders
    where `make notebook` has them by default: inside it, so inside its workspace."""
    folder = tmp_path_factory.mktemp("copy")
    project = folder / request.param
    for name, text in LIBRARY.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    (project / "notebooks").mkdir()
    shutil.copy(NOTEBOOKS / "kernel.py", project / "notebooks")
    shutil.copytree(NOTEBOOKS / "settings", project / "notebooks/settings")
    (project / ".tools").mkdir()
    (project / ".tools/rust-sources").symlink_to(pathlib.Path(os.environ["ACTIVITY_TOOLS"]) / "rust-sources")
    write_kernel_spec(
        folder, "rust", sys.executable, "-I", "-S", project / "notebooks/kernel.py", project / ".tools/kernels"
    )
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
    shutil.rmtree(project / ".tools/kernels", ignore_errors=True)
    assert not is_read_at_start(run)
    # The kernel has a cache of its own for compiled crates, off here. What a crate's
    # build script wrote would be named by the folder that it was compiled in first:
    # once that is gone, each cell compiles the crate again.
    lists = (project / ".tools/kernels").glob("*/target/*/debug/deps/*.d")
    written = {path for file in lists for path in re.findall(r"^(/.*/out/\S+):$", file.read_text(), re.M)}
    assert written and all(path.startswith(str(project)) for path in written)
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
    module = project / "analysis-lib/data/src/error.rs"
    module.rename(project / "error.rs")
    assert "file not found for module" in run(DEPENDENCY)[0].stderr
    (project / "error.rs").rename(module)
    assert not is_read_at_start(run)
    manifest = project / "analysis-lib/Cargo.toml"
    kept = manifest.read_text()
    manifest.write_text(kept.replace('default = ["entries"]', "default = []"))
    assert "pull" in run(DEPENDENCY, PULL)[1].stderr
    manifest.write_text(kept)
    assert not is_read_at_start(run)
    assert is_read_at_start(run)

    # A start that is cut off is not tried again in the same way.
    for folder in (project / ".tools/kernels").glob("[!.]*"):
        (folder / "settings/unfinished").touch()
    assert not is_read_at_start(run)
    assert is_read_at_start(run)


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


@pytest.mark.parametrize(
    "project", ["my project", "o'neil-café$x#1", "o'neil-café $x #1", 'the"project"', "مشروع"], indirect=True
)
def test_a_kernel_starts_in_a_folder_of_any_name(run):
    _, pulled = run(DEPENDENCY, PULL)
    assert "Number of entries" in pulled.stdout
