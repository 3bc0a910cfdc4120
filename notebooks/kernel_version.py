"""Prints a Rust kernel's version, once it has run a cell.

    kernel_version.py PROGRAM

The program has no `--version`, so it is asked by Jupyter's protocol, in the Python
environment that `setup.py` makes. It sees none of its user's settings, and writes no
spec of its own.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from jupyter_client.manager import run_kernel

SECONDS = 60


def version(program, folder):
    spec = pathlib.Path(folder, "kernels/asked/kernel.json")
    spec.parent.mkdir(parents=True)
    settings = {
        "argv": [program, "--control_file", "{connection_file}"],
        "display_name": "asked",
        "language": "rust",
        "env": {"JUPYTER_PATH": os.devnull, "EVCXR_CONFIG_DIR": folder},
    }
    spec.write_text(json.dumps(settings))
    os.environ["JUPYTER_PATH"] = folder
    devnull = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with run_kernel(kernel_name="asked", startup_timeout=SECONDS, cwd=folder, **devnull) as client:
        said = []
        client.execute_interactive("6 * 7", timeout=SECONDS, output_hook=lambda message: said.append(message["content"]))
        if not any(content.get("data", {}).get("text/plain") == "42" for content in said):
            sys.exit("a cell with 6 * 7 doesn't give 42")
        return client.kernel_info(reply=True, timeout=SECONDS)["content"]["implementation_version"]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(version(sys.argv[1], folder))
