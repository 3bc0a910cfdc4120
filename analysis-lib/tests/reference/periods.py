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
    # What documents may leave out, each by itself.
    count = len(frame)
    frame["knows"] = rng.random(count) < 0.8
    frame["online"] = frame["online"].astype("Int64").where(frame["knows"])
    frame["members"] = pandas.Series(rng.integers(0, 500, count), dtype="Int64").where(rng.random(count) < 0.6)
    for name in ("joined", "left"):
        ids = [[str(id) for id in rng.integers(1, 9, rng.integers(0, 3))] for _ in range(count)]
        frame[name] = [own if says else None for own, says in zip(ids, rng.random(count) < 0.7)]
    channels = [{str(id): int(rng.integers(0, 20)) for id in rng.permutation(6)[: rng.integers(0, 4)]} for _ in range(count)]
    frame["channels"] = [own if says else None for own, says in zip(channels, rng.random(count) < 0.7)]
    return frame


def optional(row):
    """What a document says besides: null and missing mean the same."""
    said = {
        "online-members": None if pandas.isna(row.online) else int(row.online),
        "members": None if pandas.isna(row.members) else int(row.members),
        "joined": row.joined,
        "left": row.left,
        "channels": row.channels,
    }
    return {name: value for name, value in said.items() if value is not None or rng.random() < 0.5}


def said_in(rows):
    """What the windows of one period say besides, together."""
    members, joined = rows["members"].dropna(), rows["joined"].dropna()
    channels = rows["channels"].dropna()
    sums = {}
    for own in channels:
        for id, sent in own.items():
            sums[id] = sums.get(id, 0) + sent
    return [
        int(members.iloc[-1]) if len(members) else None,
        int(joined.map(len).sum()),
        int(rows["left"].dropna().map(len).sum()),
        len(joined),
        len(channels),
        {id: sums[id] for id in sorted(sums)},
    ]


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
                    "messages-sent": row.sent,
                    "quantities": {"1": row.sent} if row.sent else {},
                    **optional(row),
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
        week = week.groupby([middle.dt.day_of_week, middle.dt.hour]).agg({"sent": "sum", "online": ["sum", "count"], "ms": ["sum", "size"]})
        print(json.dumps({
            "zone": zone,
            "path": str(path),
            "rolling": rolling,
            "week": [[*map(int, key), *map(int, row)] for key, row in zip(week.index, week.values)],
        }))
        for period, key in keys.items():
            sums = frame.groupby(key).agg({"sent": "sum", "online": ["sum", "max", "count", "size"]})
            starts = list(sums.index) if period == "hour" else milliseconds(first_instant(k, zone) for k in sums.index)
            print(json.dumps({
                "zone": zone,
                "path": str(path),
                "period": period,
                "starts": starts,
                "messages": sums["sent", "sum"].tolist(),
                "windows": sums["online", "size"].tolist(),
                "online_sum": sums["online", "sum"].tolist(),
                "online_known": sums["online", "count"].tolist(),
                "online_max": [None if pandas.isna(most) else int(most) for most in sums["online", "max"]],
                "said": [said_in(rows) for _, rows in frame.groupby(key)],
            }))
