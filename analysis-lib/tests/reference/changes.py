"""changes.py FOLDER SEED: random windows in files of mongoexport's, and what pandas,
NumPy and SciPy make of them as JSON lines: comparisons with the period before and
of what came after an event with what came before it, unusual hours, silences, messages per online member, correlations over lags."""

import functools
import json
import math
import pathlib
import sys

import numpy
import pandas
from scipy import stats

folder, rng = pathlib.Path(sys.argv[1]), numpy.random.default_rng(int(sys.argv[2]))

HOUR = 3_600_000
DAY = 24 * HOUR

# A zone, the first day, and how many days: with each change of clocks in one of
# the last weeks, with few weeks, and with less than one.
CASES = [
    ("US/Eastern", "2024-01-03", 69),
    ("US/Eastern", "2024-09-05", 69),
    ("Europe/London", "2024-02-01", 62),
    ("Australia/Lord_Howe", "2024-02-04", 66),
    ("Australia/Lord_Howe", "2024-08-04", 66),
    ("America/Santiago", "2024-02-08", 62),
    ("America/Santiago", "2024-07-10", 64),
    ("Asia/Kolkata", "2024-03-01", 25),
    ("Asia/Kolkata", "2024-03-01", 11),
    ("Europe/London", "2024-03-27", 5),
]


def windows(zone, start, days):
    """Windows of a server with a rhythm, spikes, quiet nights and outages."""
    minutes = int(rng.choice([6, 10, 20]))
    count = days * 1440 // minutes
    ends = pandas.Timestamp(start, tz="UTC").value // 1_000_000 + minutes * 60_000 * (1 + numpy.arange(count))
    ends += rng.integers(0, 3_000, count) + rng.integers(0, minutes * 60_000)
    frame = pandas.DataFrame({"end": ends, "begin": numpy.r_[ends[0] - minutes * 60_000, ends[:-1]]})
    clock = pandas.to_datetime(frame["end"], unit="ms", utc=True).dt.tz_convert(zone)
    level = 1.2 - numpy.cos((clock.dt.hour - 5) / 12 * math.pi) + 0.3 * (clock.dt.day_of_week >= 5)
    noise = numpy.zeros(count)
    for i in range(1, count):
        noise[i] = 0.97 * noise[i - 1] + rng.normal(0, 0.06)
    level *= numpy.exp(noise)
    for _ in range(days // 10):
        at = rng.integers(count)
        level[at : at + 120 // minutes] *= rng.choice([0, 0, 6, 12])
    frame["online"] = rng.poisson(8 + 12 * level)
    frame["sent"] = rng.poisson(level * minutes / 4 * rng.choice([0.2, 1.0, 4.0]))
    frame["joined"] = rng.poisson(minutes / 200, count)
    weights = 1 / (numpy.arange(60) + 2) ** 2
    frame["members"] = [rng.multinomial(sent, weights / weights.sum()) for sent in frame["sent"]]
    kept = numpy.ones(count, dtype=bool)
    for outage in rng.choice(numpy.arange(40, count - 40, 30), 4, replace=False):
        kept[outage : outage + rng.integers(3, 30)] = False
    frame = frame[kept].reset_index(drop=True)
    # How long the first window is, and one after an outage, nobody can know
    # from its end.
    frame["declares"] = frame["begin"] != frame["end"].shift()
    return frame


@functools.cache
def local(time, zone):
    return pandas.Timestamp(time, unit="ms", tz="UTC").tz_convert(zone)


@functools.cache
def hour_of(time, zone):
    """First instants of the clock's hour of this time and of the next one."""
    at = local(time, zone)
    offset, minute = at.utcoffset(), time - int(at.minute) * 60_000 - time % 60_000
    # Clocks change at whole and half hours.
    start, end = minute, minute + HOUR
    while local(start, zone).utcoffset() != offset:
        start += HOUR // 2
    while local(end - 1, zone).utcoffset() != offset:
        end -= HOUR // 2
    return start, end


def start_of(period, time, zone):
    if period == "hour":
        return hour_of(time, zone)[0]
    day = local(time, zone).tz_localize(None).normalize()
    if period == "week":
        day -= pandas.Timedelta(days=day.day_of_week)
    if period == "month":
        day = day.replace(day=1)
    return day.tz_localize(zone, ambiguous=True, nonexistent="shift_forward").value // 1_000_000


def grouped_by(frame, edges):
    """Windows by the stretch between two edges that their middle lies in."""
    middle = frame["begin"] + (frame["end"] - frame["begin"]) // 2
    return frame.groupby(numpy.array(edges)[numpy.searchsorted(edges, middle, side="right") - 1])


def whole(frame, table):
    """Whether 98 % of each stretch, from its index to its end, was recorded."""
    gaps = [(b, e) for b, e in zip(frame["end"], frame["begin"].shift(-1)) if e > b]
    stretches = [*gaps, (-math.inf, frame["begin"].iloc[0]), (frame["end"].iloc[-1], math.inf)]
    lost = [sum(max(0, min(end, e) - max(start, b)) for b, e in stretches) for start, end in table["end"].items()]
    return 1 - numpy.array(lost) / (table["end"] - table.index) >= 0.98


def by_hour(frame, zone):
    """Hours of local clocks with a window's middle, and whether they are whole."""
    edges = [hour_of(frame["begin"].iloc[0], zone)[0]]
    while edges[-1] <= frame["end"].iloc[-1]:
        edges.append(hour_of(edges[-1], zone)[1])
    grouped = grouped_by(frame, edges)
    hours = grouped.agg(messages=("sent", "sum"), joined=("joined", "sum"), online=("online", "mean"), most=("online", "max"), windows=("sent", "size"))
    hours["senders"] = grouped["members"].agg(lambda rows: set(numpy.flatnonzero(sum(rows))))
    hours["end"] = [hour_of(start, zone)[1] for start in hours.index]
    hours["whole"] = whole(frame, hours)
    clock = pandas.DatetimeIndex([local(start, zone).tz_localize(None) for start in hours.index])
    hours["date"], hours["clock"] = clock.normalize(), clock.hour
    hours["of_week"] = 24 * clock.day_of_week + clock.hour
    return hours


def change(blocks, counts):
    """A change of sums over blocks: how much before and now, and its interval."""
    before, now = numpy.array(blocks).T
    half = 0.5 if counts else 0
    first, second, n = before.sum() + half, now.sum() + half, len(before)
    if n < 3 or first == 0 or second == 0:
        return {"interval": None, "more": None}
    residuals = now - second / first * before
    variance = n / (n - 1) * (residuals @ residuals) / second**2
    least = 1 / first + 1 / second if counts else 0
    return interval(math.log(second / first), variance, least, blocks, before.sum())


def interval(log, variance, least, blocks, before):
    sizes = sum((side / side.sum() for side in numpy.array(blocks, dtype=float).T if side.sum() > 0), numpy.zeros(len(blocks)))
    freedom = (sizes**2).sum() ** 2 / (sizes**4).sum() - 1 if sizes.any() else 0
    if len(blocks) < 3 or freedom < 1:
        return {"interval": None, "more": None}
    reach = max(stats.t.ppf(0.975, freedom) * math.sqrt(variance), stats.norm.ppf(0.975) * math.sqrt(least))
    ends = [math.exp(log - reach) - 1, math.exp(log + reach) - 1]
    return {"interval": ends if before > 0 else None, "more": bool(ends[0] > 0 or ends[1] < 0)}


def members_change(sides, block, blocks):
    """The change of active members: the jackknife over blocks."""
    active = lambda own: math.log((len(set().union(*own[1])) + 0.5) / (len(set().union(*own[0])) + 0.5))
    without = []
    for left_out in sides[0].index.map(block).unique():
        without.append(active([side["senders"][side.index.map(block) != left_out] for side in sides]))
    then, now = (set().union(*side["senders"]) for side in sides)
    n = len(without)
    variance = (n - 1) / n * ((numpy.array(without) - numpy.mean(without)) ** 2).sum()
    least = len(then ^ now) / (len(then) + 0.5) / (len(now) + 0.5)
    return interval(active([side["senders"] for side in sides]), variance, least, blocks, len(then))


def matched(sides):
    """The slots that were recorded as a whole on both sides."""
    both = []
    for own in sides:
        own["length"] = (own["end"] - own.index) / HOUR
        own["weighted"] = own["online"] * own["windows"]
        slots = own.groupby("slot").agg({"messages": "sum", "joined": "sum", "weighted": "sum", "windows": "sum", "length": "sum", "most": "max", "whole": "all", "senders": lambda sets: set().union(*sets)})
        both.append(slots[slots["whole"]])
    slots = both[0].index.intersection(both[1].index)
    return [side.loc[slots] for side in both]


def effect(frame, hours, zone):
    """The two weeks after a moment beside those before it."""
    first, last = frame["begin"].iloc[0] + 8 * DAY, frame["end"].iloc[-1] - 8 * DAY
    time = int(rng.integers(first, max(last, first + 1))) // 60_000 * 60_000
    clock = pandas.Series([local(start, zone).tz_localize(None) for start in hours.index], index=hours.index)
    off = (clock - local(time, zone).tz_localize(None)) // pandas.Timedelta(milliseconds=1)
    before = hours[(off >= -14 * DAY) & (off + HOUR <= 0)].copy()
    after = hours[(off >= 0) & (off + HOUR <= 14 * DAY)].copy()
    before["slot"], after["slot"] = (off[before.index] + 14 * DAY) // HOUR, off[after.index] // HOUR
    sides = matched([before, after])
    result = {"time": local(time, "UTC").isoformat(), "hours": len(sides[0])}
    if 2 * len(sides[0]) >= 14 * 24:
        block = lambda slot: slot // 24
        for column in ("messages", "joined"):
            numbers = [side[column] / side["length"] for side in sides]
            blocks = list(zip(*(side.groupby(block).sum() for side in numbers)))
            result[column] = {"values": [side.sum() for side in numbers], **change(blocks, True)}
            if column == "messages":
                members = [len(set().union(*side["senders"])) for side in sides]
                result["members"] = {"values": members, **members_change(sides, block, blocks)}
    return result


def compare(frame, hours, period, zone):
    lengths = sorted(frame["end"] - frame["begin"])
    end = start_of(period, frame["end"].iloc[-1] + lengths[len(lengths) // 2] // 2, zone)
    start = start_of(period, end - 1, zone)
    before = start_of(period, start - 1, zone)
    sides = []
    for first, after in [(before, start), (start, end)]:
        own = hours[(hours.index >= first) & (hours.index < after)].copy()
        date = local(first, zone).tz_localize(None).normalize()
        own["slot"] = 0 if period == "hour" else 24 * (own["date"] - date).dt.days + own["clock"]
        sides.append(own)
    sides = matched(sides)
    if len(sides[0]) == 0 or 2 * len(sides[0]) < (end - start) // HOUR:
        return None
    block = {"hour": lambda slot: 0, "day": lambda slot: slot // 4, "week": lambda slot: slot // 24, "month": lambda slot: min(slot // 168, 3)}[period]
    numbers = [pandas.DataFrame({"messages": side["messages"] / side["length"], "online": side["weighted"] / side["windows"]}) for side in sides]
    sums = [side.groupby(block).sum() for side in numbers]
    then, now = (set().union(*side["senders"]) for side in sides)
    retained, lost, new = len(then & now), len(then - now), len(now - then)
    members = members_change(sides, block, list(zip(sums[0]["messages"], sums[1]["messages"])))
    return {
        "before": before,
        "start": start,
        "end": end,
        "hours": len(sides[0]),
        "messages": {"values": [side["messages"].sum() for side in numbers], **change(list(zip(sums[0]["messages"], sums[1]["messages"])), True)},
        "online": {"values": [side["online"].mean() for side in numbers], **change(list(zip(sums[0]["online"], sums[1]["online"])), False)},
        "members": {"values": [len(then), len(now)], **members},
        "peak": [int(side["most"].max()) for side in sides],
        "turnover": [retained, lost, new],
    }


def events(hours):
    """Hours in a row that are far from the median of the same hour of the week."""
    starts, messages = hours.index.to_numpy(), hours["messages"].to_numpy()
    of_week = hours["of_week"].to_numpy()
    level = 2 * numpy.sqrt(messages + 0.375)
    usual = numpy.full(len(hours), numpy.nan)
    for i in range(len(hours)):
        near = numpy.abs(starts - starts[i]) <= 56 * DAY + HOUR
        week = near & (of_week == of_week[i])
        day = near & (of_week % 24 == of_week[i] % 24)
        if week.sum() >= 4:
            usual[i] = numpy.median(level[week])
        elif day.sum() >= 7:
            usual[i] = numpy.median(level[day])
    off = numpy.full(len(hours), numpy.nan)
    for hour in range(24):
        own = (of_week % 24 == hour) & ~numpy.isnan(usual)
        if own.any():
            deviations = level[own] - usual[own]
            off[own] = deviations / max(1, 1.4826 * numpy.median(numpy.abs(deviations)))
    found = []
    for i in range(len(hours)):
        count = max(usual[i] * usual[i] / 4 - 0.375, 0)
        spike = off[i] > 6 and messages[i] >= 1.5 * count
        quiet = off[i] < -6 and messages[i] * 1.5 <= count
        if not spike and not quiet:
            continue
        own = [int(starts[i]), int(starts[i]) + HOUR, int(messages[i]), count, int(starts[i]), off[i]]
        if found and found[-1][1] == own[0] and (found[-1][5] > 0) == spike:
            last = found[-1]
            last[1:4] = own[1], last[2] + own[2], last[3] + own[3]
            if abs(own[5]) > abs(last[5]):
                last[4:] = own[4:]
        else:
            found.append(own)
    return sorted(found, key=lambda event: -abs(event[5])), int((~numpy.isnan(off)).sum())


def silences(frame):
    found, silent = [], False
    for begin, end, sent in zip(frame["begin"], frame["end"], frame["sent"]):
        if sent == 0 and silent and begin <= found[-1][1]:
            found[-1][1] = end
        elif sent == 0:
            found.append([begin, end])
        silent = sent == 0
    return sorted(found, key=lambda silence: silence[0] - silence[1])[:5]


def busyness(hours):
    rows = []
    online = hours[hours["online"] > 0]
    for hour in range(24):
        own = online[online["of_week"] % 24 == hour]
        single = own["messages"] / own["online"]
        rows.append([
            len(own),
            own["messages"].sum() / own["online"].sum() if len(own) else None,
            list(numpy.quantile(single, [0.25, 0.75])) if len(own) >= 4 else None,
        ])
    return rows


def lags(hours):
    if len(hours) < 168:
        return []
    place = (hours.index - hours.index[0] + HOUR // 4) // HOUR
    grid = numpy.arange(place[-1] + 1)
    raw = [hours[column].astype(float).set_axis(place) for column in ("online", "messages")]
    mean = [hours.groupby("of_week")[column].transform("mean").set_axis(place) for column in ("online", "messages")]
    rest = [series - mean for series, mean in zip(raw, mean)]
    clock = (hours["of_week"] % 24).set_axis(place)
    rest = [(series / numpy.sqrt((series**2).groupby(clock).transform("mean"))).reindex(grid) for series in rest]
    raw = [series.reindex(grid) for series in raw]
    persistence = 1 + 2 * sum(math.prod(series.corr(series.shift(lag)) for series in rest) for lag in range(1, 49)) if len(hours) >= 504 else None
    rows = []
    for lag in range(-48, 49):
        pairs = int((raw[0].notna() & raw[1].shift(-lag).notna()).sum())
        row = [lag, pairs, raw[0].corr(raw[1].shift(-lag)), None, None]
        if persistence is not None:
            row[3] = rest[0].corr(rest[1].shift(-lag))
            row[4] = 1.96 * math.sqrt(max(persistence, 1) / (pairs * (1 - 168 / len(hours))))
        rows.append(row)
    return rows


def extremes(table):
    """The first of the most messages and the first of the fewest."""
    if table.empty:
        return [None, None]
    return [[int(table["end"].index[i]), int(table["end"].iloc[i]), int(table["messages"].iloc[i])] for i in (table["messages"].argmax(), table["messages"].argmin())]


def whole_days(frame, zone):
    edges = [start_of("day", frame["begin"].iloc[0], zone)]
    while edges[-1] <= frame["end"].iloc[-1]:
        edges.append(start_of("day", edges[-1] + 36 * HOUR, zone))
    days = grouped_by(frame, edges).agg(messages=("sent", "sum"))
    days["end"] = [edges[edges.index(start) + 1] for start in days.index]
    return days[whole(frame, days)]


def plain(value):
    """NumPy's numbers as Python's, for JSON."""
    return value.item() if isinstance(value, numpy.generic) else value


for number, (zone, start, days) in enumerate(CASES):
    frame = windows(zone, start, days)
    path = folder / f"{number}.json"
    with path.open("w") as file:
        for row in frame.itertuples():
            document = {
                "time": {"$date": {"$numberLong": str(row.end)}},
                "online-members": row.online,
                "messages-sent": row.sent,
                "joined": [str(5000 + i) for i in range(row.joined)],
                "quantities": {str(1000 + i): int(sent) for i, sent in enumerate(row.members) if sent},
            }
            if row.declares:
                document["since"] = {"$date": {"$numberLong": str(row.begin)}}
            file.write(json.dumps(document) + "\n")
    hours = by_hour(frame, zone)
    full = hours[hours["whole"] & (hours["end"] - hours.index == HOUR)]
    found, compared = events(full)
    print(json.dumps({
        "zone": zone,
        "path": str(path),
        "compare": {period: compare(frame, hours, period, zone) for period in ("hour", "day", "week", "month")},
        "effect": effect(frame, hours, zone),
        "events": found,
        "compared_hours": compared,
        "extremes": [extremes(full), extremes(whole_days(frame, zone))],
        "silences": silences(frame),
        "busyness": busyness(full),
        "lags": lags(full),
    }, default=plain))
