"""zones.py [FOLDER]: what Python's zoneinfo makes of a tz database.

The first line is the folder, by default that of the package tzdata; each other
line is a zone: its name, and from when on (seconds since the epoch) it has which
offset (seconds) and abbreviation, from 2015 to the end of 2100.

`fat-zoneinfo` beside this script holds four zones of edition 2026f as
`zic -b fat` writes them, with every change until 2037 spelled out. The package's
files are slim: a rule says what follows the last change of a zone's law.
"""

import datetime
import json
import pathlib
import sys
import zoneinfo

import tzdata

# No zone changes twice within six days, so that asking every five finds all.
FIRST, LAST, STEP = 1_420_070_400, 4_133_980_800, 5 * 86_400


def changes(zone):
    def at(second):
        local = datetime.datetime.fromtimestamp(second, zone)
        return int(local.utcoffset().total_seconds()), local.tzname()

    value = at(FIRST)
    found = [(FIRST, *value)]
    for before in range(FIRST, LAST, STEP):
        if at(before + STEP) == value:
            continue
        other = before + STEP
        while other - before > 1:
            middle = (before + other) // 2
            before, other = (middle, other) if at(middle) == value else (before, middle)
        value = at(other)
        found.append((other, *value))
    return found


folder = pathlib.Path(sys.argv[1] if sys.argv[1:] else pathlib.Path(tzdata.__file__).parent / "zoneinfo")
print(folder)
zoneinfo.reset_tzpath([folder])
known = {}
for path in sorted(path for path in folder.rglob("*") if path.is_file()):
    content = path.read_bytes()
    if content.startswith(b"TZif"):
        name = path.relative_to(folder).as_posix()
        # Many names are others' links.
        if content not in known:
            known[content] = changes(zoneinfo.ZoneInfo(name))
        print(json.dumps([name, known[content]]))
