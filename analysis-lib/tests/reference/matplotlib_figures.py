"""Time and size of the original's figures, drawn as it draws them, as SVG."""

import io
import time

import matplotlib

matplotlib.use("svg")
import matplotlib.dates as md
import numpy as np
from matplotlib import pyplot as plt

TIMES = 3


def line(times, values, title, label):
    fig = plt.figure()
    ax = fig.add_subplot(111)
    ax.set_title(title)
    ax.plot(times, values, "-")
    ax.set_ylabel(label)
    ax.set_xlabel("Time")
    ax.xaxis_date()
    ax.xaxis.set_major_formatter(md.DateFormatter("%H:%M"))
    ax.grid()
    return fig


def bars(totals):
    fig = plt.figure()
    ax = fig.add_subplot(111)
    ax.set_title("Number of Messages by Person")
    places = np.arange(len(totals))
    ax.barh(places, np.sort(totals))
    ax.set_yticks(places)
    ax.set_yticklabels([f"user{i}" for i in places])
    return fig


def measure(name, windows, draw):
    times = []
    for _ in range(TIMES):
        begin = time.perf_counter()
        fig = draw()
        out = io.BytesIO()
        fig.savefig(out, format="svg")
        times.append(time.perf_counter() - begin)
        plt.close(fig)
    size = len(out.getvalue()) / 1000
    print(f"{name:<24}{windows:>10}{sorted(times)[TIMES // 2] * 1e3:>9.1f} ms{size:>9.1f} kB")


print(f"Matplotlib {matplotlib.__version__}")
for windows in (78, 52_560, 525_600):
    i = np.arange(windows)
    times = 18_000 + i / 144
    hour = i // 6 % 24
    level = 12 - abs(hour - 12)
    noise = (i * i * 7919 + i * 104_729) % 13
    volume = level * 4 + noise
    measure("online_members", windows, lambda: line(times, 20 + level * 4 + noise % 5, "Online", "Members"))
    measure("message_volume", windows, lambda: line(times, volume, "Message Volume", "Messages"))
    measure("cumulative_messages", windows, lambda: line(times, np.cumsum(volume), "Cumulative", "Messages"))
    measure("messages_by_member", windows, lambda: bars(np.arange(40) * windows))
