"""frames.py FOLDER SEED: runs the README's lines that read an activity's CSV in pandas
and polars, in this folder, and prints what both have read as JSON lines."""

import json
import os
import pathlib
import re
import sys

import numpy

readme = pathlib.Path(__file__).resolve().parents[3] / "README.md"
blocks = re.findall(r"^```python\n(.*?)^```", readme.read_text(), re.M | re.S)
[lines] = [block for block in blocks if "activity.csv" in block]
os.chdir(sys.argv[1])
for module in ("pandas", "polars"):
    own = {}
    exec("\n".join(line for line in lines.splitlines() if module in line), own)
    windows = own["windows"]
    begin, end = windows["begin_utc"], windows["end_utc"]
    # polars calls a method what is a property in pandas.
    hours = end.dt.hour() if module == "polars" else end.dt.hour
    minutes = (end - begin).to_numpy() / numpy.timedelta64(1, "m")
    print(json.dumps({
        "module": module,
        "windows": len(windows),
        "messages": int(windows["messages"].sum()),
        "online": int(windows["online_members"].sum()),
        "off": float(abs(minutes - windows["minutes"].to_numpy()).max()),
        "evening": int((hours >= 20).sum()),
    }))
