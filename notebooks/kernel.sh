#!/bin/sh
# kernel.sh FOLDER COMMAND…: starts the Rust kernel so that little is left to do
# when the first cell runs. A kernel by itself compiles the helper crate anew, in
# a folder of its own, and reads it and all that it depends on at the first cells.
# Here its folder stays when it has ended, and the next kernel takes it over; of
# several kernels at once each has its own, a copy. And what the last one compiled
# is read while the kernel starts, which is while the page opens.
set -eu
kernels=$1
shift
# Elsewhere Rust's library (below) isn't found so. And no kernel can load a cell
# from a folder with a space in its name.
if [ "$(uname)" != Linux ] || [ "${kernels#* }" != "$kernels" ]; then
    exec "$@"
fi
crate=$(CDPATH='' cd -- "$(dirname -- "$0")/../analysis-lib" && pwd -P)
# A cell finds Rust's own library by a path that is off by one folder, which
# shows only where both lie below a folder that isn't the root.
library=$(rustc --print target-libdir)

# compiled FOLDER: whether a kernel there has compiled the crate as it is now.
compiled() {
    crate_file=$(ls -t "$1"/target/*/debug/deps/libanalysis_lib-*.rlib 2>/dev/null | head -n 1)
    [ -n "$crate_file" ] || return
    # A folder is newer when a file in it has gone.
    changed=$(find "$crate/src" "$crate/Cargo.toml" "$crate/../Cargo.toml" "$crate/../Cargo.lock" "$library" \
        -newer "$crate_file" | head -n 1)
    [ -z "$changed" ]
}

# resolved FOLDER: whether Cargo finds all that it depends on without a network.
resolved() {
    grep -qsF "path = \"$crate\"" "$1/Cargo.toml" || return
    cargo metadata --offline --locked --format-version 1 --manifest-path "$1/Cargo.toml" >/dev/null 2>&1
}

# A folder's name is its kernel's process, which this one becomes.
mine=$kernels/$$
mkdir -p "$kernels"
running=
ended=0
# The newest first. Of those that have ended one more stays: for a second notebook,
# whose kernel may start at this moment.
for id in $(ls -t "$kernels"); do
    folder=$kernels/$id
    if kill -0 "$id" 2>/dev/null && [ "$id" != $$ ]; then
        running=${running:-$folder}
        continue
    fi
    # Of two kernels that start at once, one gets it: renaming is one step.
    ended=$((ended + 1))
    if [ ! -d "$mine" ]; then
        mv "$folder" "$mine" 2>/dev/null || true
    elif [ "$ended" -gt 2 ]; then
        mv "$folder" "$kernels/.$$" 2>/dev/null && rm -rf "$kernels/.$$"
    fi
done
# Only where nothing is being compiled: of a crate half written Cargo could think
# that it is whole.
if [ ! -d "$mine" ] && [ -n "$running" ] && compiled "$running"; then
    cp -a "$running" "$mine" 2>/dev/null || rm -rf "$mine"
fi
mkdir -p "$mine/settings"
# The cells' own, of which that kernel may be compiling one.
rm -rf "$mine"/target/*/debug/incremental/ctx-* "$mine"/target/*/debug/.fingerprint/ctx-* \
    "$mine"/target/*/debug/libcode_* "$mine"/target/*/debug/deps/libcode_*

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
    # Versions stay as the last kernel had them: with a network, what was released
    # since would be compiled. And a variable makes the analyzer read all that it
    # needs for one; it isn't kept.
    {
        echo ":offline 1"
        echo ":dep analysis-lib = { path = \"$crate\" }"
        grep -qs '^ *offline_mode *= *true' evcxr.toml || echo ":offline 0"
        echo 'let settings = std::env::var("EVCXR_CONFIG_DIR")?;'
        echo 'std::fs::remove_file(settings.clone() + "/unfinished")?;'
        echo 'drop(settings);'
        cat "$own/init.evcxr" 2>/dev/null || true
    } >"$start"
    export EVCXR_CONFIG_DIR="$mine/settings"
else
    rm -f "$mine"/target/*/debug/deps/libanalysis_lib-*
fi
EVCXR_TMPDIR=$mine LD_LIBRARY_PATH=$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} exec "$@"
