"""The study's cells in a real kernel: what they print, show and compute."""

import ast
import datetime
import pickle
import re

import matplotlib.dates
import numpy
import pandas
import pymongo
import pytest
from conftest import STUDY, code_cells, documents
from scipy.interpolate import UnivariateSpline

CELLS = code_cells(STUDY)
PULL = next(cell for cell in CELLS if "pull()" in cell)
TITLES = [
    "Number of Online Members on",
    "Message Volume",
    "Cumulative Messages",
    "Approx. Cumulative Messages",
    "Approx. Rate of Messages",
    "Number of Messages by Person",
]


def run_study(kernel):
    """Runs every cell; gives the pull cell's output and the figures."""
    pulled, figures = None, []
    for cell in CELLS:
        output = kernel.run(cell)
        assert output.stderr == "", f"{cell}\n{output.stderr}"
        figures += [data["text/html"] for data in output.figures if "text/html" in data]
        if cell == PULL:
            pulled = output.stdout
    return pulled, figures


def check_figures(figures):
    assert len(figures) == len(TITLES)
    for figure, title in zip(figures, TITLES):
        assert re.search(r"<title[^>]*>(.*)</title>", figure)[1].startswith(title)
        assert "NaN" not in figure and "<svg" in figure


def test_the_study_runs_on_the_sample_and_says_so(kernel):
    """No MongoDB, no settings: every figure, each saying that it is made up."""
    pulled, figures = run_study(kernel())
    check_figures(figures)
    assert "sample" in pulled.lower() and "made up" in pulled.lower() and "MONGOKEY" in pulled
    for figure in figures:
        assert "made up" in figure and "Iraq BTW" not in figure


def test_the_study_runs_on_a_past_without_online_members(kernel, past):
    """A file in place of a database: one figure says what isn't known, all others are whole."""
    pulled, figures = run_study(kernel(**past))
    check_figures(figures)
    assert "Number of entries: 3000" in pulled and "made up" not in pulled
    are_known = ["isn&#39;t known: no document says it" not in figure for figure in figures]
    assert are_known == [False] + [True] * (len(TITLES) - 1)


def test_the_study_runs_on_mongodb_and_refreshes(kernel, mongodb, tmp_path):
    """Figures of the database's windows; documents inserted show on the next pull."""
    count = 300
    with pymongo.MongoClient(mongodb) as client:
        client.drop_database("study")
        collection = client["study"]["activitydata"]
        collection.insert_many(documents(count))
        names = tmp_path / "names"
        ids = sorted({int(key) for document in collection.find() for key in document["quantities"]})
        names.write_bytes(pickle.dumps({id: f"user{number}" for number, id in enumerate(ids[:-1])}))
        settings = {
            "MONGOKEY": f"{mongodb}/study",
            "NAMES_FILE": str(names),
            "ACTIVITY_SNAPSHOT": str(tmp_path / "snapshot"),
        }
        session = kernel(**settings)
        pulled, figures = run_study(session)
        check_figures(figures)
        assert f"Number of entries: {count}" in pulled
        assert "study" in pulled and "Last updated: " in pulled
        assert mongodb not in pulled
        assert "Number of Online Members on Iraq BTW" in figures[0]
        assert "user" in figures[-1] and "made up" not in "".join(figures)

        collection.insert_many(documents(7, first=count))
        again = session.run(PULL)
        assert again.stderr == ""
        assert f"Number of entries: {count + 7}" in again.stdout

        # The same with nothing inserted, in a new kernel.
        other = kernel(**settings)
        other.run(CELLS[0])
        assert f"Number of entries: {count + 7}" in other.run(PULL).stdout


def test_after_a_failed_pull_no_figure_shows_what_was_pulled_before(kernel, mongodb):
    """The kernel goes on with the cells below, whatever failed above them."""
    with pymongo.MongoClient(mongodb) as client:
        client.drop_database("gone")
        client["gone"]["activitydata"].insert_many(documents(80))
        session = kernel(MONGOKEY=f"{mongodb}/gone", ACTIVITY_SNAPSHOT="off")
        check_figures(run_study(session)[1])
        client.drop_database("gone")
    for cell in CELLS[1:]:
        output = session.run(cell)
        assert output.stderr and not output.figures, cell


def shown(session, expression):
    """What a Rust expression is, as `{:?}` shows it; of `Some(7)`, the 7."""
    output = session.run(f'println!("{{:?}}", {expression});')
    assert output.stderr == ""
    return ast.literal_eval(re.sub(r"Some\((\d+)\)", r"\1", output.stdout))


@pytest.fixture(scope="module")
def reference(mongodb):
    """The original's loop over a database with times out of order and twice."""
    with pymongo.MongoClient(mongodb) as client:
        client.drop_database("reference")
        collection = client["reference"]["activitydata"]
        shuffled = list(documents(150))
        numpy.random.default_rng(3).shuffle(shuffled)
        collection.insert_many(shuffled)
        times, online, volume, cumulative, bars = [], [], [], [0], {}
        # The original reads in the order of the database, which was that of
        # time; where it isn't, its running sum makes no sense, so we sort.
        for entry in collection.find({}).sort("time", 1):
            times.append(matplotlib.dates.date2num(entry["time"]))
            online.append(entry["online-members"])
            volume.append(entry["messages-sent"])
            cumulative.append(cumulative[-1] + entry["messages-sent"])
            for person in entry["quantities"]:
                bars[person] = bars.get(person, 0) + entry["quantities"][person]
        return times, online, volume, cumulative[1:], bars


def test_aggregates_equal_the_originals(kernel, mongodb, reference):
    """Each column and series, against PyMongo, Matplotlib and SciPy."""
    times, online, volume, cumulative, bars = reference
    session = kernel(MONGOKEY=f"{mongodb}/reference", ACTIVITY_SNAPSHOT="off")
    session.run(CELLS[0])
    assert session.run("let activity = pull()?;").stderr == ""

    def values(expression):
        return shown(session, expression)

    assert values("activity.online_members()") == online
    assert values("activity.message_volume()") == volume
    assert values("aggregate::cumulative_messages(&activity)") == cumulative
    # Days since the epoch as doubles: one rounding apart, 1e-11 days at most.
    numpy.testing.assert_allclose(numpy.array(values("activity.ends()")) / 86_400_000, times, rtol=0, atol=1e-11)
    members = values("aggregate::messages_by_member(&activity).iter().map(|m| (m.id, m.messages)).collect::<Vec<_>>()")
    assert members == sorted(((int(id), sent) for id, sent in bars.items()), key=lambda m: (-m[1], m[0]))

    # 100 even points; the tolerance is the spline's own (see its tests), on
    # values of up to thousands of messages and rates of up to tens a minute.
    curve = UnivariateSpline(times, cumulative)
    points = numpy.linspace(times[0], times[-1], num=100)
    session.run("let fit = aggregate::smoothed(&activity)?;")
    numpy.testing.assert_allclose(values("fit.times()"), points, rtol=0, atol=1e-11)
    numpy.testing.assert_allclose(values("fit.cumulative_messages()"), curve(points), rtol=1e-6, atol=1e-6)
    numpy.testing.assert_allclose(values("fit.messages_per_minute()"), curve.derivative()(points) / 1440, rtol=1e-5, atol=1e-5)


def test_patterns_equal_what_pandas_computes(kernel, mongodb):
    """Days, hours of the week, gaps and coverage, over a change of the clocks
    and with two outages."""
    start = datetime.datetime(2026, 2, 27, 3, 10, tzinfo=datetime.timezone.utc)
    rows = [
        document
        for number, document in enumerate(documents(2500, start=start))
        if not (700 <= number < 731 or 1900 <= number < 1904)
    ]
    with pymongo.MongoClient(mongodb) as client:
        client.drop_database("patterns")
        client["patterns"]["activitydata"].insert_many(rows)
    frame = pandas.DataFrame(rows)
    time = pandas.to_datetime(frame["time"], utc=True).dt.tz_convert("US/Eastern")
    messages, online = frame["messages-sent"], frame["online-members"]
    interval = time.diff().dropna().sort_values().iloc[(len(time) - 1) // 2]
    session = kernel(MONGOKEY=f"{mongodb}/patterns", ACTIVITY_SNAPSHOT="off")
    session.run(CELLS[0])
    assert session.run("let activity = pull()?;").stderr == ""

    def milliseconds(times):
        return [round(time.timestamp() * 1000) for time in times]

    # A window began where the one before ended; after an outage it is as long as
    # the second longest of the four after it.
    steps = time.diff()
    outage = steps > 2.25 * interval
    after = [sorted(steps.iloc[i + 1 : i + 5])[-2] for i in time.index[outage]]
    begin = time.shift()
    begin[outage] = [time[i] - length for i, length in zip(time.index[outage], after)]
    begin[0] = time[0] - sorted(steps.iloc[1:5])[-2]
    assert shown(session, "activity.begins()") == milliseconds(begin)
    assert shown(session, "aggregate::usual_length(&activity).unwrap()") == (
        (time - begin).iloc[1:].sort_values().iloc[(len(time) - 1) // 2] / pandas.Timedelta("1ms")
    )
    found = shown(session, "aggregate::gaps(&activity).iter().map(|g| (g.begin, g.end)).collect::<Vec<_>>()")
    gaps = list(zip(milliseconds(time.shift()[outage]), milliseconds(begin[outage])))
    assert found == gaps and len(found) == 2
    lost = sum(to - since for since, to in gaps)
    first, last = milliseconds([begin[0], time.iloc[-1]])
    # One division of doubles on each side, here and below.
    assert shown(session, "aggregate::coverage(&activity)") == pytest.approx(1 - lost / (last - first), rel=1e-15)

    # A window belongs to the period that its middle lies in.
    middle = begin + (time - begin) / 2
    day = middle.dt.tz_localize(None).dt.normalize()
    keys = {
        "HOUR": middle.dt.floor("h"),
        "DAY": day.dt.tz_localize("US/Eastern"),
        "WEEK": (day - pandas.to_timedelta(day.dt.day_of_week, "D")).dt.tz_localize("US/Eastern"),
        "MONTH": day.dt.to_period("M").dt.to_timestamp().dt.tz_localize("US/Eastern"),
    }
    for period, at in keys.items():
        merged = pandas.DataFrame({"m": messages, "o": online}).groupby(at).agg({"m": ["size", "sum"], "o": ["mean", "max"]})
        assert session.run(f"let merged = activity.every({period});").stderr == ""
        assert shown(session, "merged.begins()") == milliseconds(merged.index)
        assert shown(session, "merged.windows()") == merged["m", "size"].tolist()
        assert shown(session, "merged.messages()") == merged["m", "sum"].tolist()
        assert shown(session, "merged.online_max()") == merged["o", "max"].tolist()
        # A sum of whole numbers and one division: pandas adds up doubles.
        assert shown(session, "merged.online_mean()") == pytest.approx(merged["o", "mean"].tolist(), rel=1e-14)
        bounds = list(zip(shown(session, "merged.begins()"), shown(session, "merged.ends()")))
        recorded = [
            max(0, min(end, last) - max(start, first)) - sum(max(0, min(end, to) - max(start, since)) for since, to in gaps)
            for start, end in bounds
        ]
        shares = [share / (end - start) for share, (start, end) in zip(recorded, bounds)]
        assert shown(session, "merged.coverage()") == pytest.approx(shares, rel=1e-15)
        if period == "DAY":
            assert 23 * 3_600_000 in {end - start for start, end in bounds}
    week = messages.groupby([middle.dt.day_of_week, middle.dt.hour]).agg(["size", "sum"])
    found = shown(session, "aggregate::weekly_rhythm(&activity).iter().filter(|h| h.windows > 0)"
                  ".map(|h| (h.weekday, h.hour, h.windows, h.messages)).collect::<Vec<_>>()")
    assert found == [(*key, *map(int, row)) for key, row in zip(week.index, week.values)]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"TIMEZONE": "Mars/Olympus"}, "TIMEZONE=Mars/Olympus is not a time zone"),
        ({"MONGOKEY": "mongodb://127.0.0.1:1", "MONGODB_TIMEOUT": "2"}, "127.0.0.1:1"),
        ({"MONGOKEY": "not a connection string, secret"}, "MONGOKEY"),
    ],
)
def test_a_bad_setting_is_one_clear_message(kernel, settings, says):
    """A cell's `?` prints the message, without a dump or a secret."""
    session = kernel(**settings)
    session.run(CELLS[0])
    output = session.run(PULL)
    assert says in output.stderr
    assert "secret" not in output.stderr + output.stdout
    assert len(output.stderr) < 500 and not re.search(r"\{|panicked|Kind", output.stderr)
