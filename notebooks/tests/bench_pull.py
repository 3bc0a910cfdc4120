"""The part of `make bench` about the pull: beside the same batches moved raw,
and beside the original's.

Runs alternate, so that what slows the machine slows all; medians are shown.
"""

import json
import pathlib
import statistics
import subprocess
import sys
import threading
import time

import psutil
from conftest import PROJECT, environment

RUNS = 5
# It holds every document in memory twice: a hundred years would be 17 GB.
MOST_OF_THE_ORIGINAL = 1_000_000


def build():
    """The programs, and the folder that they are in."""
    cargo = ["cargo", "build", "--quiet", "--release", "--locked", "--package", "analysis-lib", "--package", "activity-mongodb"]
    programs = ["--bin", "pull", "--example", "pull", "--example", "raw_batches"]
    subprocess.run([*cargo, *programs], cwd=PROJECT, check=True)
    metadata = ["cargo", "metadata", "--locked", "--no-deps", "--format-version", "1"]
    found = subprocess.run(metadata, cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True)
    return pathlib.Path(json.loads(found.stdout)["target_directory"]) / "release"


def peak(process):
    """The most memory that a process has held, in MB, as the kernel keeps it."""
    try:
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return 0
    lines = [line.split() for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0][1]) / 1024 if lines else 0


def watch(command, settings):
    """Seconds that a command takes, and the most memory that it and what it
    starts have held, added up."""
    peaks = {}
    # Standard input stays open, as the program `pull` wants it.
    begin = time.perf_counter()
    started = subprocess.Popen(
        command, env=environment(**settings), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    ended = threading.Event()

    def look():
        top = psutil.Process(started.pid)
        while not ended.wait(0.003):
            try:
                for process in [top, *top.children(recursive=True)]:
                    peaks[process.pid] = max(peaks.get(process.pid, 0), peak(process))
            except psutil.Error:
                break

    looking = threading.Thread(target=look)
    looking.start()
    code = started.wait()
    seconds = time.perf_counter() - begin
    ended.set()
    looking.join()
    started.stdin.close()
    assert code == 0, f"{command} failed"
    return seconds, sum(peaks.values())


def original(database, address):
    command = [sys.executable, pathlib.Path(__file__).with_name("original.py"), database, address, "--pull-only"]
    done = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)
    return done["seconds"]["pull"], done["peak MB"]


def report(address, databases, folder):
    """Prints a row for each of these databases, by their number of windows."""
    programs = build()
    print("\nThe pull, in seconds and MB (program and notebook's process together):\n")
    print("| windows | raw batches | the program | from the notebook's process | refreshed | the original"
          " | program / raw | notebook / program | the original / ours | memory | the original's |")
    print("|---" * 11 + "|")
    for count, database in databases.items():
        snapshot = folder / f"snapshot-{count}"
        settings = {"MONGOKEY": f"{address}/{database}", "ACTIVITY_SNAPSHOT": "off"}
        kept = settings | {"ACTIVITY_SNAPSHOT": str(snapshot)}
        sides = {
            "raw": lambda: watch([programs / "examples/raw_batches", address, database], settings),
            "program": lambda: watch([programs / "pull"], settings),
            "notebook": lambda: watch([programs / "examples/pull"], settings),
            "refreshed": lambda: watch([programs / "examples/pull"], kept),
            "original": lambda: original(database, address),
        }
        # The first refreshed one pulls everything, and isn't counted.
        watch([programs / "examples/pull"], kept)
        if count > MOST_OF_THE_ORIGINAL:
            del sides["original"]
        runs = {name: [] for name in sides}
        for number in range(RUNS):
            for name, side in sides.items():
                # The original takes half a minute for ten years: once is enough.
                if name != "original" or number == 0 or count < 100_000:
                    runs[name].append(side())
        seconds = {name: statistics.median(run[0] for run in done) for name, done in runs.items()}
        memory = {name: statistics.median(run[1] for run in done) for name, done in runs.items()}
        cells = [f"{count:,}", *(f"{seconds[name]:.3f}" for name in sides)]
        ratios = [f"{seconds['program'] / seconds['raw']:.2f}", f"{seconds['notebook'] / seconds['program']:.2f}"]
        if "original" in sides:
            cells += [*ratios, f"{seconds['original'] / seconds['notebook']:.1f}"]
            cells += [f"{memory['notebook']:.0f}", f"{memory['original']:.0f}"]
        else:
            cells += ["not run", *ratios, "", f"{memory['notebook']:.0f}", ""]
        print(f"| {' | '.join(cells)} |", flush=True)
