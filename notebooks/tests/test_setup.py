"""What `make` says when something that it needs is missing."""

import os
import pathlib
import shutil
import subprocess

import pytest
from conftest import NOTEBOOKS, PROJECT

FAKES = {
    "cargo": 'echo "$@" >>"$CALLS"',
    "rustc": 'case $1 in --version) echo "rustc 1.95.0 (59807616e 2026-04-14)" ;; *) echo "$SYSROOT" ;; esac',
    "cc": ":",
    # Python 3.12 with venv.
    "python3": ":",
}
OLD_PYTHON = 'case "$*" in *version_info*) exit 1 ;; --version) echo "Python 3.9.2" ;; esac'
OLD_RUST = 'echo "rustc 1.85.1 (4eb161250 2025-03-15)"'
NO_VENV = 'case "$*" in *venv*) exit 1 ;; esac'


@pytest.fixture
def setup(tmp_path):
    """Runs setup.sh where only these commands are found, in a copy of the project."""
    project = tmp_path / "my project"
    (project / "notebooks").mkdir(parents=True)
    shutil.copy(NOTEBOOKS / "setup.sh", project / "notebooks")
    shutil.copy(PROJECT / "Cargo.toml", project)
    library = tmp_path / "sysroot/lib/rustlib/src/rust/library"
    library.mkdir(parents=True)

    def run(step, commands, **settings):
        path = tmp_path / "bin"
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        for name in ("sh", "dirname", "env", "grep", "cat", "rm", "sed"):
            (path / name).symlink_to(shutil.which(name))
        for name, script in commands.items():
            (path / name).write_text(f"#!/bin/sh\n{script}\n")
            (path / name).chmod(0o755)
        calls = tmp_path / "calls"
        calls.write_text("")
        environment = {"PATH": str(path), "CALLS": str(calls), "SYSROOT": str(tmp_path / "sysroot")} | settings
        done = subprocess.run(
            [project / "notebooks/setup.sh", step], env=environment, capture_output=True, text=True
        )
        return done, calls.read_text()

    run.project = project
    run.library = library
    return run


def without(*names, **changed):
    return {name: script for name, script in (FAKES | changed).items() if name not in names}


@pytest.mark.parametrize(
    ("commands", "missing", "remedy"),
    [
        (without("cargo"), "a Rust toolchain", "https://sh.rustup.rs"),
        (without("rustc"), "the Rust compiler", "rustup default stable"),
        (without(rustc=OLD_RUST), "Rust 1.90 or newer (rustc 1.85.1", "rustup update"),
        (without("cc"), "a C compiler", "apt install build-essential"),
        (without("python3"), "Python (python3", "apt install python3 python3-venv"),
        (without(python3=OLD_PYTHON), "Python 3.10 or newer (python3 is Python 3.9.2)", "PYTHON=python3.11"),
        (without(python3=NO_VENV), "Python's venv module", "apt install python3-venv"),
    ],
)
def test_what_is_missing_is_named_with_the_command_that_installs_it(setup, commands, missing, remedy):
    done, calls = setup("jupyter", commands)
    assert done.returncode == 1 and calls == ""
    said = done.stderr.strip().splitlines()
    assert said[0].startswith(f"missing: {missing}"), done.stderr
    assert said[1].startswith("  install it with: ") and remedy in said[1]
    assert said[2:] == ["  then run make again."]


def test_missing_sources_of_the_standard_library_are_named(setup):
    setup.library.rmdir()
    done, _ = setup("jupyter", FAKES)
    assert done.returncode == 1
    assert "rust-src" in done.stderr and "rustup component add rust-src" in done.stderr


@pytest.mark.parametrize(
    ("line", "built"),
    [
        (None, False),
        ("# MONGOKEY='mongodb://example'", False),
        ("MONGOKEY=", False),
        ("MONGOKEY=''", False),
        ('MONGOKEY=""', False),
        ("MONGOKEY= # later", False),
        ("MONGOKEY='mongodb://example'", True),
        ("export MONGOKEY=mongodb://example", True),
    ],
)
def test_the_pull_program_is_built_first_when_there_is_a_mongodb(setup, line, built):
    """So that the first pull doesn't wait for a compiler."""
    if line:
        (setup.project / ".env").write_text(line + "\n")
    done, calls = setup("pull", FAKES)
    assert done.returncode == 0, done.stderr
    assert ("--features mongodb --bin pull" in calls) == built


def test_nothing_is_done_twice(tmp_path):
    """The second `make notebook` opens at once: its set-up starts no compiler
    and no installer."""
    path = tmp_path / "bin"
    path.mkdir()
    for name in ("cargo", "pip"):
        (path / name).write_text('#!/bin/sh\necho "$0 $*" >&2\nexit 1\n')
        (path / name).chmod(0o755)
    environment = os.environ | {"PATH": f"{path}:{os.environ['PATH']}", "MONGOKEY": ""}
    done = subprocess.run(["make", "setup"], cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "" and "Building" not in done.stdout and "Installing" not in done.stdout
    tools = pathlib.Path(os.environ["ACTIVITY_TOOLS"])
    assert (tools / "jupyter/bin/python").exists()
