"""What `make` says when something that it needs is missing."""

import fcntl
import json
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
SYSTEM = {
    "basename", "cat", "chmod", "cp", "dirname", "env", "find", "flock", "grep", "mkdir", "mktemp", "mv", "rm", "sed", "sh",
}
OLD_PYTHON = 'case "$*" in *version_info*) exit 1 ;; --version) echo "Python 3.9.2" ;; esac'
OLD_RUST = 'echo "rustc 1.85.1 (4eb161250 2025-03-15)"'
NO_VENV = 'case "$*" in *venv*) exit 1 ;; esac'


@pytest.fixture
def setup(tmp_path):
    """Runs setup.sh where only these commands are found, in a copy of the project."""
    project = tmp_path / "my project"
    (project / "notebooks").mkdir(parents=True)
    for name in ("setup.sh", "requirements.txt"):
        shutil.copy(NOTEBOOKS / name, project / "notebooks")
    shutil.copy(PROJECT / "Cargo.toml", project)
    library = tmp_path / "sysroot/lib/rustlib/src/rust/library"
    library.mkdir(parents=True)

    def run(step, commands, **settings):
        path = tmp_path / "bin"
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        # Links to the system's own, but for what is written here: never through a link.
        for name in SYSTEM - set(commands):
            (path / name).symlink_to(shutil.which(name))
        for name, script in commands.items():
            (path / name).write_text(f"#!/bin/sh\n{script}\n")
            (path / name).chmod(0o755)
        calls = tmp_path / "calls"
        calls.write_text("")
        environment = {"PATH": str(path), "CALLS": str(calls), "SYSROOT": str(tmp_path / "sysroot")} | settings
        process = subprocess.Popen(
            [project / "notebooks/setup.sh", step],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        run.before_end(process)
        said, errors = process.communicate()
        return subprocess.CompletedProcess(step, process.returncode, said, errors), calls.read_text()

    run.before_end = lambda process: None
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
        ("\ufeffMONGOKEY='mongodb://example'", True),
    ],
)
def test_the_pull_program_is_built_first_when_there_is_a_mongodb(setup, line, built):
    """So that the first pull doesn't wait for a compiler."""
    if line:
        (setup.project / ".env").write_text(line + "\n")
    done, calls = setup("pull", FAKES)
    assert done.returncode == 0, done.stderr
    assert ("--package activity-mongodb --bin pull" in calls) == built


# What sets up a kernel, each writing down how it is called and with what. This
# Python makes environments and kernels' specs out of nothing.
TELLS = '{ echo "$0 $*"; env; } >>"$CALLS"\n'
SETS_UP = FAKES | {
    "cargo": TELLS + """
case $1 in install) ;; *) exit ;; esac
while [ "$1" != --root ]; do shift; done
mkdir -p "$2/bin"
printf '#!/bin/sh\n' >"$2/bin/evcxr_jupyter"
chmod 755 "$2/bin/evcxr_jupyter"
""",
    "python3": TELLS + """
case "$*" in
*base_prefix*) echo "${PYTHON_IS:-/usr 3 12}" ;;
"-m venv"*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
esac
""",
    "rustc": """
case $1 in
--version) echo "rustc 1.95.0 (59807616e 2026-04-14)" ;;
*sysroot*) echo "$SYSROOT" ;;
*) [ "$2" = sysroot ] && echo "$SYSROOT" || echo "$SYSROOT/lib/rustlib/x86_64/lib" ;;
esac
""",
}


def test_nothing_that_is_installed_or_built_sees_a_secret(setup):
    """Neither pip nor Cargo, which runs what crates bring for their build."""
    secrets = {"MONGOKEY": "mongodb://s3cr3t", "DISCORD_TOKEN": "s3cr3t"}
    steps = {"jupyter": ("-m pip", "cargo install"), "pull": ("--bin pull",), "names": ("refresh_names",)}
    for step, done_by in steps.items():
        done, calls = setup(step, SETS_UP, **secrets)
        assert done.returncode == 0, done.stderr
        assert "s3cr3t" not in calls
        for call in done_by:
            assert call in calls, calls


def test_make_hands_secrets_to_nothing_but_what_needs_them(tmp_path):
    """Cargo in the tests, too: it runs what crates bring for their build."""
    shutil.copy(PROJECT / "Makefile", tmp_path)
    shutil.copy(PROJECT / ".env.example", tmp_path)
    (tmp_path / "notebooks").mkdir()
    for script in ("notebooks/setup.sh", "bin/cargo"):
        (tmp_path / script).parent.mkdir(exist_ok=True)
        (tmp_path / script).write_text(f"#!/bin/sh\n{TELLS}")
        (tmp_path / script).chmod(0o755)
    calls = tmp_path / "calls"
    environment = os.environ | {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "CALLS": str(calls),
        "MONGOKEY": "mongodb://s3cr3t", "DISCORD_TOKEN": "s3cr3t",
    }
    for target in ("test", "bench", "figures"):
        calls.write_text("")
        subprocess.run(["make", target], cwd=tmp_path, env=environment, capture_output=True)
        assert "cargo" in calls.read_text() and "s3cr3t" not in calls.read_text()
    # `make names` runs the program that asks Discord.
    calls.write_text("")
    subprocess.run(["make", "names"], cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert "DISCORD_TOKEN=s3cr3t" in calls.read_text().split("cargo run")[1]


def test_the_environment_is_made_again_for_another_python(setup):
    for python, made in (("/usr 3 12", True), ("/usr 3 12", False), ("/opt 3 12", True), ("/opt 3 13", True)):
        done, calls = setup("jupyter", SETS_UP, PYTHON_IS=python)
        assert done.returncode == 0, done.stderr
        assert ("-m venv" in calls) == made, python


def test_what_an_interrupted_build_of_the_kernel_left_is_removed_when_it_is_done(setup):
    build = setup.project / ".tools/evcxr-build"
    setup("jupyter", SETS_UP)
    build.mkdir()
    done, calls = setup("jupyter", SETS_UP)
    assert done.returncode == 0 and "cargo install" not in calls
    assert not build.exists()


def test_of_two_at_once_one_waits_for_the_other(setup):
    """They would remove each other's environment."""
    tools = setup.project / ".tools"
    tools.mkdir()
    with open(tools / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        def release(process):
            assert process.stdout.readline().startswith("Waiting for another make")
            assert process.poll() is None and not (tools / "jupyter").exists()
            fcntl.flock(lock, fcntl.LOCK_UN)

        setup.before_end = release
        done, calls = setup("jupyter", SETS_UP)
    assert done.returncode == 0 and "-m venv" in calls


def test_the_copy_of_rusts_sources_is_whole_or_not_there(setup, tmp_path):
    """And holds what the analyzer reads, without vector instructions and tests."""
    library = tmp_path / "sysroot/lib/rustlib/x86_64/lib"
    library.mkdir(parents=True)
    (library / "libstd-1.so").touch()
    files = ("core/src/lib.rs", "core/Cargo.toml", "alloc/src/vec/mod.rs", "std/src/lib.rs", "std/tests/a.rs",
             "std/benches/b.rs", "std_detect/src/lib.rs", "stdarch/crates/core_arch/src/x86/avx.rs", "Cargo.toml")
    for name in files:
        (setup.library / name).parent.mkdir(parents=True, exist_ok=True)
        (setup.library / name).write_text(name)
    copies = setup.project / ".tools/rust-sources"
    (copies / "libstd-0").mkdir(parents=True)

    # A full disk costs the copy alone.
    done, _ = setup("jupyter", SETS_UP | {"mv": "exit 1"})
    assert done.returncode == 0, done.stderr
    assert "the kernel will start slower" in done.stdout
    assert list(copies.iterdir()) == []

    done, _ = setup("jupyter", SETS_UP)
    assert done.returncode == 0 and [copy.name for copy in copies.iterdir()] == ["libstd-1"]
    copied = {str(path.relative_to(copies / "libstd-1")) for path in copies.rglob("*") if path.is_file()}
    assert copied == {
        "core/src/lib.rs", "alloc/src/vec/mod.rs", "std/src/lib.rs",
        "stdarch/crates/std_detect/src/lib.rs", "stdarch/crates/core_arch/src/mod.rs",
    }
    assert (setup.library / "std/tests/a.rs").exists()


def test_another_version_of_the_kernel_leaves_our_spec_alone(tmp_path):
    """At its start a kernel writes a spec where an older version has one."""
    share = pathlib.Path(os.environ["JUPYTER_PATH"])
    shutil.copytree(share / "kernels", tmp_path / "kernels")
    (tmp_path / "kernels/rust/version.txt").write_text("0.1.0")
    spec = json.loads((share / "kernels/rust/kernel.json").read_text())
    environment = os.environ | {"JUPYTER_PATH": str(tmp_path)} | spec["env"]
    # It sees to its spec before it finds that nobody waits for it.
    kernel = next(argument for argument in spec["argv"] if argument.endswith("evcxr_jupyter"))
    subprocess.run([kernel, "--control_file", tmp_path / "none"], env=environment, capture_output=True)
    assert json.loads((tmp_path / "kernels/rust/kernel.json").read_text()) == spec


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
