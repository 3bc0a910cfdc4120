"""Random windows over changes of clocks, for the scripts beside it."""

import numpy
import pandas

# Of each zone, a day about two weeks before each change of its clocks. Lord
# Howe's are half an hour, Santiago's come at midnight, Kolkata has none.
STARTS = {
    "US/Eastern": ["2024-02-25", "2024-10-20"],
    "Europe/London": ["2024-03-17", "2024-10-13"],
    "Australia/Lord_Howe": ["2024-03-24", "2024-09-22"],
    "America/Santiago": ["2024-03-24", "2024-08-25"],
    "Asia/Kolkata": ["2024-03-17", "2024-10-13"],
}


def windows(rng, start, minutes):
    """Ends and begins of about thirty days of windows that aren't quite as long as
    each other, with three outages, and how many members were online."""
    count = 30 * 1440 // minutes
    ends = pandas.Timestamp(start, tz="UTC") + pandas.to_timedelta(minutes * 60_000 * numpy.arange(count), "ms")
    ends = ends + pandas.to_timedelta(rng.integers(0, 3_000, count) + rng.integers(0, 60 * minutes * 1000), "ms")
    frame = pandas.DataFrame({"end": ends})
    frame["begin"] = frame["end"].shift()
    kept = numpy.ones(count, dtype=bool)
    for outage in numpy.sort(rng.choice(numpy.arange(40, count - 40, 30), 3, replace=False)):
        kept[outage : outage + rng.integers(3, 20)] = False
    frame = frame[kept].iloc[1:].reset_index(drop=True)
    frame["online"] = rng.integers(0, 500, len(frame))
    return frame


def extended(time):
    """A time as `mongoexport` writes it."""
    return {"$date": {"$numberLong": str(time.value // 1_000_000)}}
