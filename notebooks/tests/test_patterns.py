"""The second notebook's cells in a real kernel, on much data and on next to none."""

import re

import pymongo
import pytest
from conftest import NOTEBOOKS, code_cells, documents, run_cells

CELLS = code_cells(NOTEBOOKS / "community-patterns.ipynb")
SHOWING = [cell for cell in CELLS if "plot::" in cell or "table::" in cell]


def run(session):
    """What each cell with a figure or a table shows, as HTML, by its code."""
    shown = run_cells(session, CELLS)
    assert list(shown) == SHOWING
    for cell, html in shown.items():
        assert re.search(r"<svg.*role=\"img\"|<table", html), cell
        assert "NaN" not in html and "inf" not in re.sub(r"<[^>]*>", "", html).split(), cell
    return shown


def sentences(shown):
    """The sentence below each figure and table."""
    said = {cell: re.search(r"<figcaption[^>]*>(.*)</figcaption>", html)[1] for cell, html in shown.items()}
    for cell, text in said.items():
        assert re.fullmatch(r".*[.%]", text), f"{cell}: {text!r}"
    return said


def test_the_patterns_of_the_sample(kernel):
    shown = run(kernel())
    said = sentences(shown)
    assert "95 % band" in said["plot::rate(&activity)"]
    assert "Gini coefficient" in said["plot::concentration(&activity, &names)"]
    assert "more than" in said["table::compare(&activity, &names, WEEK)"]
    for html in shown.values():
        assert "made up" in html


def half_a_day():
    return list(documents(78))


def nobody_writes():
    silent = {"messages-sent": 0, "quantities": {}}
    return [document | silent for document in documents(3_000)]


def one_member():
    return [d | {"quantities": {"123456789012345678": d["messages-sent"]}} for d in documents(3_000)]


@pytest.mark.parametrize("data", [half_a_day, nobody_writes, one_member])
def test_the_patterns_of_little_data_say_what_is_missing(kernel, mongodb, data):
    """No cell fails, and none draws nonsense: it says what it needs."""
    with pymongo.MongoClient(mongodb) as client:
        client.drop_database("little")
        client["little"]["activitydata"].insert_many(data())
    said = sentences(run(kernel(MONGOKEY=f"{mongodb}/little", ACTIVITY_SNAPSHOT="off")))
    if data is half_a_day:
        for what in ("rolling", "stickiness", "lags", "compare", "newcomers"):
            [text] = [text for cell, text in said.items() if f"::{what}(" in cell]
            assert re.search(r"needs?\b|takes", text), text
    if data is nobody_writes:
        for what in ("concentration", "member_shares", "member_hours", "top_members"):
            [text] = [text for cell, text in said.items() if f"::{what}(" in cell]
            assert text.startswith("Nobody wrote a message"), text
    if data is one_member:
        [text] = [text for cell, text in said.items() if "::concentration(" in cell]
        assert text == "All messages were written by 1 member."


def test_the_patterns_of_a_past_say_what_is_not_known(kernel, past):
    said = sentences(run(kernel(**past)))
    online = [text for cell, text in said.items() if re.search(r"::(weekly_online|online_members\w*|busyness|lags)\(", cell)]
    assert len(online) >= 3
    for text in online:
        assert text.endswith("isn't known: no document says it.") or text.endswith("isn&#39;t known: no document says it."), text
    [text] = [text for cell, text in said.items() if "::channel_shares(" in cell]
    assert "7890" in text
