"""What `make bench` prints: the study beside the original's Python, in one run.

The floor is the same cells on an empty crate: what the kernel costs whatever the
library does. It is taken in a kernel that is started in the same way, which reads
the crate before it is ready, and, plain, in a kernel by itself, which reads it in
the cells. Times are medians over a few kernels, in seconds. It takes half an hour:
the original's spline on a year alone takes three minutes.
"""

import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import bench_crates
import bench_pull
import psutil
import pymongo
from conftest import NOTEBOOKS, STUDY, Kernel, documents, environment, start_mongodb, write_kernel_spec

CELLS = ["".join(c["source"]) for c in json.loads(STUDY.read_text())["cells"] if c["cell_type"] == "code"]
DEPENDENCY, PULL, *REST = CELLS
FIRST_FIGURE = REST[0]
RUNS = 3
HALF_A_DAY, YEAR, TEN_YEARS, CENTURY = 78, 52_560, 525_600, 5_256_000

# The study's calls, with nothing behind them.
EMPTY = """
#[derive(Clone, Debug)]
pub struct Error;
impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "error") }
}
impl std::error::Error for Error {}
pub type Result<T> = std::result::Result<T, Error>;
#[derive(Clone, Debug)]
pub struct Activity;
impl Activity { pub fn last_hours(&self, _hours: u32) -> Self { Self } }
pub fn pull() -> Result<Activity> { Ok(Activity) }
#[derive(Clone, Debug)]
pub struct Names;
impl Names { pub fn load(_activity: &Activity) -> Result<Self> { Ok(Self) } }
#[derive(Clone, Debug)]
pub struct Figure;
impl Figure { pub fn evcxr_display(&self) { println!("EVCXR_BEGIN_CONTENT text/html\\n<p></p>\\nEVCXR_END_CONTENT"); } }
pub mod aggregate {
    #[derive(Clone, Debug)]
    pub struct Smoothed;
    pub fn smoothed(_activity: &crate::Activity) -> crate::Result<Smoothed> { Ok(Smoothed) }
}
pub mod plot {
    use crate::{Activity, Figure, Names, aggregate::Smoothed};
    pub fn online_members(_activity: &Activity) -> Figure { Figure }
    pub fn message_volume(_activity: &Activity) -> Figure { Figure }
    pub fn cumulative_messages(_activity: &Activity) -> Figure { Figure }
    pub fn smoothed_cumulative(_fit: &Smoothed) -> Figure { Figure }
    pub fn message_rate(_fit: &Smoothed) -> Figure { Figure }
    pub fn messages_by_member(_activity: &Activity, _names: &Names) -> Figure { Figure }
}
"""


def floor_kernel(folder):
    """An empty crate, for two kernels: "floor", which reads it at its start as
    ours reads the library, and "plain", which is the kernel by itself."""
    project = folder / "floor"
    (project / "notebooks").mkdir(parents=True)
    shutil.copy2(NOTEBOOKS / "kernel.sh", project / "notebooks")
    crate = project / "analysis-lib"
    (crate / "src").mkdir(parents=True)
    (crate / "src/lib.rs").write_text(EMPTY)
    (crate / "Cargo.toml").write_text('[package]\nname = "analysis-lib"\nversion = "0.1.0"\nedition = "2024"\n')
    (project / "Cargo.toml").write_text('[workspace]\nmembers = ["analysis-lib"]\nresolver = "3"\n')
    subprocess.run(["cargo", "generate-lockfile", "--quiet"], cwd=project, check=True)
    write_kernel_spec(folder, "floor", project / "notebooks/kernel.sh", folder / "kernels-of-the-floor")
    write_kernel_spec(folder, "plain")
    os.environ["JUPYTER_PATH"] += f"{os.pathsep}{folder}"
    return crate


def study(cells, settings, name="rust"):
    """A new kernel that runs these cells: seconds until it is ready, seconds
    of each cell, of a changed figure (median of five), and its memory."""
    begin = time.perf_counter()
    kernel = Kernel(settings, name=name)
    ready = time.perf_counter() - begin
    try:
        seconds = [kernel.time(code) for code in cells]
        memory = sum(
            process.memory_info().rss
            for process in [psutil.Process(kernel.manager.provisioner.process.pid)]
            + psutil.Process(kernel.manager.provisioner.process.pid).children(recursive=True)
        )
        changed = [kernel.time(f"{FIRST_FIGURE} // {number}") for number in range(5)]
        return ready, seconds, statistics.median(changed), memory / 2**20
    finally:
        kernel.close()


def original(database, address, *options):
    command = [sys.executable, pathlib.Path(__file__).with_name("original.py"), database, address, *options]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)


def fill(client, name, count):
    client[name]["activitydata"].insert_many(documents(count, members=60 if count < 1000 else 400))


def repeat(client, source, name, times):
    """Fills a collection with copies of another, one after the other in time."""
    from_, to = client[source]["activitydata"], {"db": name, "coll": "activitydata"}
    count = from_.count_documents({})
    for number in range(times):
        shifted = {"_id": 0, "time": {"$add": ["$time", number * count * 600_000]}}
        shifted |= {field: 1 for field in ("online-members", "messages-sent", "quantities")}
        from_.aggregate([{"$project": shifted}, {"$merge": {"into": to}}])
    assert client[name]["activitydata"].count_documents({}) == times * count


def row(what, ours, theirs=None, floor=None, plain=None, bound="", unit="s"):
    def number(value):
        return "" if value is None else f"{value:,.2f} {unit}" if value < 10 else f"{value:,.0f} {unit}"

    def ratio(other, name):
        if other is None:
            return []
        return [f"{ours / other:.2f} × {name}" if ours >= 0.5 * other else f"1/{other / ours:.0f} of {name}"]

    ratios = ratio(floor, "the floor") + ratio(plain, "the plain floor") or ratio(theirs, "the original")
    cells = [what, *map(number, (ours, theirs, floor, plain)), ", ".join(ratios), bound]
    print(f"| {' | '.join(cells)} |", flush=True)


def main():
    print(f"{time.strftime('%Y-%m-%d')}, {platform.machine()}, {psutil.cpu_count()} cores, "
          f"{psutil.virtual_memory().total / 2**30:.0f} GiB\n")
    with tempfile.TemporaryDirectory() as folder, start_mongodb(pathlib.Path(folder) / "db") as address:
        folder = pathlib.Path(folder)
        empty = [DEPENDENCY.replace("../analysis-lib", str(floor_kernel(folder))), *CELLS[1:]]
        everything = [DEPENDENCY, "let activity = pull()?;", *REST]
        with pymongo.MongoClient(address) as client:
            fill(client, "half", HALF_A_DAY)
            fill(client, "year", YEAR)
            repeat(client, "year", "decade", TEN_YEARS // YEAR)

        def settings(database, snapshot="off"):
            return {"MONGOKEY": f"{address}/{database}", "ACTIVITY_SNAPSHOT": str(snapshot), "NAMES_FILE": ""}

        # One run of each that isn't counted: it compiles what is kept.
        study(empty, settings("half"), "floor")
        study(CELLS, settings("half"))
        plains, floors, ours, theirs = [], [], [], []
        for _ in range(RUNS):
            plains.append(study(empty, settings("half"), "plain"))
            floors.append(study(empty, settings("half"), "floor"))
            ours.append(study(CELLS, settings("half")))
            theirs.append(original("half", address)["seconds"])

        def median(runs, value):
            return statistics.median(map(value, runs))

        def ready(run):
            return run[0]

        def first_figure(run):
            return sum(run[1][: len((DEPENDENCY, PULL, FIRST_FIGURE))])

        def start_to_first_figure(run):
            return ready(run) + first_figure(run)

        def whole(run):
            return sum(run[1])

        def floor(value):
            return {"floor": median(floors, value), "plain": median(plains, value)}

        print("| | this project | the original | the floor | the plain floor | ratio | bound |")
        print("|---" * 7 + "|")
        row("kernel ready", median(ours, ready), **floor(ready))
        row("ready kernel to first figure", median(ours, first_figure),
            median(theirs, lambda run: run["import"] + run["pull"] + run["first figure"]),
            **floor(first_figure), bound="1.4 × the floor")
        row("kernel's start to first figure", median(ours, start_to_first_figure),
            **floor(start_to_first_figure), bound="1.4 × the floor")
        row("the study, half a day, from a ready kernel", median(ours, whole),
            median(theirs, lambda run: sum(run.values())), **floor(whole), bound="1.3 × the floor")
        # What kernels have compiled lies in their folders and in the user's cache.
        kernels = pathlib.Path(os.environ["ACTIVITY_TOOLS"]) / "kernels"
        kernels.rename(kernels.with_name("kernels-kept"))
        shutil.rmtree(folder / "kernels-of-the-floor")
        # There, so that set-up compiles nothing.
        kernels.mkdir()
        cold = [
            study(cells, settings("half") | {"XDG_CACHE_HOME": str(folder / f"cache-{name}")}, name)
            for cells, name in ((CELLS, "rust"), (empty, "floor"))
        ]
        shutil.rmtree(kernels)
        cache = {"XDG_CACHE_HOME": str(folder / "cache-setup")}
        begin = time.perf_counter()
        subprocess.run([NOTEBOOKS / "setup.sh", "jupyter"], env=environment(**cache), check=True)
        row("what set-up compiles for the kernel, once", time.perf_counter() - begin)
        fresh = study(CELLS, settings("half") | cache)
        shutil.rmtree(kernels)
        kernels.with_name("kernels-kept").rename(kernels)
        row("the study right after that", sum(fresh[1]), **floor(whole), bound="6 × the floor")
        row("the study, nothing compiled", sum(cold[0][1]), floor=sum(cold[1][1]), bound="6 × the floor")
        row("a changed cell that draws", median(ours, lambda run: run[2]),
            median(theirs, lambda run: run["second figure"]), **floor(lambda run: run[2]), bound="1.4 × the floor")

        _, year, _, _ = study(everything, settings("year"))
        year_original = original("year", address)["seconds"]
        row("the study, a year, from a ready kernel", sum(year), sum(year_original.values()),
            bound="1/12 of the original")
        snapshot = folder / "snapshot"
        _, decade, _, memory = study(everything, settings("decade", snapshot))
        row("the study, ten years, from a ready kernel", sum(decade), sum(year_original.values()),
            bound="1/10 of the original's year")
        decade_original = original("decade", address, "--pull-only")
        pulled = decade_original["seconds"]["pull"]
        first = [study([DEPENDENCY, PULL], settings("decade"))[1][1] for _ in range(RUNS)]
        row("pull cell, ten years, all of it", statistics.median(first), pulled, bound="1/15")
        again = [study([DEPENDENCY, PULL, PULL], settings("decade", snapshot))[1][1:] for _ in range(RUNS)]
        row("pull cell, ten years, in a new kernel", median(again, lambda run: run[0]), pulled, bound="1/50")
        row("pull cell, ten years, once more", median(again, lambda run: run[1]), pulled, bound="1/50")
        row("memory of kernel and process, ten years", memory, decade_original["peak MB"], bound="1/2", unit="MB")
        databases = {HALF_A_DAY: "half", YEAR: "year", TEN_YEARS: "decade"}
        with pymongo.MongoClient(address) as client:
            repeat(client, "decade", "century", CENTURY // TEN_YEARS)
        databases[CENTURY] = "century"
        bench_pull.report(address, databases, folder)
        print("\nCells of the study, half a day, in seconds (ours / floor):")
        for index, code in enumerate(CELLS):
            print(f"  {median(ours, lambda run: run[1][index]):6.2f} {median(floors, lambda run: run[1][index]):6.2f}  "
                  f"{code.splitlines()[0]}")
        bench_crates.report(folder)


if __name__ == "__main__":
    main()
