"""newcomers.py FOLDER SEED: members who join, write, leave and come again, in files of
mongoexport's, and what lifelines, SciPy and pandas make of them, as JSON lines."""

import bisect
import json
import pathlib
import sys

import lifelines
import numpy
import pandas
import scipy.stats

folder, rng = pathlib.Path(sys.argv[1]), numpy.random.default_rng(int(sys.argv[2]))

HOUR = 3_600_000
DAY = 24 * HOUR
MEMBERS = 70


def windows(days, minutes):
    """Begins and ends of windows with outages; all say when they began."""
    count = days * 1440 // minutes
    start = pandas.Timestamp("2025-01-20", tz="UTC").value // 1_000_000
    ends = start + 60_000 * minutes * numpy.arange(1, count + 1) + rng.integers(0, 3_000, count)
    frame = pandas.DataFrame({"begin": ends[:-1], "end": ends[1:]})
    for length in rng.integers(1, count // 20, 6):
        outage = rng.integers(2, len(frame) - length - 2)
        frame = frame.drop(index=range(outage, outage + length)).reset_index(drop=True)
    return frame


def lives(frame, raid):
    """Of each window who joined, who left, and who sent how much."""
    joined, left, sent = ([[] for _ in range(len(frame))] for _ in range(3))
    for member in range(MEMBERS):
        name = str(10**17 + 7_919 * member)
        # Some were there before the record began.
        window, is_there = (0, True) if member % 9 == 0 else (int(rng.integers(len(frame))), False)
        while window < len(frame):
            if is_there:
                left[window].append(name)
                if rng.random() < 0.2:
                    joined[window].append(name)
                else:
                    is_there = False
            else:
                joined[window].append(name)
                if rng.random() < 0.15:
                    left[window].append(name)
                # Sometimes nobody saw that the member left.
                is_there = rng.random() < 0.8
            window += int(rng.exponential(len(frame) / 6)) + int(rng.random() < 0.7)
        often = rng.choice([0.0005, 0.005, 0.05])
        first, last = numpy.sort(rng.integers(0, len(frame), 2))
        writes = (rng.random(len(frame)) < often) & (numpy.arange(len(frame)) >= first) & (numpy.arange(len(frame)) <= last)
        if member % 4 == 0:
            pause = rng.integers(0, len(frame))
            writes[pause : pause + len(frame) // 3] = False
        for window in numpy.flatnonzero(writes):
            sent[window].append((name, int(rng.integers(1, 6))))
    if raid:
        window = len(frame) // 2
        joined[window] += [str(3 * 10**17 + raider) for raider in range(raid)]
    return joined, left, sent


def write(path, frame, joined, left, sent):
    with path.open("w") as file:
        for window, row in enumerate(frame.itertuples()):
            document = {
                "time": {"$date": {"$numberLong": str(row.end)}},
                "since": {"$date": {"$numberLong": str(row.begin)}},
                "online-members": 1,
                "messages-sent": sum(count for _, count in sent[window]),
                "quantities": dict(sent[window]),
                "joined": joined[window],
                "left": left[window],
            }
            file.write(json.dumps(document) + "\n")


def curve(times):
    """lifelines' curve of (milliseconds, whether it ended)."""
    if not times:
        return {"days": [], "share": [], "lower": [], "upper": [], "at_risk": []}
    milliseconds, ended = zip(*times)
    fitted = lifelines.KaplanMeierFitter().fit(numpy.array(milliseconds) / DAY, ended)
    band = fitted.confidence_interval_
    return {
        "days": fitted.survival_function_.index.tolist(),
        "share": fitted.survival_function_["KM_estimate"].tolist(),
        "lower": band.iloc[:, 0].tolist(),
        "upper": band.iloc[:, 1].tolist(),
        "at_risk": fitted.event_table["at_risk"].astype(int).tolist(),
    }


def kept_writing(frame, sent):
    length = (frame["end"] - frame["begin"]).to_numpy()
    recorded, ends = numpy.cumsum(length), frame["end"].to_numpy()
    pause = 28 * DAY
    seen = numpy.flatnonzero(recorded[-1] - recorded >= pause)
    wrote, times = {}, []
    for window, own in enumerate(sent):
        for name, _ in own:
            wrote.setdefault(name, []).append(window)
    for own in wrote.values():
        if not len(seen) or recorded[own[0]] <= pause or own[0] > seen[-1]:
            continue
        # Recorded time without a message: the windows between two with one.
        until = [*own[1:], len(frame)]
        silent = [length[one + 1 : other].sum() for one, other in zip(own, until)]
        last = next((window for window, time in zip(own, silent) if time >= pause), None)
        end = seen[-1] if last is None else last
        times.append((int(ends[end] - ends[own[0]]), last is not None))
    return times


def raids(frame, joined):
    """Hours in UTC, whose zone the files are read in, with far more joins than usual."""
    hour = ((frame["begin"] + frame["end"]) // 2) // HOUR
    joins = pandas.Series([len(own) for own in joined]).groupby(hour).sum()
    found = set()
    for own, count in joins.items():
        near = joins[(abs(joins.index - own) <= 14 * 24) & (abs(joins.index - own) > 12)]
        if len(near) >= 168 and count >= 10:
            busy = 3 * near.mean()
            if count > busy + 5 * busy**0.5:
                found.add(own)
    return found, hour


def stays(frame, joined, left):
    """Each stay: who, the windows of joining and of leaving, until when it is known."""
    ends, begins = frame["end"].to_numpy(), frame["begin"].to_numpy()
    gaps = [window for window in range(1, len(frame)) if begins[window] > ends[window - 1]]
    raided, hour = raids(frame, joined)
    there, found = {}, []

    def close(name, left_in, until):
        found.append((name, there.pop(name), left_in, int(until)))

    for window in range(len(frame)):
        for name in sorted({*joined[window], *left[window]}):
            comes, goes = joined[window].count(name), left[window].count(name)
            while comes or goes:
                if name in there and goes:
                    goes -= 1
                    close(name, window, ends[window])
                elif comes:
                    comes -= 1
                    if name in there:
                        before = [gap for gap in gaps if there[name] < gap <= window]
                        close(name, None, ends[before[0] - 1] if before else ends[window])
                    there[name] = window
                else:
                    goes = 0
    for name in [*there]:
        close(name, None, ends[-1])
    return [stay for stay in found if hour[stay[1]] not in raided], sum(hour[stay[1]] in raided for stay in found)


def wrote_within(frame, own_stays, sent, days):
    ends = frame["end"].to_numpy()
    wrote = {}
    for window, own in enumerate(sent):
        for name, _ in own:
            wrote.setdefault(name, []).append(window)
    asked = [stay for stay in own_stays if ends[stay[1]] + days * DAY <= ends[-1]]
    count = 0
    for name, join, left_in, _ in asked:
        own = wrote.get(name, [])
        first = bisect.bisect_left(own, join)
        if first < len(own) and ends[own[first]] <= ends[join] + days * DAY:
            count += left_in is None or own[first] <= left_in
    interval = scipy.stats.binomtest(count, len(asked)).proportion_ci(method="wilson") if asked else (0, 1)
    return [days, len(asked), int(count), *map(float, interval)]


for case, (days, minutes, raid) in enumerate([(150, 60, 0), (100, 30, 60), (240, 45, 15), (40, 60, 0), (20, 60, 0)]):
    frame = windows(days, minutes)
    joined, left, sent = lives(frame, raid)
    path = folder / f"{case}.json"
    write(path, frame, joined, left, sent)
    own_stays, raiders = stays(frame, joined, left)
    ends = frame["end"].to_numpy()
    local = pandas.to_datetime((frame["begin"] + frame["end"]) // 2, unit="ms", utc=True).dt.tz_localize(None)
    week = (local.dt.normalize() - pandas.to_timedelta(local.dt.day_of_week, "D")).dt.strftime("%Y-%m-%d")
    counts = pandas.DataFrame({"joined": map(len, joined), "left": map(len, left)}).groupby(week).sum()
    print(
        json.dumps(
            {
                "path": str(path),
                "kept_writing": curve(kept_writing(frame, sent)),
                "stayed": curve([(until - int(ends[join]), left_in is not None) for _, join, left_in, until in own_stays]),
                "raiders": raiders,
                "wrote_within": [wrote_within(frame, own_stays, sent, days) for days in (1, 7, 30)],
                "weeks": counts.reset_index().to_numpy().tolist(),
            }
        )
    )
