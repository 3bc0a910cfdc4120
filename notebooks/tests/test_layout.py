"""What must hold of the files themselves."""

import json
import re
import subprocess

from conftest import NOTEBOOKS, PROJECT


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=PROJECT, capture_output=True, text=True, check=True).stdout


def test_notebooks_are_committed_without_outputs():
    """Outputs would show real people. What the working tree holds is its user's."""
    notebooks = git("ls-files", "*.ipynb").split()
    assert len(notebooks) == 3
    for path in notebooks:
        for cell in json.loads(git("show", f":{path}"))["cells"]:
            assert not cell.get("outputs") and not cell.get("execution_count"), path


def test_secrets_and_people_are_ignored_by_git():
    """`.env` and the names lie in the working tree and must stay there alone."""
    for name in (".env", "activity.jsonl", "notebooks/.env", "notebooks/names", "notebooks/names.json", "notebooks/report/x.html",
                 "notebooks/online.png", "notebooks/activity.bin", "notebooks/activity.json",
                 "notebooks/activity.jsonl", "notebooks/activity.csv"):
        assert git("check-ignore", "--no-index", name).strip() == name


def test_every_setting_is_explained():
    """`.env.example` has each name that the code asks for, and no other."""
    source = "".join(path.read_text() for path in (PROJECT / "analysis-lib").rglob("src/**/*.rs"))
    asked = set(re.findall(r'(?:\.get\(|setting\(|choice\(\s*&settings,)\s*"([A-Z][A-Z_]+)"', source))
    # The system's own, which other programs go by too.
    asked.remove("HTTPS_PROXY")
    asked |= set(re.findall(r'\bsetting\("([A-Z_]+)"', (NOTEBOOKS / "setup.py").read_text()))
    explained = set(re.findall(r"^# ([A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.M))
    assert asked == explained


def test_the_notebooks_graph_is_light():
    """Every crate in it makes every cell slower; no driver, no runtime, no macros."""
    tree = subprocess.run(
        ["cargo", "tree", "--locked", "--package", "analysis-lib", "--edges", "normal", "--prefix", "none"],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    ).stdout
    crates = {line.split()[0] for line in tree.splitlines()}
    assert not crates & {"mongodb", "bson", "tokio", "syn", "serde_derive", "resvg", "twilight-http"}
    assert len(crates) <= 25, sorted(crates)
