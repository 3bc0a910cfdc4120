"""Sets up what `make` needs, each step once and inside the project only.

    setup.py check     nothing: names what must be there before
    setup.py jupyter   the Python environment, the Rust kernel and its spec, a
                       smaller copy of Rust's sources for it, and the library
                       compiled for it
    setup.py pull      the program that speaks to MongoDB, where MONGOKEY is set
    setup.py names     the program behind `make names`
    setup.py post      the program behind `make post`
    setup.py record    the program behind `make record`, and the one that pulls; where
                       MONGOKEY isn't set, without what speaks to MongoDB
    setup.py history   the program behind `make history`, in the same way
    setup.py store     nothing: prints the feature that what records needs for
                       MongoDB, where MONGOKEY is set

ACTIVITY_TOOLS is the folder for all of it. Only Python's standard library is used.
"""

import concurrent.futures
import contextlib
import hashlib
import json
import math
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import kernel

NOTEBOOKS = pathlib.Path(__file__).resolve().parent
PROJECT = NOTEBOOKS.parent
TOOLS = pathlib.Path(os.path.abspath(os.environ.get("ACTIVITY_TOOLS") or PROJECT / ".tools"))
JUPYTER = TOOLS / "jupyter"
PYTHON = os.environ.get("PYTHON") or sys.executable
EVCXR = "0.22.0"
BUILT = TOOLS / f"evcxr-{EVCXR}"

# What Cargo builds in each step. Who records and looks on one machine has the
# crates compiled once for both.
MONGODB = "--package activity-discord --package activity-mongodb --no-default-features --features activity-discord/mongodb,activity-discord"
PROGRAMS = {
    "pull": "--package activity-mongodb --bin pull",
    "pull beside record": f"{MONGODB}/record --bin pull",
    "names": "--package analysis-lib --example refresh_names",
    "post": "--package activity-discord --no-default-features --features period --bin post-period",
    "record": "--package activity-discord --no-default-features --features record --bin record",
    "record and pull": f"{MONGODB}/record --bin record --bin pull",
    "history": "--package activity-discord --no-default-features --features history --bin history",
    "history and pull": f"{MONGODB}/history --bin history --bin pull",
}

# What no cell makes the kernel do (refactoring, lints, watching files), and what
# moves only small messages, isn't optimised: a tenth less to wait.
NOT_OPTIMISED = """ra_ap_ide_assists ra_ap_ide_diagnostics ra_ap_ide_ssr ra_ap_vfs-notify notify pulldown-cmark toml
    ariadne backtrace gimli object addr2line cargo_metadata zeromq evcxr_jupyter""".split()

# Of Rust's own sources, what the analyzer reads. Half of them are vector
# instructions of every processor, which no cell needs, and tests.
CRATES = "alloc backtrace core panic_abort panic_unwind portable-simd proc_macro std test unwind".split()


class Failed(Exception):
    """A step that can't be done, and why."""


def say(*words):
    print(*words, flush=True)


def require(there, what, remedy):
    if not there:
        raise Failed(f"\nmissing: {what}\n  install it with: {remedy}\n  then run make again.")


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def python(code):
    """Whether the Python that environments are made with runs this without an error."""
    return subprocess.run([PYTHON, "-c", code], stderr=subprocess.DEVNULL).returncode == 0


def setting(name):
    """A setting's value. The environment wins, also with an empty value, over a .env
    in the notebooks' folder or above it."""
    file = next((folder / ".env" for folder in (NOTEBOOKS, *NOTEBOOKS.parents) if (folder / ".env").is_file()), None)
    if name in os.environ or file is None:
        return os.environ.get(name, "")
    line = rf"""^[ \t]*(?:export[ \t]+)?{name}[ \t]*=[ \t]*(?:'([^'\n]*)'|"([^"\n]*)"|([^\s#]*))"""
    # An editor may have put a byte-order mark before the first line.
    values = re.findall(line, file.read_text(encoding="utf-8-sig", errors="replace"), re.M)
    return "".join(values[-1]) if values else ""


def check_compilers():
    """What the package's programs need."""
    remedy = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
    require(shutil.which("cargo"), "a Rust toolchain (cargo is not on the PATH)", remedy)
    require(shutil.which("rustc"), "the Rust compiler (rustc is not on the PATH)", "rustup default stable")
    wanted = re.search(r'^rust-version = "1\.(\d+)"', kernel.read(PROJECT / "Cargo.toml"), re.M)[1]
    version = output("rustc", "--version")
    minor = re.match(r"rustc 1\.(\d+)", version)
    require(minor and int(minor[1]) >= int(wanted), f"Rust 1.{wanted} or newer ({version})", "rustup update stable")
    remedy = "sudo apt install build-essential   (Fedora: sudo dnf install gcc; macOS: xcode-select --install)"
    require(any(map(shutil.which, ("cc", "gcc", "clang"))), "a C compiler", remedy)


def check_prerequisites():
    """What the notebooks need too."""
    check_compilers()
    what = "the sources of Rust's standard library (rust-src), which the kernel's analyzer reads"
    require(kernel.toolchain().sources.is_dir(), what, "rustup component add rust-src")
    require(python("import venv, ensurepip"), "Python's venv module", "sudo apt install python3-venv")


def cargo(what, *arguments, env=(), **options):
    """Runs Cargo. A line every ten seconds says how far it is; what Cargo itself
    says is shown when it fails."""
    # Cargo counts for its own progress bar, which it draws where it is told to.
    bar = {"CARGO_TERM_PROGRESS_WHEN": "always", "CARGO_TERM_PROGRESS_WIDTH": "120", "CARGO_TERM_QUIET": "false"}
    env = os.environ | bar | {"CARGO_TERM_COLOR": "never"} | dict(env)
    process = subprocess.Popen(["cargo", *arguments], env=env, stderr=subprocess.PIPE, text=True, errors="replace", **options)
    begin, messages, counted = time.monotonic(), [], []

    def listen():
        for line in process.stderr:
            if count := re.match(r"\s*Building \[.*\] (\d+)/(\d+)", line):
                counted[:] = map(int, count.groups())
            elif line.strip() and not re.match(r"\s*(Compiling|Download\w*|Fetch) ", line):
                messages.append(line.rstrip())

    listener = threading.Thread(target=listen)
    listener.start()
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = process.wait(10)
            break
        if counted and counted[0]:
            # The last crates take longest.
            left = (time.monotonic() - begin) * ((counted[1] / counted[0]) ** 1.5 - 1)
            minutes = f"about {left / 60:.0f} minutes" if left >= 90 else "about a minute"
            say(f"  {what}: {counted[0]} of {counted[1]} crates, {minutes} left")
        else:
            say(f"  {what}: fetching what it needs")
    listener.join()
    if status:
        raise Failed("\n".join([*messages, f"{what}: Cargo failed, and says why above."]))


def build(step):
    cargo(f"the program {step}", "build", "--release", "--locked", *PROGRAMS[step].split(), cwd=PROJECT)


def install(folder, *requirements):
    """A Python environment with just these. It is made again when they or the
    interpreter change, or a run was cut off."""
    wanted = output(PYTHON, "-c", "import sys; print(sys.base_prefix, *sys.version_info[:2])")
    wanted = "\n".join([wanted, *map(kernel.read, requirements)])
    if os.access(folder / "bin/python", os.X_OK) and kernel.read(folder / "installed.txt") == wanted:
        return
    say(f"Installing Python packages into {folder} (about a minute) …")
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([PYTHON, "-m", "venv", folder], check=True)
    pip = [folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *(f"--requirement={file}" for file in requirements)], check=True)
    (folder / "installed.txt").write_text(wanted, encoding="utf-8")


def version(program):
    """A kernel's version, and why it is none that can be used. The answer is kept
    until the program changes."""
    known = TOOLS / "kernels-asked.json"
    answers, when = json.loads(kernel.read(known) or "{}"), kernel.modified(pathlib.Path(program))
    if answers.get(program, [None])[0] != when:
        ask = [JUPYTER / "bin/python", "-E", "-s", NOTEBOOKS / "kernel_version.py", program]
        asked = subprocess.run(ask, capture_output=True, text=True)
        why = ["no answer", *asked.stderr.strip().splitlines()][-1] if asked.returncode else ""
        answers[program] = [when, asked.stdout.strip(), why]
        known.write_text(json.dumps(answers))
    return answers[program][1:]


def find_kernel():
    """The kernel's program: one that is there, else one that is fetched, else built."""
    named = setting("EVCXR_JUPYTER")
    named = named and (shutil.which(os.path.expanduser(named)) or named)
    found = [shutil.which("evcxr_jupyter", path=folder) for folder in (*os.get_exec_path(), kernel.cargo_home() / "bin")]
    there = {os.path.realpath(program): os.path.abspath(program) for program in reversed([named, *found]) if program}
    for program in reversed(there.values()):
        number, why = version(program)
        if not why and number != EVCXR and program != os.path.abspath(named):
            why = f"it is version {number}, and {EVCXR} is supported"
        if not why:
            break
        say(f"The Rust kernel {program} is passed over: {why}.")
    else:
        program, number = str(BUILT / "bin/evcxr_jupyter"), EVCXR
        if not os.access(program, os.X_OK) and not fetch_kernel(program):
            build_kernel()
        # A build that was cut off goes on from here; one that is done leaves nothing.
        shutil.rmtree(TOOLS / "evcxr-build", ignore_errors=True)
    say(f"The Rust kernel: {program}, version {number}.")
    return program


def fetch_kernel(program):
    """Has cargo-binstall fetch the program, where that is installed."""
    path = os.pathsep.join([*os.get_exec_path(), str(kernel.cargo_home() / "bin")])
    binstall = shutil.which("cargo-binstall", path=path)
    if not binstall:
        return False
    say(f"Fetching the Rust kernel, evcxr_jupyter {EVCXR}, with cargo binstall …")
    arguments = ["--no-confirm", "--disable-strategies", "quick-install,compile", "--root", BUILT]
    done = subprocess.run([binstall, f"evcxr_jupyter@{EVCXR}", *arguments], stdin=subprocess.DEVNULL)
    number, why = version(program) if done.returncode == 0 else ("", "cargo binstall says above why it fetched none")
    if number == EVCXR:
        return True
    shutil.rmtree(BUILT, ignore_errors=True)
    say(f"The Rust kernel has to be built: {why}.")
    return False


def build_kernel():
    say(f"Building the Rust kernel, evcxr_jupyter {EVCXR}: once, five to nine minutes on 2 cores. With `cargo binstall` it")
    say("is there in a minute: to have that, stop here with Ctrl-C, and see the first lines of the README.")
    settings = [f"--config=profile.release.package.{crate}.opt-level=0" for crate in NOT_OPTIMISED]
    where = ["--root", BUILT, "--target-dir", TOOLS / "evcxr-build"]
    cargo("the Rust kernel", "install", "evcxr_jupyter", "--version", EVCXR, "--locked", *where, *settings)


def write_spec(kernels, program):
    """Tells Jupyter about the kernel."""
    starter = [str(JUPYTER / "bin/python"), "-I", "-S", "-X", "utf8", str(NOTEBOOKS / "kernel.py"), str(kernels)]
    spec = {
        "argv": [*starter, program, "--control_file", "{connection_file}"],
        "display_name": "Rust",
        # A kernel of another version than the one that was here writes its own spec,
        # in the user's own folder or that of JUPYTER_PATH, where there is one.
        "env": {"JUPYTER_PATH": os.devnull},
        "interrupt_mode": "message",
        "language": "rust",
    }
    folder = JUPYTER / "share/jupyter/kernels/rust"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernel.json").write_text(json.dumps(spec, indent=1))


def copy_sources(copies, toolchain):
    """Copies what the analyzer needs of Rust's sources, under the toolchain's name,
    whole or not at all: it reads them in half the time. Where the analyzer wouldn't
    find all of it, as in a Rust that has moved a crate, it reads the whole."""
    if not toolchain.name or (copies / toolchain.name).is_dir():
        return
    copies.mkdir(parents=True, exist_ok=True)
    part = pathlib.Path(tempfile.mkdtemp(prefix=".part-", dir=copies))
    detect = ("std_detect", "stdarch/crates/std_detect")
    detect = next((name for name in detect if (toolchain.sources / name).is_dir()), detect[0])
    try:
        # Where the analyzer looks for these two. The second stays without its instructions.
        for crate, to in *((crate, crate) for crate in CRATES), (detect, "stdarch/crates/std_detect"):
            leave_out = shutil.ignore_patterns("tests", "benches", "examples", "Cargo.*")
            shutil.copytree(toolchain.sources / crate, part / to, ignore=leave_out)
        (part / "stdarch/crates/core_arch/src").mkdir(parents=True)
        (part / "stdarch/crates/core_arch/src/mod.rs").write_text("pub mod arch {}\n")
        part.chmod(0o755)
        part.rename(copies / toolchain.name)
    except OSError:
        say(f"Rust's sources can't be copied into {copies}, so the kernel will start slower.")
    # What other toolchains had, and what was cut off.
    for other in copies.iterdir():
        if other.name != toolchain.name:
            shutil.rmtree(other, ignore_errors=True)


def compile_library(kernels, toolchain):
    """Compiles the library as a kernel would, in a folder that the first one takes
    over. It only saves time later: where it fails, the notebook's first cell
    compiles, or says what is wrong."""
    if kernels.exists():
        return
    say("Compiling the library for the notebooks (once, about a minute) …")
    folder = kernels / "first"
    (folder / "src").mkdir(parents=True)
    rustc = os.environ.get("RUSTC") or str(toolchain.folder / "bin/rustc")
    flags = "-Cprefer-dynamic"
    if shutil.which("lld") and not shutil.which("mold"):
        flags += " -Clink-arg=-fuse-ld=lld"
    env = {"CARGO_BUILD_BUILD_DIR": "target", "CARGO_TARGET_DIR": "target", "RUSTC": rustc, "RUSTFLAGS": flags}
    done = False
    try:
        kernel.write_profile(kernels)
        (folder / "src/lib.rs").touch()
        manifest = f"{kernel.read(NOTEBOOKS / 'settings/cell.toml')}analysis-lib = {{ path = {kernel.quoted(kernel.LIBRARY)} }}\n"
        (folder / "Cargo.toml").write_text(manifest, encoding="utf-8")
        (folder / "made-with").write_text(kernel.made_with(kernels, toolchain), encoding="utf-8")
        # The analyzer also wants to see what other systems would compile.
        cargo("the library", "fetch", cwd=folder, env=env)
        host = re.search("^host: (.+)", output(rustc, "-vV"), re.M)[1]
        cargo("the library", "build", "--target", host, cwd=folder, env=env)
        done = True
    except (Failed, OSError, subprocess.SubprocessError) as error:
        say(error)
        say("The library was not compiled; the notebook's first cell will do it, or say what is wrong.")
    finally:
        if not done:
            shutil.rmtree(kernels, ignore_errors=True)


def set_up_jupyter():
    check_prerequisites()
    toolchain, home = kernel.toolchain(), TOOLS
    if re.search(r"\s", str(TOOLS)):
        # No kernel can load a cell from a folder with a space in its name.
        cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        name = hashlib.sha256(os.fsencode(TOOLS)).hexdigest()[:16]
        home = pathlib.Path(cache, "server-activity-analysis", f"tools-{name}")
    # Packages come over the network while the library is compiled.
    with concurrent.futures.ThreadPoolExecutor() as beside:
        packages = beside.submit(install, JUPYTER, NOTEBOOKS / "requirements.txt")
        copy_sources(home / "rust-sources", toolchain)
        compile_library(home / "kernels", toolchain)
        packages.result()
    write_spec(home / "kernels", find_kernel())


def alone():
    """Waits until no other make sets up the same. The lock ends with this process."""
    TOOLS.mkdir(parents=True, exist_ok=True)
    (TOOLS / "lock").touch()
    # Where files can't be locked, two at once are their user's to avoid.
    with contextlib.suppress(ImportError, OSError):
        if kernel.take(TOOLS / "lock") is None:
            say("Waiting for another make that sets up the same …")
            kernel.take(TOOLS / "lock", math.inf)


def main(step=""):
    has_mongokey, records = setting("MONGOKEY"), setting("DISCORD_GUILD_ID")
    # What is installed and compiled here has no business with secrets.
    for secret in ("MONGOKEY", "DISCORD_TOKEN", "DISCORD_WEBHOOK"):
        os.environ.pop(secret, None)
    if step == "check":
        check_prerequisites()
    elif step == "jupyter":
        alone()
        set_up_jupyter()
    elif step == "pull" and has_mongokey:
        say("Building the program that pulls from MongoDB (minutes the first time, nothing to do later) …")
        build("pull beside record" if records else "pull")
    elif step == "store":
        say("mongodb" if has_mongokey else "")
    elif step in ("names", "record", "history", "post"):
        check_compilers()
        build(f"{step} and pull" if step in ("record", "history") and has_mongokey else step)
    elif step != "pull":
        raise Failed("usage: setup.py check | jupyter | pull | names | record | history | store | post")


def run(main, *arguments):
    """Ends with a message, and not with Python's own, where something fails."""
    # As Ctrl-C does: what was begun is ended in order.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        main(*arguments)
    except KeyboardInterrupt:
        sys.exit(130)
    except (Failed, OSError, subprocess.SubprocessError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    run(main, *sys.argv[1:])
