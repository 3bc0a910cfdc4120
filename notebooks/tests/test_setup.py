"""What `make` says when something that it needs is missing."""

import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from conftest import NOTEBOOKS, PROJECT

FAKES = {
    "cargo": 'echo "$@" >>"$CALLS"',
    "rustc": """case $1 in
--version) echo "rustc 1.95.0 (59807616e 2026-04-14)" ;;
-vV) echo "host: x86_64" ;;
*) echo "$SYSROOT"; echo "$SYSROOT/lib/rustlib/x86_64/lib" ;;
esac""",
    "cc": ":",
    "python3": f'exec {sys.executable} "$@"',
}
SYSTEM = {
    "chmod", "cp", "env", "mkdir", "sh",
}
OLD_PYTHON = 'case "$*" in *version_info*) exit 1 ;; --version) echo "Python 3.9.2" ;; esac'
OLD_RUST = 'echo "rustc 1.85.1 (4eb161250 2025-03-15)"'
NO_VENV = f'case "$*" in *ensurepip*) exit 1 ;; *) exec {sys.executable} "$@" ;; esac'


@pytest.fixture
def setup(tmp_path):
    """Runs setup.py where only these commands are found, in a copy of the project."""
    project = tmp_path / "o'neil-café$x#1"
    (project / "notebooks").mkdir(parents=True)
    for name in ("python.sh", "setup.py", "kernel.py", "kernel_ahead.py", "kernel_version.py",
                 "requirements.txt"):
        shutil.copy(NOTEBOOKS / name, project / "notebooks")
    shutil.copytree(NOTEBOOKS / "settings", project / "notebooks/settings")
    (project / "analysis-lib").mkdir()
    (project / "analysis-lib/Cargo.toml").write_text('name = "analysis-lib"')
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
        # Cargo's folder is another one: what is there must not be found.
        environment = {"PATH": str(path), "CALLS": str(calls), "SYSROOT": str(tmp_path / "sysroot"),
                       "CARGO_HOME": str(tmp_path / "cargo")} | settings
        process = subprocess.Popen(
            ["/bin/sh", project / "notebooks/python.sh", project / "notebooks/setup.py", step],
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


@pytest.mark.parametrize(("line", "feature"), [("MONGOKEY=mongodb://x", "mongodb\n"), ("", "\n")])
@pytest.mark.parametrize("program", ["record", "history"])
def test_without_a_mongodb_what_writes_windows_is_built_without_its_driver(setup, program, line, feature):
    (setup.project / ".env").write_text(line + "\n")
    done, calls = setup(program, FAKES)
    assert done.returncode == 0, done.stderr
    assert f"--bin {program}" in calls
    assert ("mongodb" in calls) == bool(line)
    # What `make` runs then is the same.
    assert setup("store", FAKES)[0].stdout == feature


# What sets up a kernel, each writing down how it is called and with what. This
# Python makes environments and kernels' specs out of nothing.
TELLS = '{ echo "$0 $*"; env; } >>"$CALLS"\n'
SETS_UP = FAKES | {
    "cargo": TELLS + """
case $1 in install) ;; *) exit ;; esac
while [ "$1" != --root ]; do shift; done
mkdir -p "$2/bin"
printf '#!/bin/sh\necho 0.22.0\n' >"$2/bin/evcxr_jupyter"
chmod 755 "$2/bin/evcxr_jupyter"
""",
    # It reads settings itself, and hands no secret to what it starts.
    "python3": f"""
case "$*" in *setup.py*|*"sys.exit(sys.version_info"*) exec {sys.executable} "$@" ;; esac
{TELLS}
case "$*" in
*base_prefix*) echo "${{PYTHON_IS:-/usr 3 12}}" ;;
"-m venv"*) mkdir -p "$3/bin" "$3/lib/python3.12/site-packages"; cp "$0" "$3/bin/python" ;;
*kernel_version*) "$4" --version ;;
esac
""",
}


def test_nothing_that_is_installed_or_built_sees_a_secret(setup):
    """Neither pip nor Cargo, which runs what crates bring for their build."""
    secrets = {"MONGOKEY": "mongodb://s3cr3t", "DISCORD_TOKEN": "s3cr3t", "DISCORD_WEBHOOK": "s3cr3t"}
    steps = {"jupyter": ("-m pip", "cargo install"), "pull": ("--bin pull",), "names": ("refresh_names",),
             "record": ("--bin record",), "history": ("--bin history",), "post": ("--bin post-period",)}
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
    for script in ("notebooks/python.sh", "bin/cargo"):
        (tmp_path / script).parent.mkdir(exist_ok=True)
        (tmp_path / script).write_text(f"#!/bin/sh\n{TELLS}")
        (tmp_path / script).chmod(0o755)
    calls = tmp_path / "calls"
    environment = os.environ | {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "CALLS": str(calls),
        "MONGOKEY": "mongodb://s3cr3t", "DISCORD_TOKEN": "s3cr3t", "DISCORD_WEBHOOK": "s3cr3t",
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

    # Without one of the crates, as in a Rust that keeps them elsewhere, there is none.
    done, _ = setup("jupyter", SETS_UP)
    assert done.returncode == 0, done.stderr
    assert "the kernel will start slower" in done.stdout
    assert list(copies.iterdir()) == []

    for crate in ("backtrace", "panic_abort", "panic_unwind", "portable-simd", "proc_macro", "test", "unwind"):
        (setup.library / crate).mkdir()
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
    kernel = spec["argv"][-3]
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


KERNEL = "case $1 in --version) echo {} ;; esac"


@pytest.mark.parametrize(
    ("commands", "settings", "used", "says"),
    [
        ({"evcxr_jupyter": KERNEL.format("0.22.0")}, {}, "bin/evcxr_jupyter", "version 0.22.0"),
        ({"evcxr_jupyter": KERNEL.format("0.21.0")}, {}, None, "passed over: it is version 0.21.0"),
        ({"evcxr_jupyter": "echo broken >&2; exit 1"}, {}, None, "passed over: broken"),
        ({"mine": KERNEL.format("0.21.0")}, {"EVCXR_JUPYTER": "mine"}, "bin/mine", "version 0.21.0"),
        ({"cargo-binstall": SETS_UP["cargo"].replace("case $1 in install) ;; *) exit ;; esac", "")}, {}, "binstall",
         "Fetching"),
        ({"cargo-binstall": "exit 1"}, {}, None, "has to be built"),
    ],
)
def test_a_kernel_that_is_there_is_taken_and_else_one_is_fetched_or_built(setup, tmp_path, commands, settings, used, says):
    done, calls = setup("jupyter", SETS_UP | commands, **settings)
    assert done.returncode == 0, done.stderr
    assert says in done.stdout, done.stdout
    assert ("install evcxr_jupyter --version" in calls) == (used is None)
    tools = setup.project / ".tools"
    spec = json.loads((tools / "jupyter/share/jupyter/kernels/rust/kernel.json").read_text())
    built = tools / "evcxr-0.22.0/bin/evcxr_jupyter"
    assert spec["argv"][-3] == str(built if used in (None, "binstall") else tmp_path / used)
