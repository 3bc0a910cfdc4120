"""The third notebook's cells in a real kernel, and what its owner might type next."""

import re

import pymongo
from conftest import NOTEBOOKS, code_cells, documents, run_cells

CELLS = code_cells(NOTEBOOKS / "your-own-questions.ipynb")


def run(session):
    """What each cell shows, as HTML, by its code."""
    shown = run_cells(session, CELLS)
    showing = [cell for cell in CELLS if not cell.rstrip().endswith(";")]
    assert list(shown) == showing
    return shown


def told(shown, words):
    """What the one cell with these words says below its figure or table."""
    [html] = [html for cell, html in shown.items() if words in cell]
    return re.search(r"<figcaption[^>]*>(.*)</figcaption>", html)[1]


def test_own_questions_of_the_sample(kernel):
    session = kernel()
    shown = run(session)
    assert "the most: Aster " in told(shown, "the Ten Busiest Hours")
    assert told(shown, "plot::line(").startswith("From Mon 6 Oct 2025 to ")
    for cell, html in shown.items():
        assert re.search(r"<svg.*role=\"img\"|<table", html), cell
        assert "NaN" not in html, cell
        # Values of one's own don't say where they are from.
        assert ("made up" in html) != ("plot::bars(" in cell or "plot::drawing(" in cell or "plot::scatter(" in cell
            or "plot::histogram(" in cell), cell
    # What an owner types next: a variable of rows, one of its elements, an error.
    [night] = session.run("let night: Vec<_> = activity.iter().filter(|w| w.end().hour() < 6).collect();\nnight").figures
    assert "<table" in night["text/html"] and "rows" in night["text/plain"]
    [first] = session.run("aggregate::growth(&activity, WEEK)[0]").figures
    assert first["text/plain"].startswith("Growth { begin: 2025-10-06 00:00 EDT, active: ")
    output = session.run('plot::bars(["one", "two"], [1])?')
    assert output.stderr.strip() == "1 value for 2 labels: there must be as many"
    output = session.run("activity.when(|window| window.messages() > 1_000_000)")
    assert "`when` keeps none of the 25,943 windows" in output.stderr
    # A panic costs no variable.
    assert session.run("activity.len()").figures[0]["text/plain"] == "25943"


def test_own_questions_of_a_server(kernel, mongodb):
    with pymongo.MongoClient(mongodb) as client:
        client.drop_database("own")
        client["own"]["activitydata"].insert_many(documents(3_000))
    shown = run(kernel(MONGOKEY=f"{mongodb}/own", ACTIVITY_SNAPSHOT="off"))
    assert "MongoDB own.activitydata" in shown["activity"]


def test_own_questions_of_a_past_without_online_members(kernel, past):
    shown = run(kernel(**past))
    assert told(shown, "plot::scatter(") == "Points need both values; there is none."
    assert told(shown, "plot::line(").startswith("A line needs a value")
