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
# Elsewhere the library below isn't found so. And no kernel can load a cell from
# a folder with a space in its name.
if [ "$(uname)" != Linux ] || [ "${kernels#* }" != "$kernels" ]; then
    exec "$@"
fi
crate=$(CDPATH='' cd -- "$(dirname -- "$0")/../analysis-lib" && pwd)
# A folder's name is its kernel's process, which this one becomes.
mine=$kernels/$$
mkdir -p "$kernels"
newest=
# The newest first: the others of those that have ended are removed.
for id in $(ls -t "$kernels"); do
    folder=$kernels/$id
    if kill -0 "$id" 2>/dev/null && [ "$id" != $$ ]; then
        newest=${newest:-$folder}
        continue
    fi
    # Of two kernels that start at once, one gets it: renaming is one step.
    if [ ! -d "$mine" ]; then
        mv "$folder" "$mine" 2>/dev/null || true
    elif [ "$folder" != "$mine" ]; then
        rm -rf "$folder"
    fi
done
if [ ! -d "$mine" ] && [ -n "$newest" ]; then
    cp -a "$newest" "$mine" 2>/dev/null || rm -rf "$mine"
fi
mkdir -p "$mine/settings"
# The cells' own, of which that kernel may be compiling one.
rm -rf "$mine"/target/*/debug/incremental/ctx-* "$mine"/target/*/debug/.fingerprint/ctx-* \
    "$mine"/target/*/debug/libcode_* "$mine"/target/*/debug/deps/libcode_*
# A cell finds Rust's own library by a path that is off by one folder, which
# shows only where both lie below a folder that isn't the root.
library=$(rustc --print target-libdir)

# Whether the crate can be read at the start: a kernel whose start fails dies
# without a word, where a cell says what is wrong. So nothing may be left to
# compile, and all that the crate depends on must be there without a network.
compiled() {
    grep -qsF "path = \"$crate\"" "$mine/Cargo.toml" || return
    compiled=$(ls -t "$mine"/target/*/debug/deps/libanalysis_lib-*.rlib 2>/dev/null | head -n 1)
    [ -n "$compiled" ] || return
    changed=$(find "$crate/src" "$library" -type f -newer "$compiled" | head -n 1)
    [ -z "$changed" ] || return
    cargo metadata --offline --locked --format-version 1 --manifest-path "$mine/Cargo.toml" >/dev/null 2>&1
}

# The kernel runs these lines before it answers. Without a network, as versions
# that were released since would be compiled; cells may have one again. A variable
# makes the analyzer read all that it needs for one, and isn't kept.
start=$mine/settings/init.evcxr
rm -f "$start"
if compiled; then
    cat >"$start" <<EOF
:offline 1
:dep analysis-lib = { path = "$crate" }
:offline 0
use analysis_lib::*;
let read = String::from_utf8(Vec::new())?; drop(read);
EOF
fi
EVCXR_TMPDIR=$mine EVCXR_CONFIG_DIR=$mine/settings \
    LD_LIBRARY_PATH=$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} exec "$@"
