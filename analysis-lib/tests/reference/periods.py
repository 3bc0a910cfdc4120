"""periods.py FOLDER SEED: random windows in files of mongoexport's, and what pandas
makes of them by hour, day, week and month of each zone, by hour of the week, and as
rolling means, as JSON lines."""

import json
import pathlib
import sys

import numpy
import pandas

folder, rng = pathlib.Path(sys.argv[1]), numpy.random.default_rng(int(sys.argv[2]))

# Of each zone, a day about two weeks before each change of its clocks. Lord
# Howe's are half an hour, Santiago's come at midnight, Kolkata has none.
STARTS = {
    "US/Eastern": ["2024-02-25", "2024-10-20"],
    "Europe/London": ["2024-03-17", "2024-10-13"],
    "Australia/Lord_Howe": ["2024-03-24", "2024-09-22"],
    "America/Santiago": ["2024-03-24", "2024-08-25"],
    "Asia/Kolkata": ["2024-03-17", "2024-10-13"],
}


def windows(start, minutes):
    """Ends and begins of about thirty days of windows that aren't quite as long as
    each other, some of which say when they began, with three outages."""
    count = 30 * 1440 // minutes
    ends = pandas.Timestamp(start, tz="UTC") + pandas.to_timedelta(minutes * 60_000 * numpy.arange(count), "ms")
    ends = ends + pandas.to_timedelta(rng.integers(0, 3_000, count) + rng.integers(0, 60 * minutes * 1000), "ms")
    frame = pandas.DataFrame({"end": ends})
    frame["begin"] = frame["end"].shift()
    outages = numpy.sort(rng.choice(numpy.arange(40, count - 40, 30), 3, replace=False))
    kept = numpy.ones(count, dtype=bool)
    for outage in outages:
        kept[outage : outage + rng.integers(3, 20)] = False
    frame = frame[kept].iloc[1:]
    # How long the window after an outage is, nobody can know from its end: it
    # says when it began, and so do some others.
    frame["declares"] = (frame["begin"] != frame["end"].shift()) | (rng.random(len(frame)) < 0.1)
    frame["online"] = rng.integers(0, 500, len(frame))
    frame["sent"] = rng.integers(0, 60, len(frame))
    return frame.reset_index(drop=True)


def milliseconds(times):
    return [time.value // 1_000_000 for time in times]


def extended(time):
    return {"$date": {"$numberLong": str(time.value // 1_000_000)}}


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


for zone, starts in STARTS.items():
    for start, minutes in zip(starts, rng.choice([4, 7, 10, 45], 2, replace=False)):
        frame = windows(start, int(minutes))
        path = folder / f"{zone.replace('/', '-')}-{start}.json"
        with path.open("w") as file:
            for row in frame.itertuples():
                document = {
                    "time": extended(row.end),
                    "online-members": row.online,
                    "messages-sent": row.sent,
                    "quantities": {"1": row.sent} if row.sent else {},
                }
                if row.declares:
                    document["since"] = extended(row.begin)
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
