"""What the tests need beside `setup.py jupyter`.

    programs.py tests      sets up their Python environment, mongod and Chromium
    programs.py mongod     says where it is; chromium the same
"""

import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import setup


def chromium():
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    return next(filter(None, (shutil.which(name) for name in names if name)), None)


def mongod():
    return next(setup.TOOLS.glob("tests/lib/python3*/site-packages/fiftyone/db/bin/mongod"), None)


def set_up():
    setup.check_prerequisites()
    setup.require(
        setup.python("import sys; sys.exit(sys.version_info < (3, 11))"),
        "Python 3.11 or newer for the tests: SciPy 1.17, which numbers are compared with, needs it",
        "sudo apt install python3.11 python3.11-venv, and run: make test PYTHON=python3.11",
    )
    setup.alone()
    setup.install(
        setup.TOOLS / "tests",
        setup.PROJECT / "analysis-lib/tests/reference/requirements.txt",
        setup.NOTEBOOKS / "tests/requirements.txt",
    )
    if not chromium():
        installs = shutil.which("apt-get") and os.getuid() == 0
        remedy = "sudo apt install chromium   (or set CHROMIUM=/path/to/it)"
        setup.require(installs, "Chromium, for the tests in a browser", remedy)
        setup.say("Installing Chromium for the browser tests …")
        for command in (["update", "-q"], ["install", "-q", "-y", "chromium"]):
            environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
            subprocess.run(["apt-get", *command], env=environment, stdout=subprocess.DEVNULL, check=True)


def main(step):
    if step == "tests":
        set_up()
    elif found := {"mongod": mongod, "chromium": chromium}[step]():
        print(found)
    else:
        raise setup.Failed(f"{step} is missing; run `make test`, which installs it or says how")


if __name__ == "__main__":
    setup.run(main, *sys.argv[1:])
