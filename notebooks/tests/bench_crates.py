"""The part of `make bench` about crates: what each one that the notebook's
kernel reaches adds to the seconds until a cell has a variable. The table in the
library's documentation is from here.
"""

import json
import subprocess
import tomllib

from conftest import PROJECT, Kernel

RUNS = 3
# What stays out of the notebook's graph, for comparison: features and crates.
KEPT_OUT = {
    "chrono with its default features": ("chrono", {"default-features": True, "features": []}),
    "plotters with dates and every series": (
        "plotters", {"features": ["all_elements", "all_series", "datetime", "svg_backend"]}
    ),
    "serde with derive": ("serde", {"features": ["derive", "std"]}),
    "mongodb": ("mongodb", {}),
}


def seconds(folder, name, dependencies):
    """Seconds for `:dep` and a variable in a new stock kernel, the least of some
    runs: whatever disturbs a run makes it longer."""
    crate = folder / name
    (crate / "src").mkdir(parents=True)
    (crate / "src/lib.rs").write_text("")
    (crate / "Cargo.toml").write_text(
        f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2024"\n[dependencies]\n{dependencies}'
    )
    # The crates are counted with the versions that the project has.
    (crate / "Cargo.lock").write_text((PROJECT / "Cargo.lock").read_text())
    taken = []
    # The first one compiles what is kept, and isn't counted.
    for _ in range(RUNS + 1):
        kernel = Kernel({}, folder, "stock")
        try:
            taken.append(kernel.time(f':dep {name} = {{ path = "{crate}" }}') + kernel.time("let one = 1;"))
        finally:
            kernel.close()
    return min(taken[1:])


def crates(package):
    """How many crates a package brings, itself included."""
    tree = ["cargo", "tree", "--manifest-path", package / "Cargo.toml", "--edges", "normal", "--prefix", "none"]
    lines = subprocess.run(tree, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return len({line.split(" (*)")[0] for line in lines}) - 1


def report(folder):
    def dependencies(*packages):
        manifests = [tomllib.loads((PROJECT / "analysis-lib" / p / "Cargo.toml").read_text()) for p in packages]
        return {name: value for m in manifests for name, value in m["dependencies"].items() if "path" not in value}

    light = {name: (name, {}) for name in dependencies(".", "data")}
    manifest = dependencies("programs/discord", "programs/mongodb", "data", ".")
    empty = seconds(folder, "nothing", "")
    print(f"\nSeconds until a cell has a variable, above the {empty:.1f} s with an empty crate:\n")
    print("| dependency | crates | seconds |\n|---|---|---|")
    for number, (label, (name, changes)) in enumerate((light | KEPT_OUT).items()):
        value = manifest[name]
        value = {"version": value} if isinstance(value, str) else value
        value = {key: item for key, item in (value | changes).items() if key != "optional"}
        fields = ", ".join(f"{key} = {json.dumps(item)}" for key, item in value.items())
        package = f"only-{number}"
        taken = seconds(folder, package, f"{name} = {{ {fields} }}\n")
        print(f"| {label} | {crates(folder / package)} | {taken - empty:+.1f} |", flush=True)
