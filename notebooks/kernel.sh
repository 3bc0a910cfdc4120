#!/bin/sh
# kernel.sh FOLDER COMMAND…: starts the Rust kernel so that little is left to do
# when the first cell runs. By itself a kernel compiles the library anew, in a
# folder of its own, and reads the library, all that it depends on and all of
# Rust's own sources before the first cells. This script
# - lets a kernel take over the folder of one that has ended; of several kernels
#   at once each has a folder of its own, a copy;
# - lets the kernel read the library while it starts, which is while the page opens;
# - has it read a smaller copy of Rust's sources, which `setup.sh sources` makes.
# Where one of these can't be done, the kernel starts all the same, and a line on
# standard error says why it is slower.
set -eu
kernels=$1
shift

slower() { echo "The Rust kernel starts slower than it could: $1." >&2; }

if [ "$(uname)" != Linux ]; then
    slower "what it compiled can be kept on Linux only"
elif [ "${kernels#* }" != "$kernels" ]; then
    slower "no kernel can load a cell from a folder with a space in its name ($kernels)"
elif ! command -v flock >/dev/null; then
    slower "flock is missing, which tells the folders of running kernels from others"
elif ! mkdir -p "$kernels" 2>/dev/null || [ ! -w "$kernels" ]; then
    slower "$kernels can't be written"
else
    kept=yes
fi
[ -n "${kept:-}" ] || exec "$@"

crate=$(CDPATH='' cd -- "$(dirname -- "$0")/../analysis-lib" && pwd -P)
# A cell finds Rust's own library by a path that is off by one folder, which
# shows only where both lie below a folder that isn't the root.
library=$("${RUSTC:-rustc}" --print target-libdir)
toolchain=${library%/lib/rustlib/*}
# The name of the library's file tells one build of the toolchain from another.
for std in "$library"/libstd-*.so; do :; done
small=${kernels%/*}/rust-sources/$(basename "$std" .so)

# Cargo reads this for all kernels. A cell is compiled in parts, and optimised over
# the parts' borders that takes a quarter of its time; the crates are optimised as
# a whole, each in one part. (Ours in four parts is compiled in 40 s instead of 60,
# but cells rather took longer.) Its loops are optimised further than a cell. Sums
# that overflow are errors in all of it.
profile='[profile.dev]
lto = "off"

[profile.dev.package."*"]
codegen-units = 1
debug-assertions = false

[profile.dev.package.activity-data]
opt-level = 3

[profile.dev.package.analysis-lib]
opt-level = 3'
if [ "$(cat "$kernels/.cargo/config.toml" 2>/dev/null)" != "$profile" ]; then
    mkdir -p "$kernels/.cargo"
    echo "$profile" >"$kernels/.cargo/$$"
    mv "$kernels/.cargo/$$" "$kernels/.cargo/config.toml"
fi

# What decides, besides the sources, whether Cargo compiles the crates again: the
# toolchain, and profiles and patches in the settings of Cargo that a kernel's
# folder is subject to.
made_with() {
    echo "$std"
    env | grep -E '^CARGO_(BUILD|PROFILE|TARGET|UNSTABLE)_' | grep -v '^CARGO_TARGET_DIR=' | sort
    above=$kernels
    while [ -n "$above" ]; do
        cat "$above/.cargo/config.toml" "$above/.cargo/config" 2>/dev/null || true
        above=${above%/*}
    done
    cat "${CARGO_HOME:-$HOME/.cargo}/config.toml" "${CARGO_HOME:-$HOME/.cargo}/config" 2>/dev/null || true
}

# compiled FOLDER: whether a kernel there has compiled the crate as it is now.
compiled() {
    crate_file=$(ls -t "$1"/target/*/debug/deps/libanalysis_lib-*.rlib 2>/dev/null | head -n 1)
    [ -n "$crate_file" ] && [ "$(cat "$1/made-with" 2>/dev/null)" = "$with" ] || return
    # A folder is newer than the compiled crate also when a file in it has gone.
    changed=$(find "$crate/src" "$crate/Cargo.toml" "$crate/data/src" "$crate/data/Cargo.toml" \
        "$crate/../Cargo.toml" "$crate/../Cargo.lock" -newer "$crate_file" 2>/dev/null | head -n 1)
    [ -z "$changed" ]
}

# resolved FOLDER: whether the kernel there has named the crate, and everything
# that it depends on lies on the disk. Cargo removes from its home what it hasn't
# used for months.
resolved() {
    grep -qsF "path = \"$crate\"" "$1/Cargo.toml" && [ -s "$1/Cargo.lock" ] || return
    for package in $(sed -n '/^name = /{N;N;s/^name = "\(.*\)"\nversion = "\(.*\)"\nsource = "registry.*/\1-\2/p;}' "$1/Cargo.lock"); do
        for source in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/"$package"; do :; done
        [ -d "$source" ] || return
    done
}

# take FOLDER [SECONDS]: makes it this kernel's, unless another kernel has it. The
# lock is on the folder itself, held by all that the kernel starts, and ends with
# the last of them: whoever's kernel it is, and in whichever container it runs.
take() {
    command exec 9<"$1" || return
    # It may have been removed between the two.
    if flock -w "${2:-0}" 9 && [ -d "$1" ]; then return; fi
    exec 9<&-
    return 1
} 2>/dev/null

# The newest first. Of those that have ended one more stays: for a second notebook,
# whose kernel may start at this moment.
with=$(made_with)
mine=
spare=
running=
for id in $(ls -t "$kernels"); do
    folder=$kernels/$id
    # Of a kernel that was killed a moment ago, as for a restart, the cells' process
    # is about to see its end.
    if [ -z "$mine" ] && take "$folder" 0.5; then
        mine=$folder
    elif ! (take "$folder"); then
        running=${running:-$folder}
    elif [ -z "$spare" ]; then
        spare=$folder
    else
        (take "$folder" && rm -rf "$folder") || true
    fi
done
if [ -z "$mine" ]; then
    # Beside the others until it is whole: a copy may be cut off.
    find "$kernels" -maxdepth 1 -name '.part-*' -mmin +10 -exec rm -rf {} +
    part=$(mktemp -d "$kernels/.part-XXXXXX")
    take "$part"
    # Only where nothing is being compiled: of a crate half written Cargo could
    # think that it is whole.
    if [ -n "$running" ] && compiled "$running" && ! cp -a "$running/." "$part" 2>/dev/null; then
        slower "what another kernel has compiled can't be copied; is the disk full?"
        find "$part" -mindepth 1 -delete
    fi
    mine=$kernels/${part##*/.part-}
    mv "$part" "$mine"
fi
mkdir -p "$mine/settings" "$mine/none/core"
# What the last kernel compiled of its cells: it may have been in the middle.
rm -rf "$mine"/target/*/debug/incremental/ctx-* "$mine"/target/*/debug/.fingerprint/ctx-* \
    "$mine"/target/*/debug/libcode_* "$mine"/target/*/debug/deps/libcode_*

# The analyzer reads the sources of Rust behind this link.
rust=$mine/rust
if [ -n "${RUST_SRC_PATH:-}" ]; then
    small=
elif [ -d "$small/core" ]; then
    ln -sfn "$small" "$rust"
    export RUST_SRC_PATH="$rust"
else
    small=
    slower "it reads all of Rust's sources; make setup makes a smaller copy of them for $toolchain"
fi

# The kernel runs these lines before it answers. If one fails it dies without a
# word, where a cell would say what is wrong: so not after a start that didn't
# come to its end, and only where nothing is left to compile. A crate that is not
# as it was is removed: Cargo doesn't compile for each change that counts here.
start=$mine/settings/init.evcxr
unfinished=$mine/settings/unfinished
if [ -e "$unfinished" ]; then
    rm -f "$unfinished"
elif compiled "$mine" && resolved "$mine"; then
    touch "$unfinished"
    own=${EVCXR_CONFIG_DIR:-${XDG_CONFIG_HOME:-$HOME/.config}/evcxr}
    {
        # The kernel has run a cell of its own by now, which needs no sources:
        # read before it knows the crate, they would be read twice.
        if [ -n "$small" ]; then
            ln -sfn "$mine/none" "$rust"
            echo "!ln -sfn '$small' '$rust'"
        fi
        # Versions stay as the last kernel had them: with a network, what was
        # released since would be compiled.
        echo ":offline 1"
        echo ":dep analysis-lib = { path = \"$crate\" }"
        grep -qs '^ *offline_mode *= *true' evcxr.toml || echo ":offline 0"
        # A variable makes the analyzer read all that it needs for one; it isn't kept.
        echo 'let settings = std::env::var("EVCXR_CONFIG_DIR").unwrap_or_default();'
        echo 'let _ = std::fs::remove_file(settings + "/unfinished");'
        cat "$own/init.evcxr" 2>/dev/null || true
    } >"$start"
    export EVCXR_CONFIG_DIR="$mine/settings"
else
    rm -f "$mine"/target/*/debug/deps/libanalysis_lib-* "$mine"/target/*/debug/deps/libactivity_data-*
    echo "$with" >"$mine/made-with"
fi
# Pages of 2 MB, of which the analyzer fills few, would cost 70 MB.
export MIMALLOC_ALLOW_THP=0
# rustup's stand-ins for rustc take longer than rustc to answer.
[ ! -x "$toolchain/bin/rustc" ] || export RUSTC="${RUSTC:-$toolchain/bin/rustc}"
EVCXR_TMPDIR=$mine LD_LIBRARY_PATH=$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} exec "$@"
