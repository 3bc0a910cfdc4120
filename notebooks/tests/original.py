"""What the Python notebook did, timed: the side that we are compared with.

    original.py DATABASE URI [--pull-only] [--no-spline]

Prints one line of JSON: seconds of each step and the peak memory in MB. The
steps are those of the original's cells: imports, the pull (it read everything
twice), five line figures, the spline, and the members' bars; figures are
rendered to PNG as a notebook shows them.
"""

import io
import json
import resource
import sys
import time

database, uri, *options = sys.argv[1:]
seconds = {}
clock = time.perf_counter()


def step(name):
    global clock
    now = time.perf_counter()
    seconds[name] = seconds.get(name, 0) + now - clock
    clock = now


import matplotlib

matplotlib.use("agg")
import matplotlib.dates
import matplotlib.pyplot as plt
import pymongo
import zoneinfo

step("import")
collection = pymongo.MongoClient(uri)[database]["activitydata"]
entries = len(list(collection.find({})))
times, online, volume, cumulative, bars = [], [], [], [0], {}
for entry in list(collection.find({})):
    times.append(matplotlib.dates.date2num(entry["time"]))
    online.append(entry["online-members"])
    volume.append(entry["messages-sent"])
    cumulative.append(cumulative[-1] + entry["messages-sent"])
    for member, sent in entry["quantities"].items():
        bars[member] = bars.get(member, 0) + sent
step("pull")
zone = zoneinfo.ZoneInfo("US/Eastern")


def show(figure):
    figure.savefig(io.BytesIO(), format="png")
    plt.close(figure)


def line(title, label, x, y):
    figure, axes = plt.subplots()
    axes.set(title=title, xlabel="Time", ylabel=label)
    axes.plot(x, y, "-")
    axes.xaxis_date()
    axes.xaxis.set_major_formatter(matplotlib.dates.DateFormatter("%H:%M", tz=zone))
    axes.grid()
    show(figure)


if "--pull-only" not in options:
    line("Number of Online Members", "Number of Members (Human, Online)", times, online)
    step("first figure")
    line("Message Volume", "Number of Messages Sent in Time Window", times, volume)
    step("second figure")
    line("Cumulative Messages", "Cumulative Number of Messages", times, cumulative[1:])
    step("figures")
    if "--no-spline" not in options:
        import numpy
        from scipy.interpolate import UnivariateSpline

        curve = UnivariateSpline(times, cumulative[1:])
        step("spline")
        points = numpy.linspace(times[0], times[-1], num=100)
        line("Approx. Cumulative Messages", "Number of Messages", points, curve(points))
        line("Approx. Rate of Messages", "Messages per Minute", points, curve.derivative()(points) / 1440)
        step("figures")
    figure, axes = plt.subplots()
    members = sorted(bars, key=bars.get)
    axes.set(title="Number of Messages by Person", yticks=range(len(bars)), yticklabels=members)
    axes.barh(range(len(bars)), sorted(bars.values()))
    show(figure)
    step("figures")

peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"entries": entries, "seconds": seconds, "peak MB": peak}))
