"""The study in JupyterLab, as `make notebook` opens it, in a real browser."""

import re
import subprocess

import programs
import pymongo
import pytest
from conftest import CHROMIUM_ARGUMENTS, PROJECT, SCREENSHOTS, STUDY, documents, environment, jupyterlab
from playwright.sync_api import expect, sync_playwright

FIGURES = 6

@pytest.fixture(scope="module")
def browser():
    found = programs.chromium()
    assert found, "Chromium is missing; run `make test`, which installs it or says how"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=CHROMIUM_ARGUMENTS)
        yield chromium
        chromium.close()


def menu(page, *names):
    page.get_by_role("menuitem", name=names[0], exact=True).click()
    for name in names[1:]:
        # An item that opens a menu of its own has no role.
        page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{name}$")).click()


def figures(page):
    return page.locator(".jp-OutputArea-output svg[role=img]")


def wait_until_idle(page):
    expect(page.locator(".jp-InputPrompt", has_text="[*]")).to_have_count(0, timeout=600_000)


def screenshot(page, name):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def scroll_to(locator):
    locator.scroll_into_view_if_needed()
    locator.page.wait_for_timeout(300)


def cell(page, text):
    return page.locator(".jp-CodeCell", has_text=text).first


def test_run_all_tooltips_refresh_and_dark_theme(browser, mongodb, tmp_path):
    """Everything that the study's user does, in the order that they do it."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    before = STUDY.read_bytes()
    with pymongo.MongoClient(mongodb) as client:
        client.drop_database("browser")
        collection = client["browser"]["activitydata"]
        collection.insert_many(documents(78))
        settings = {"MONGOKEY": f"{mongodb}/browser", "ACTIVITY_SNAPSHOT": str(tmp_path / "snapshot")}
        with jupyterlab(tmp_path / "state", **settings) as server:
            address = server.address(f"lab/tree/{STUDY.name}")
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            page.goto(address)
            # The study itself is open, and nothing lies over it.
            expect(page.locator(".jp-Notebook")).to_be_visible(timeout=120_000)
            expect(page.get_by_role("heading", name="Server Activity Analysis")).to_be_visible()
            expect(page.locator(".jp-Dialog, .Toastify__toast")).to_have_count(0)
            expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")).to_be_visible(timeout=120_000)
            screenshot(page, "1-opened")

            # The page has connected to the kernel that was started ahead of it.
            [kernel] = server.get("api/kernels")
            assert kernel["connections"] > 0

            menu(page, "Run", "Run All Cells")
            page.wait_for_timeout(500)
            wait_until_idle(page)
            expect(page.locator(".jp-OutputArea-output[data-mime-type*=stderr]")).to_have_count(0)
            expect(page.get_by_text("Number of entries: 78")).to_be_visible()
            expect(figures(page)).to_have_count(FIGURES)
            for index in range(FIGURES):
                figure = figures(page).nth(index)
                scroll_to(figure)
                box = figure.bounding_box()
                assert box["width"] > 500 and box["height"] > 250, box
                screenshot(page, f"2-figure-{index + 1}")

            # Point at the middle of the first figure and at the longest bar.
            for index, at, says in (
                (0, (0.5, 0.5), r"^\d+ members online\w{3} \d+ Sep 2020, \d\d:\d\d$"),
                (FIGURES - 1, (0.3, 0.17), r"\d+ messages, \d+\.\d% of [\d,]+$"),
            ):
                figure = figures(page).nth(index)
                scroll_to(figure)
                box = figure.bounding_box()
                page.mouse.move(box["x"] + at[0] * box["width"], box["y"] + at[1] * box["height"])
                page.wait_for_timeout(300)
                shown = figure.locator(".tip:visible")
                screenshot(page, f"3-tooltip-{index + 1}")
                assert [text for text in visible_texts(shown) if re.search(says, text)], visible_texts(shown)

            # A newer window arrives, with more members than ever.
            newest = next(documents(1, first=78))
            collection.insert_one(newest | {"online-members": 4321})
            first = figures(page).first.inner_html()
            cell(page, "pull()?").locator(".cm-content").click()
            menu(page, "Run", "Run Selected Cell and All Below")
            page.wait_for_timeout(500)
            wait_until_idle(page)
            expect(page.get_by_text("Number of entries: 79")).to_be_visible()
            scroll_to(figures(page).first)
            screenshot(page, "4-refreshed")
            changed = figures(page).first.inner_html()
            assert changed != first and re.search(r"4,[0-9]{3}", changed)

            menu(page, "Settings", "Theme", "JupyterLab Dark")
            expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
            for index in (0, FIGURES - 1):
                scroll_to(figures(page).nth(index))
                screenshot(page, f"5-dark-{index + 1}")
                assert contrast(figures(page).nth(index)) >= 4.5
            page.close()
    # Nobody saved, so the repository's notebook has no outputs.
    assert STUDY.read_bytes() == before


def visible_texts(locator):
    return [text for text in locator.all_text_contents() if text.strip()]


def contrast(figure):
    """The lowest contrast of the figure's texts with what is behind them, as
    WCAG 2 defines it; 4.5 is its bound for small text."""
    return figure.evaluate(
        """svg => {
            const channels = colour => colour.match(/[\\d.]+/g).map(Number);
            const luminance = colour => {
                const [r, g, b] = channels(colour).map(c => c / 255)
                    .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            let behind = null;
            const back = svg.querySelector("rect");
            if (back && getComputedStyle(back).fillOpacity == 1) behind = getComputedStyle(back).fill;
            for (let e = svg; e && (!behind || behind == "none"); e = e.parentElement) {
                const colour = getComputedStyle(e).backgroundColor;
                if ((channels(colour)[3] ?? 1) > 0) behind = colour;
            }
            const texts = [...svg.querySelectorAll("text")].filter(text => text.getClientRects().length);
            return Math.min(...texts.map(text => {
                const [a, b] = [luminance(getComputedStyle(text).fill), luminance(behind)];
                return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            }));
        }"""
    )


def test_reports_open_without_a_network_and_print(browser, tmp_path):
    """`make report`'s pages need nothing else, show all figures, and fit A4."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    subprocess.run(["make", "report", f"REPORT={tmp_path}"], cwd=PROJECT, env=environment(), check=True)
    pages = sorted(tmp_path.glob("*.html"))
    assert [path.stem for path in pages] == ["community-patterns", "server-activity-analysis", "your-own-questions"]
    for path in pages:
        context = browser.new_context(offline=True, viewport={"width": 1100, "height": 1400})
        page = context.new_page()
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        assert page.locator("script").count() == 0
        shown = page.locator("svg[role=img]")
        assert shown.count() >= FIGURES - 1
        for index in range(shown.count()):
            box = shown.nth(index).bounding_box()
            assert box["width"] > 500 and box["height"] > 250, (path.name, box)
        page.screenshot(path=SCREENSHOTS / f"6-{path.stem}.png", full_page=True)
        page.pdf(path=SCREENSHOTS / f"6-{path.stem}.pdf", format="A4", prefer_css_page_size=True)
        # Nothing is cut off at the right of a printed page.
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 688, "height": 1000})  # A4 less the margins, at 96 dpi
        assert page.evaluate("document.documentElement.scrollWidth") <= 688
        context.close()


def test_a_failed_cell_fails_the_report(tmp_path):
    """The kernel calls a failed `?` ok; the report must not."""
    broken = environment(MONGOKEY="mongodb://127.0.0.1:1", MONGODB_TIMEOUT="2")
    old = tmp_path / "server-activity-analysis.html"
    old.write_text("of an earlier run")
    report = ["make", "report", f"REPORT={tmp_path}"]
    result = subprocess.run(report, cwd=PROJECT, env=broken, capture_output=True, text=True)
    assert result.returncode != 0
    assert "127.0.0.1:1" in result.stderr and "pull()" in result.stderr
    assert not old.exists()
