"""periods.py FOLDER SEED: random windows in files of mongoexport's, and what pandas
makes of them by hour, day, week and month of each zone, by hour of the week, and as
rolling means, as JSON lines."""

import json
import pathlib
import sys

import clocks
import numpy
import pandas

folder, rng = pathlib.Path(sys.argv[1]), numpy.random.default_rng(int(sys.argv[2]))



def windows(start, minutes):
    """Windows, some of which say when they began, and their messages."""
    frame = clocks.windows(rng, start, minutes)
    # How long the window after an outage is, nobody can know from its end: it
    # says when it began, and so do some others.
    frame["declares"] = (frame["begin"] != frame["end"].shift()) | (rng.random(len(frame)) < 0.1)
    frame["sent"] = rng.integers(0, 60, len(frame))
    return frame


def milliseconds(times):
    return [time.value // 1_000_000 for time in times]


def first_instant(day, zone):
    """Of a day: midnight, or when the clocks have skipped it."""
    return pandas.Timestamp(day).tz_localize(zone, ambiguous=True, nonexistent="shift_forward")


def hour_start(time):
    """When the clock's hour began, in milliseconds since the epoch: at its minute 0,
    or when the clocks were changed in it."""
    start = time - pandas.Timedelta(minutes=time.minute, seconds=time.second, microseconds=time.microsecond)
    while start.utcoffset() != time.utcoffset():
        start += pandas.Timedelta(minutes=30)
    return start.value // 1_000_000


for zone, starts in clocks.STARTS.items():
    for start, minutes in zip(starts, rng.choice([4, 7, 10, 45], 2, replace=False)):
        frame = windows(start, int(minutes))
        path = folder / f"{zone.replace('/', '-')}-{start}.json"
        with path.open("w") as file:
            for row in frame.itertuples():
                document = {
                    "time": clocks.extended(row.end),
                    "online-members": row.online,
                    "messages-sent": row.sent,
                    "quantities": {"1": row.sent} if row.sent else {},
                }
                if row.declares:
                    document["since"] = clocks.extended(row.begin)
                file.write(json.dumps(document) + "\n")
        middle = (frame["begin"] + (frame["end"] - frame["begin"]) / 2).dt.tz_convert(zone)
        day = middle.dt.tz_localize(None).dt.normalize()
        keys = {
            "hour": [hour_start(time) for time in middle],
            "day": day,
            "week": day - pandas.to_timedelta(day.dt.day_of_week, "D"),
            "month": day.dt.to_period("M").dt.to_timestamp(),
        }
        length = frame["end"] - frame["begin"]
        by_end = frame.assign(hours=length / pandas.Timedelta("1h")).set_index("end")
        rolling = {}
        for hours in (24, 168):
            sums = by_end[["sent", "hours"]].rolling(f"{hours}h").sum()
            # Whole milliseconds, whatever a running sum of hours lost.
            recorded = (sums["hours"] * 3_600_000).round()
            reaches_back = by_end.index - pandas.Timedelta(hours=hours) >= frame["begin"].iloc[0]
            is_given = reaches_back & (2 * recorded >= hours * 3_600_000)
            pairs = zip(sums["sent"].round(), recorded, is_given)
            rolling[hours] = [[int(sent), int(ms)] if given else None for sent, ms, given in pairs]
        week = frame.assign(ms=(length / pandas.Timedelta("1ms")).round())
        week = week.groupby([middle.dt.day_of_week, middle.dt.hour]).agg({"sent": "sum", "online": "sum", "ms": ["sum", "size"]})
        print(json.dumps({
            "zone": zone,
            "path": str(path),
            "rolling": rolling,
            "week": [[*map(int, key), *map(int, row)] for key, row in zip(week.index, week.values)],
        }))
        for period, key in keys.items():
            sums = frame.groupby(key).agg({"sent": "sum", "online": ["sum", "max", "size"]})
            starts = list(sums.index) if period == "hour" else milliseconds(first_instant(k, zone) for k in sums.index)
            print(json.dumps({
                "zone": zone,
                "path": str(path),
                "period": period,
                "starts": starts,
                "messages": sums["sent", "sum"].tolist(),
                "windows": sums["online", "size"].tolist(),
                "online_sum": sums["online", "sum"].tolist(),
                "online_max": sums["online", "max"].tolist(),
            }))
