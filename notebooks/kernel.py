"""Starts the Rust kernel so that little is left to do when the first cell runs.

    kernel.py FOLDER COMMAND…

By itself a kernel compiles the library anew, in a folder of its own, and reads the
library, all that it depends on and all of Rust's own sources before the first
cells. Started by this script,

- a kernel takes over the folder, below FOLDER, of one that has ended; of several
  kernels at once each has a folder of its own, a copy;
- the kernel reads the library while it starts, which is while the page opens;
- it reads a smaller copy of Rust's sources, which `setup.py jupyter` makes.

Where one of these can't be done, the kernel starts all the same, and a line on
standard error says why it is slower. Only Python's standard library is used here.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import types

LIBRARY = pathlib.Path(__file__).resolve().parent.parent / "analysis-lib"
# Folders of the library's that cells don't reach.
NOT_FOR_CELLS = {"benches", "examples", "programs", "target", "tests"}
# On a Mac it is the one that programs may set for those that they start.
LIBRARY_PATH = "DYLD_FALLBACK_LIBRARY_PATH" if sys.platform == "darwin" else "LD_LIBRARY_PATH"


def slower(why):
    print(f"The Rust kernel starts slower than it could: {why}.", file=sys.stderr, flush=True)


def read(path):
    """A file's text; nothing where there is none to read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def modified(path):
    """When it was written, in nanoseconds; 0 where it is gone."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def quoted(path):
    """A path as a string in TOML, which has the same escapes as JSON."""
    return json.dumps(str(path), ensure_ascii=False)


def cargo_home():
    return pathlib.Path(os.environ.get("CARGO_HOME") or os.path.expanduser("~/.cargo"))


def toolchain():
    """The Rust that is used here: its folder, its own library, the sources of that,
    and a name that tells one build of it from another, which is that of the
    library's file (or files, in a folder that an older one was left in)."""
    command = [os.environ.get("RUSTC") or "rustc", "--print", "sysroot", "--print", "target-libdir"]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    folder, library = map(pathlib.Path, said.splitlines())
    name = "+".join(sorted(file.stem for file in library.glob("libstd-*") if file.suffix in (".so", ".dylib")))
    return types.SimpleNamespace(folder=folder, library=library, sources=folder / "lib/rustlib/src/rust/library", name=name)


def packages():
    """The folders of the packages that cells reach, the library's first."""
    for folder, inside, files in os.walk(LIBRARY):
        inside[:] = sorted(set(inside) - NOT_FOR_CELLS - {"src"})
        if "Cargo.toml" in files:
            yield pathlib.Path(folder)


def names():
    """Those packages' names."""
    return [re.search(r'^name *= *"(.+)"', read(package / "Cargo.toml"), re.M)[1] for package in packages()]


def sources():
    """What decides about the compiled library, besides `made_with`. A folder is
    written also when a file in it goes."""
    yield from (LIBRARY.parent / "Cargo.toml", LIBRARY.parent / "Cargo.lock")
    for package in packages():
        yield from (package / "Cargo.toml", package / "build.rs", package / "src", *(package / "src").rglob("*"))


def write_profile(kernels):
    """Writes what Cargo reads for all kernels, if it isn't there. The project's own
    packages are optimised for loops, further than a cell."""
    profile = read(LIBRARY.parent / "notebooks/settings/cargo.toml")
    for name in names():
        profile += f"\n[profile.dev.package.{name}]\nopt-level = 3\n"
    file = kernels / ".cargo/config.toml"
    if read(file) != profile:
        file.parent.mkdir(exist_ok=True)
        part = file.with_name(str(os.getpid()))
        part.write_text(profile, encoding="utf-8")
        part.replace(file)


def made_with(kernels, toolchain):
    """What decides, besides the sources, whether Cargo compiles the crates again: the
    toolchain, and profiles and patches in the settings that a kernel is subject to."""
    names = re.compile("CARGO_(BUILD|PROFILE|TARGET|UNSTABLE)_")
    variables = {name: value for name, value in os.environ.items() if names.match(name) and name != "CARGO_TARGET_DIR"}
    folders = [*(folder / ".cargo" for folder in (kernels, *kernels.parents)), cargo_home()]
    settings = [read(folder / name) for folder in folders for name in ("config.toml", "config")]
    return "\n".join([toolchain.name, *(f"{name}={variables[name]}" for name in sorted(variables)), *settings])


def is_compiled(folder, made_with):
    """Whether a kernel in this folder has compiled the library as it is now."""
    compiled = max(map(modified, folder.glob("target/*/debug/deps/libanalysis_lib-*.rlib")), default=0)
    return read(folder / "made-with") == made_with and compiled >= max(map(modified, sources()))


def is_resolved(folder):
    """Whether the kernel in this folder has named the library, and everything that it
    depends on lies on the disk: Cargo removes from its home what it hasn't used for
    months."""
    if f"path = {quoted(LIBRARY)}" not in read(folder / "Cargo.toml"):
        return False
    listed = read(folder / "Cargo.lock").split("[[package]]")[1:]
    listed = [dict(re.findall(r'^(\w+) *= *"(.*)"$', package, re.M)) for package in listed]
    there = {source.name for source in cargo_home().glob("registry/src/*/*")}
    return "analysis-lib" in {package.get("name") for package in listed} and all(
        "source" not in package  # It is a folder, as the library is.
        or package["source"].startswith(("registry+", "sparse+"))
        and f"{package.get('name')}-{package.get('version')}" in there
        for package in listed
    )


def take(path, seconds=0):
    """Locks a file or folder, and gives the open file that holds the lock; None where
    another process has it all these seconds. A lock ends with the last process that
    has the file open, in whichever container and for whichever user it runs."""
    import fcntl  # Not on Windows.

    try:
        lock = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # It may have been removed between the two.
            if os.path.exists(path):
                return lock
        except BlockingIOError:
            if time.monotonic() < end:
                time.sleep(0.02)
                continue
        os.close(lock)
        return None


def new_folder(kernels, running, made_with):
    """A new folder, as a copy of a running kernel's, and its lock."""
    # Beside the others until it is whole: a copy may be cut off.
    for old in kernels.glob(".part-*"):
        if time.time_ns() - modified(old) > 600e9:
            shutil.rmtree(old, ignore_errors=True)
    part = pathlib.Path(tempfile.mkdtemp(prefix=".part-", dir=kernels))
    lock = take(part)
    # Only where nothing is being compiled: of a crate half written Cargo could think
    # that it is whole.
    if running and is_compiled(running, made_with):
        try:
            shutil.copytree(running, part, symlinks=True, dirs_exist_ok=True)
        except OSError:
            slower("what another kernel has compiled can't be copied; is the disk full?")
            for path in part.iterdir():
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    folder = kernels / part.name.removeprefix(".part-")
    part.rename(folder)
    return folder, lock


def own_folder(kernels, made_with):
    """A folder that is this kernel's alone, and its lock. Of those whose kernels have
    ended one more stays: for a second notebook, whose kernel may start at this
    moment."""
    own = spare = running = None
    for folder in sorted(filter(os.path.isdir, kernels.glob("[!.]*")), key=modified, reverse=True):
        # Of a kernel that was killed a moment ago, as for a restart, the cells'
        # process is about to see its end.
        lock = take(folder, 0 if own else 0.5)
        if lock is None:
            running = running or folder
        elif not own:
            own = folder, lock
        else:
            if spare:
                shutil.rmtree(folder, ignore_errors=True)
            spare = folder
            os.close(lock)
    return own or new_folder(kernels, running, made_with)


def link(link, target):
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def first_lines(folder, small):
    """What the kernel runs before it answers: it reads the library."""
    if small:
        # The kernel has run a cell of its own by then, which needs no sources: read
        # before it knows the library, they would be read twice.
        link(folder / "rust", folder / "none")
        yield '!ln -sfn "$SMALL_RUST_SRC_PATH" "$RUST_SRC_PATH"'
    # Versions stay as the last kernel had them: with a network, what was released
    # since would be compiled.
    yield ":offline 1"
    yield f":dep analysis-lib = {{ path = {quoted(LIBRARY)} }}"
    if not re.search(r"^ *offline_mode *= *true", read(pathlib.Path("evcxr.toml")), re.M):
        yield ":offline 0"
    # A variable makes the analyzer read all that it needs for one; it isn't kept.
    yield 'let settings = std::env::var("EVCXR_CONFIG_DIR").unwrap_or_default();'
    yield 'let _ = std::fs::remove_file(settings + "/unfinished");'
    place = "~/Library/Application Support" if sys.platform == "darwin" else "~/.config"
    place = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser(place)
    yield read(pathlib.Path(os.environ.get("EVCXR_CONFIG_DIR") or f"{place}/evcxr") / "init.evcxr")


def prepare(kernels):
    """Makes a folder ready for the kernel; gives what its environment gets, and the
    folder's lock."""
    if re.search(r"\s", str(kernels)):
        raise OSError(f"no kernel can load a cell from a folder with a space in its name ({kernels})")
    kernels.mkdir(parents=True, exist_ok=True)
    rust = toolchain()
    write_profile(kernels)
    with_ = made_with(kernels, rust)
    folder, lock = own_folder(kernels, with_)
    settings, unfinished = folder / "settings", folder / "settings/unfinished"
    settings.mkdir(exist_ok=True)
    (folder / "none/core").mkdir(parents=True, exist_ok=True)
    # What the last kernel compiled of its cells: it may have been in the middle.
    for name in ("incremental/ctx-*", ".fingerprint/ctx-*", "libcode_*", "deps/libcode_*"):
        for path in folder.glob(f"target/*/debug/{name}"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    # Pages of 2 MB, of which the analyzer fills few, would cost 70 MB.
    environment = {"EVCXR_TMPDIR": str(folder), "MIMALLOC_ALLOW_THP": "0"}
    # A cell finds Rust's own library by a path that is off by one folder, which shows
    # only where both lie below a folder that isn't the root.
    others = os.environ.get(LIBRARY_PATH) or ("/usr/local/lib:/usr/lib" if sys.platform == "darwin" else "")
    environment[LIBRARY_PATH] = ":".join(filter(None, [str(rust.library), others]))
    # rustup's stand-ins for rustc take longer than rustc to answer.
    if not os.environ.get("RUSTC") and os.access(rust.folder / "bin/rustc", os.X_OK):
        environment["RUSTC"] = str(rust.folder / "bin/rustc")

    # The analyzer reads the sources of Rust behind this link.
    small = kernels.parent / "rust-sources" / rust.name
    if os.environ.get("RUST_SRC_PATH"):
        small = None
    elif (small / "core").is_dir():
        link(folder / "rust", small)
        environment |= {"RUST_SRC_PATH": str(folder / "rust"), "SMALL_RUST_SRC_PATH": str(small)}
    else:
        small = None
        slower(f"it reads all of Rust's sources; make setup makes a smaller copy of them for {rust.folder}")

    # If one of the first lines fails, the kernel dies without a word, where a cell
    # would say what is wrong: so not after a start that didn't come to its end, and
    # only where nothing is left to compile. A crate that is not as it was is removed:
    # Cargo doesn't compile for each change that counts here.
    if unfinished.exists():
        unfinished.unlink()
    elif is_compiled(folder, with_) and is_resolved(folder):
        unfinished.touch()
        (settings / "init.evcxr").write_text("\n".join(first_lines(folder, small)), encoding="utf-8")
        environment["EVCXR_CONFIG_DIR"] = str(settings)
    else:
        for name in names():
            for crate in folder.glob(f"target/*/debug/deps/lib{name.replace('-', '_')}-*"):
                crate.unlink()
        (folder / "made-with").write_text(with_, encoding="utf-8")
    return environment, lock


def main(kernels, *command):
    environment = {}
    try:
        environment, lock = prepare(pathlib.Path(kernels))
        # The kernel and all that it starts hold the lock.
        os.set_inheritable(lock, True)
    except Exception as error:  # Whatever it is: a slow kernel is better than none.
        slower(" ".join(str(error).split()) or type(error).__name__)
    os.execvpe(command[0], command, os.environ | environment)


if __name__ == "__main__":
    main(*sys.argv[1:])
