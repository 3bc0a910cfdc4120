"""people.py FOLDER SEED: members who come and go, in files of mongoexport's, and
what pandas and NumPy make of them in each zone, as JSON lines."""

import collections
import json
import pathlib
import sys

import numpy
import pandas

folder, rng = pathlib.Path(sys.argv[1]), numpy.random.default_rng(int(sys.argv[2]))

# Lord Howe's clocks change by half an hour, Santiago's at midnight, Kolkata's
# never; the others' by an hour.
ZONES = ["US/Eastern", "Europe/London", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata"]
DAYS = 270
MEMBERS = 40
CHANNELS = 11


def windows(minutes):
    """Begins and ends of nine months of windows, over both changes of clocks, with
    outages: two of them long enough for days and weeks without a window."""
    count = DAYS * 1440 // minutes
    start = pandas.Timestamp("2024-02-20", tz="UTC").value // 1_000_000
    ends = start + 60_000 * minutes * numpy.arange(1, count + 1) + rng.integers(0, 3_000, count) + rng.integers(0, 60_000)
    frame = pandas.DataFrame({"begin": ends[:-1], "end": ends[1:]})
    day = 1440 // minutes
    for length in [9 * day, 17 * day, day, 5, 3]:
        outage = rng.integers(2 * day, len(frame) - length - 2 * day)
        frame = frame.drop(index=range(outage, outage + length)).reset_index(drop=True)
    first, *middle = numpy.sort(rng.integers(0, len(frame) // 2, 3))
    places = numpy.arange(len(frame))
    frame["says_channels"] = (places >= first) & ~((places >= middle[0]) & (places < middle[1]))
    # How long the window after an outage is, nobody can know from its end.
    frame["declares"] = frame["begin"] != frame["end"].shift()
    return frame


def sent(frame):
    """Who sent how much in which window: members write for some months, some of
    them at some hours only, and some hardly ever."""
    rows = []
    for member in range(MEMBERS):
        first, last = numpy.sort(rng.integers(0, len(frame), 2))
        often = rng.choice([0.002, 0.02, 0.2])
        hour = frame["end"].to_numpy() // 3_600_000 % 24
        writes = rng.random(len(frame)) < often
        writes &= (hour >= rng.integers(0, 12)) & (numpy.arange(len(frame)) >= first) & (numpy.arange(len(frame)) <= last)
        where = numpy.flatnonzero(writes)
        rows.append(pandas.DataFrame({"window": where, "member": 10**17 + 7_919 * member, "messages": rng.integers(1, 6, len(where))}))
    messages = pandas.concat(rows, ignore_index=True).sample(frac=1, random_state=rng)
    # Some channels have many messages and some few; some fall silent, for ever or for a while.
    channel = rng.choice(CHANNELS, len(messages), p=rng.dirichlet(numpy.full(CHANNELS, 0.4)))
    silent = [numpy.sort(rng.integers(0, len(frame), 2)) for _ in range(CHANNELS)]
    silent[2][1] = silent[3][1] = len(frame)
    for place, (first, last) in enumerate(silent[1:4], 1):
        channel[(channel == place) & (messages["window"] >= first) & (messages["window"] < last)] = 0
    return messages.assign(channel=3 * 10**17 + channel)


def write(path, frame, messages, channel=None):
    """The file; or of one channel its messages, where documents say what channels had."""
    sent = collections.defaultdict(list)
    for window, member, own, count in zip(messages["window"], messages["member"], messages["channel"], messages["messages"]):
        if channel in (None, own):
            sent[window].append((str(member), str(own), int(count)))
    with path.open("w") as file:
        for window, row in enumerate(frame.itertuples()):
            channels = collections.Counter()
            for _, own, count in sent[window]:
                channels[own] += count
            document = {
                "time": {"$date": {"$numberLong": str(row.end)}},
                "online-members": 1,
                "messages-sent": channels.total(),
                "quantities": {member: count for member, _, count in sent[window]},
            }
            if row.says_channels:
                document["channels"] = channels
            if row.declares or channel:
                document["since"] = {"$date": {"$numberLong": str(row.begin)}}
            if row.says_channels or not channel:
                file.write(json.dumps(document) + "\n")


def first_instant(day, zone):
    """Of a day: midnight, or when the clocks have skipped it."""
    return pandas.Timestamp(day).tz_localize(zone, ambiguous=True, nonexistent="shift_forward").value // 1_000_000


def growth(active, zone):
    """Growth accounting of a matrix: who (column) was active when (row)."""
    before = active.shift(fill_value=False)
    known = active.cummax().shift(fill_value=False)
    parts = {
        "active": active,
        "new": active & ~known,
        "retained": active & before,
        "resurrected": active & known & ~before,
        "churned": before & ~active,
    }
    columns = {name: part.sum(axis=1).tolist() for name, part in parts.items()}
    return {"start": [first_instant(day, zone) for day in active.index], **columns}


def ranked(messages):
    sums = messages.groupby("member")["messages"].sum()
    return sums, sums.rank(method="min", ascending=False).astype(int)


def top(messages, period, before):
    """A period's members: id, messages, rank, the change of rank, and in how many windows they wrote."""
    own = messages[messages["period"] == period]
    (sums, ranks), windows = ranked(own), own.groupby("member")["window"].nunique()
    _, ranks_before = ranked(messages[messages["period"] == before]) if before is not None else (None, None)
    change = {m: None if before is None else "new" if m not in ranks_before else int(ranks_before[m] - ranks[m]) for m in sums.index}
    order = sums.reset_index().sort_values(["messages", "member"], ascending=[False, True])
    return [[int(m), int(n), int(ranks[m]), change[m], int(windows[m])] for m, n in zip(order["member"], order["messages"])]


def concentration(totals):
    x = totals.to_numpy()
    descending = numpy.sort(x)[::-1].cumsum()
    return {
        "members": len(x),
        # The mean absolute difference of all pairs, relative to twice the mean.
        "gini": float(numpy.abs(numpy.subtract.outer(x, x)).mean() / (2 * x.mean())),
        "top_tenth": int(descending[int(numpy.ceil(len(x) / 10)) - 1]),
        "all": int(x.sum()),
        "half": int((descending < x.sum() / 2).sum() + 1),
    }


def recorded(frame, zone):
    """The share of each week that is in a window."""
    begins = {week: first_instant(week, zone) for week in frame["week"].unique()}
    ends = {week: first_instant(week + pandas.Timedelta(days=7), zone) for week in begins}
    inside = {week: (numpy.minimum(frame["end"], ends[week]) - numpy.maximum(frame["begin"], begins[week])).clip(lower=0).sum() for week in begins}
    return {week: inside[week] / (ends[week] - begins[week]) for week in begins}


def reach(messages, whole):
    """Pairs of a whole week and a member by hour of the week, and the hours that a greedy search takes."""
    own = messages[messages["week"].isin(whole)]
    pairs = [set() for _ in range(168)]
    for week, member, local in zip(own["week"], own["member"], own["local"]):
        pairs[local.dayofweek * 24 + local.hour].add((week, member))
    left, taken = set().union(*pairs), []
    count = len(left)
    while 5 * (count - len(left)) < 4 * count:
        # The first of those that add the most.
        best = max(range(168), key=lambda hour: len(pairs[hour] & left))
        left -= pairs[best]
        taken.append([best, count - len(left)])
    return {"weeks": len(whole), "pairs": [len(own) for own in pairs], "taken": taken, "all": count}


def channels(messages, days):
    """Channels with the most messages first: messages, the last day with one, and whether they are asleep."""
    found = []
    for channel, own in messages.groupby("channel"):
        active = numpy.searchsorted(days, numpy.sort(own["day"].unique()))
        silent = len(days) - 1 - active[-1]
        pause = numpy.diff(active).max(initial=0)
        asleep = len(active) >= 7 and silent >= 14 and silent > 2 * pause
        found.append([int(channel), int(own["messages"].sum()), first_instant(days[active[-1]], zone), bool(asleep)])
    return sorted(found, key=lambda own: (-own[1], own[0]))


def shares(messages, column, weeks, shown):
    """Messages by week and by bar of those with the most messages."""
    totals = messages.groupby(column)["messages"].sum().rename_axis("member")
    own, order = bars(totals, shown)
    sums = messages.groupby(["week", messages[column].map(own)])["messages"].sum()
    return [[first_instant(week, zone), bar, int(sums.get((week, bar), 0))] for week in weeks for bar in order]


def bars(totals, shown):
    """Which bar each member is in: the first ones have their own."""
    order = totals.reset_index().sort_values(["messages", "member"], ascending=[False, True])["member"]
    return {member: str(member) if place < shown else "" for place, member in enumerate(order)}, [
        *[str(member) for member in order[:shown]],
        *([""] if len(order) > shown else []),
    ]


for zone in ZONES:
    frame = windows(int(rng.choice([30, 45, 60])))
    messages = sent(frame)
    path = folder / f"{zone.replace('/', '-')}.json"
    write(path, frame, messages)

    # Of a window's middle, as whole milliseconds.
    frame["middle"] = (frame["begin"] + frame["end"]) // 2
    frame["local"] = pandas.to_datetime(frame["middle"], unit="ms", utc=True).dt.tz_convert(zone)
    frame["day"] = frame["local"].dt.tz_localize(None).dt.normalize()
    frame["week"] = frame["day"] - pandas.to_timedelta(frame["day"].dt.day_of_week, "D")
    frame["month"] = frame["day"].dt.to_period("M").dt.to_timestamp()
    messages = messages.join(frame[["middle", "local", "day", "week", "month"]], on="window")
    totals = messages.groupby("member")["messages"].sum()
    result = {"zone": zone, "path": str(path), "concentration": concentration(totals), "growth": {}, "top": {}}

    for period, step in {"day": "D", "week": "7D", "month": "MS"}.items():
        every = pandas.date_range(frame[period].min(), frame[period].max(), freq=step)
        active = pandas.crosstab(messages[period], messages["member"]).gt(0).reindex(every, fill_value=False)
        result["growth"][period] = growth(active, zone)
        # Of the last ones, the newest first.
        seen_in, pairs = set(frame[period]), [*zip(every[::-1], [*every[-2::-1], None])][:40]
        result["top"][period] = [
            top(messages.assign(period=messages[period]), own, before if before in seen_in else None) for own, before in pairs
        ]
        if period == "day":
            monthly = active.astype(int).rolling(30).max().sum(axis=1)
            has_windows = active.index.isin(frame["day"]) & (numpy.arange(len(active)) >= 29)
            result["stickiness"] = {
                "start": [first_instant(day, zone) for day in active.index[has_windows]],
                "daily": active.sum(axis=1)[has_windows].tolist(),
                "monthly": monthly[has_windows].astype(int).tolist(),
            }

    seen = messages.groupby("member").agg(
        messages=("messages", "sum"), days=("day", "nunique"), first=("middle", "min"), last=("middle", "max"), last_day=("day", "max")
    )
    seen["ago"] = (frame["day"].max() - seen["last_day"]).dt.days
    seen = seen.reset_index().sort_values(["messages", "member"], ascending=[False, True])
    result["seen"] = seen[["member", "messages", "days", "first", "last", "ago"]].to_numpy().tolist()

    result["reach"] = reach(messages, [week for week, share in recorded(frame, zone).items() if share >= 0.98])

    own, order = bars(totals, 15)
    hours = messages.groupby([messages["member"].map(own), messages["local"].dt.hour])["messages"].sum()
    windows_at = frame["local"].dt.hour.value_counts()
    result["hours"] = [[bar, hour, int(hours.get((bar, hour), 0)), int(windows_at.get(hour, 0))] for bar in order for hour in range(24)]

    result["shares"] = shares(messages, "member", sorted(frame["week"].unique()), 8)

    said = frame[frame["says_channels"]]
    inside = messages[messages["window"].isin(said.index)]
    result["channels"] = channels(inside, numpy.sort(said["day"].unique()))
    covered = recorded(said, zone)
    result["channel_shares"] = shares(inside, "channel", sorted(covered), 8)
    result["channel_coverage"] = [covered[week] for week in sorted(covered)]
    by_week = inside.groupby(["week", "channel"])["messages"].sum()
    result["channel_weeks"] = [[[int(c), int(n)] for c, n in by_week[week].items()] if week in by_week else [] for week in sorted(covered)]
    result["one_channel"] = str(folder / f"one-{path.name}")
    write(pathlib.Path(result["one_channel"]), frame, messages, result["channels"][0][0])
    print(json.dumps(result))
