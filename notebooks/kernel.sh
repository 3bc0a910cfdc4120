#!/bin/sh
# kernel.sh FOLDER COMMAND…: starts the Rust kernel so that it finds compiled what
# the last one compiled. A kernel compiles the helper crate anew, in a folder of
# its own, which takes longer than all else until the first figure. So the folder
# stays when its kernel has ended, and the next kernel takes it over; of several
# kernels at once each has its own.
set -eu
kernels=$1
shift
# Elsewhere the library below isn't found so.
[ "$(uname)" = Linux ] || exec "$@"
# A folder's name is its kernel's process, which this one becomes.
mine=$kernels/$$
mkdir -p "$kernels"
# The newest first: the others of those that have ended are removed.
for id in $(ls -t "$kernels"); do
    folder=$kernels/$id
    if kill -0 "$id" 2>/dev/null && [ "$id" != $$ ]; then
        continue
    fi
    # Of two kernels that start at once, one gets it: renaming is one step.
    if [ ! -d "$mine" ]; then
        mv "$folder" "$mine" 2>/dev/null || true
    elif [ "$folder" != "$mine" ]; then
        rm -rf "$folder"
    fi
done
mkdir -p "$mine"
# A cell finds Rust's own library by a path that is off by one folder, which
# shows only where both lie below a folder that isn't the root.
library=$(rustc --print target-libdir)
EVCXR_TMPDIR=$mine LD_LIBRARY_PATH=$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} exec "$@"
