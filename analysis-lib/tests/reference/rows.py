"""rows.py FOLDER SEED: random windows in files of mongoexport's over changes of clocks,
and what pandas makes of them one by one and of their parts, as JSON lines."""

import json
import pathlib
import sys

import clocks
import numpy
import pandas

folder, rng = pathlib.Path(sys.argv[1]), numpy.random.default_rng(int(sys.argv[2]))

MEMBERS = ["123456789012345678", "23456789012345678", "7"]


def windows(start, minutes):
    """Windows, which all say when they began, and their messages by member."""
    frame = clocks.windows(rng, start, minutes)
    sent = rng.integers(0, 20, (len(frame), len(MEMBERS)))
    for member, column in zip(MEMBERS, sent.T):
        frame[member] = column
    # Messages of members whom the bot didn't know.
    frame["sent"] = sent.sum(axis=1) + rng.integers(0, 3, len(frame))
    return frame


def told(part, before=None):
    """Numbers that tell a part from all others. `before` is the frame that it was
    taken from: of it only windows in a row have a gap between them."""
    length = part["end"] - part["begin"]
    gap = (part["begin"] - part["end"].shift()).fillna(pandas.Timedelta(0))
    if before is not None:
        gap = gap.where(part.index.to_series().diff() == 1, pandas.Timedelta(0))
    # What is shorter than a hundredth of the window after it is no gap.
    gap = gap.where(gap > length / 100, pandas.Timedelta(0))
    milliseconds = pandas.Timedelta("1ms")
    return {
        "windows": len(part),
        "messages": int(part["sent"].sum()),
        "ends": sum(time.value // 1_000_000 % 1_000_003 for time in part["end"]),
        "lost": int(gap.sum() / milliseconds),
        "gaps": int((gap > pandas.Timedelta(0)).sum()),
    }


for zone, starts in clocks.STARTS.items():
    for start, minutes in zip(starts, rng.choice([7, 10, 45], 2, replace=False)):
        frame = windows(start, int(minutes))
        path = folder / f"{zone.replace('/', '-')}-{start}.json"
        with path.open("w") as file:
            for _, row in frame.iterrows():
                file.write(json.dumps({
                    "time": clocks.extended(row["end"]),
                    "since": clocks.extended(row["begin"]),
                    "online-members": row["online"],
                    "messages-sent": row["sent"],
                    "quantities": {member: row[member] for member in MEMBERS if row[member]},
                }) + "\n")
        local = {side: frame[side].dt.tz_convert(zone) for side in ("begin", "end")}
        middle = (frame["begin"] + (frame["end"] - frame["begin"]) / 2).dt.tz_convert(zone)
        # Midnights, which clocks may skip.
        day = middle.dt.tz_localize(None).dt.normalize()
        newest = day.iloc[-1]
        first, last = newest - pandas.Timedelta(20, "D"), newest - pandas.Timedelta(5, "D")
        night = local["end"].dt.hour < 6
        weekend = local["end"].dt.day_of_week >= 5
        at_noon = pandas.Timestamp(last) + pandas.Timedelta("12:30:00")
        until_noon = frame[(day >= first) & (middle.dt.tz_localize(None) < at_noon)]
        only = frame.assign(sent=frame[MEMBERS[0]] + frame[MEMBERS[2]])
        without = frame.assign(sent=frame["sent"] - only["sent"])
        print(json.dumps({
            "zone": zone,
            "path": str(path),
            "begins": [time.isoformat(timespec="milliseconds") for time in local["begin"]],
            "ends": [time.isoformat(timespec="milliseconds") for time in local["end"]],
            "hours": local["end"].dt.hour.tolist(),
            "weekdays": local["end"].dt.day_of_week.tolist(),
            "sent": frame["sent"].tolist(),
            "online": frame["online"].tolist(),
            "milliseconds": ((frame["end"] - frame["begin"]) // pandas.Timedelta("1ms")).tolist(),
            "members": [[[int(m), int(row[m])] for m in MEMBERS if row[m]] for _, row in frame.iterrows()],
            "dates": [str(first.date()), str(last.date()), str(at_noon)],
            "all": told(frame),
            "last 7 days": told(frame[day > newest - pandas.Timedelta(7, "D")]),
            "last day": told(frame[day == newest]),
            "between dates": told(frame[(day >= first) & (day < last)]),
            "between times": told(until_noon),
            "nights": told(frame[night], frame),
            "weekend nights": told(frame[night & weekend], frame),
            "only two": told(only),
            "without two": told(without),
        }))
