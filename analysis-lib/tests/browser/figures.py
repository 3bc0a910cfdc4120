"""Opens every golden figure in headless Chromium, as a person would see it.

    python figures.py FOLDER

draws the figures anew into FOLDER (with Cargo) and checks that

- no script runs, whatever stands in a name, and nothing is fetched;
- the mouse over a point, a bar or a cell shows its tooltip, and only that;
- every text stands within its card, and labels don't stand on each other;
- a page in JupyterLab's dark colours leaves figures as they are;
- a PNG looks as its SVG does in the browser.

Screenshots are left in FOLDER. Chromium is $CHROMIUM or /usr/bin/chromium; it
fails where there is none. Needs the package playwright (not its browsers).
"""

import base64
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = HERE.parent.parent
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PICTURES = ["sample-online-half-day", "sample-members", "odd-names"]

# Where the mouse goes, in pixels of the figure, and what it must show.
HOVERS = [
    ("sample-online-half-day", (300, 200), ["members online", "Sat 4 Apr 2026, "]),
    ("sample-online-half-day", (826, 200), ["members online", "Sun 5 Apr 2026, 05:5"]),
    ("sample-online-half-year", (400, 300), [" – ", "windows", "highest: "]),
    ("sample-rate-half-day", (500, 100), ["messages per minute"]),
    ("gaps-and-a-lone-window", (220, 300), ["no data", "Fri 4 Sep 2020, "]),
    ("window-still-running", (826, 100), ["4 messages", "not over when recorded"]),
    ("sample-members", (700, 78), ["46,375 messages", "15.0% of 310,"]),
    ("odd-names", (100, 98), ["long long long"]),
    ("sample-weekly-rhythm", (500, 190), ["messages in an hour", "Thursday, 1"]),
    ("weekly-not-all-seen", (300, 80), ["never recorded", "Monday, "]),
    ("sample-daily", (300, 300), ["1,901 messages", "Sun 30 Nov 2025"]),
]

failures = []


def check(holds, what):
    if not holds:
        failures.append(what)
        print(f"FAILED {what}")


def shown_tips(page, name):
    return page.evaluate(
        """name => [...document.querySelectorAll(`#${name} + figure .tip`)]
            .filter(tip => getComputedStyle(tip).visibility === 'visible')
            .map(tip => tip.textContent)""",
        name,
    )


def no_script_runs(page, requests, messages):
    page.wait_for_timeout(300)
    check(page.title() == "Figures", f"a script ran: the title is {page.title()!r}")
    for tag in ("script", "img", "iframe", "a", "foreignObject", "image", "use"):
        count = page.locator(tag).count()
        check(count == 0, f"{count} elements <{tag}>")
    handlers = page.evaluate(
        """() => [...document.querySelectorAll('*')].flatMap(e => [...e.attributes])
            .filter(a => a.name.startsWith('on') || a.name.includes('href')).length"""
    )
    check(handlers == 0, f"{handlers} attributes that run or fetch something")
    check(len(requests) == 1, f"the page asked for {requests}")
    check(not messages, f"the page said {messages}")


def tooltips_show(page, folder):
    for name, (x, y), expected in HOVERS:
        figure = page.locator(f"#{name} + figure svg")
        figure.scroll_into_view_if_needed()
        box = figure.bounding_box()
        check(not shown_tips(page, name), f"{name}: a tooltip without the mouse")
        page.mouse.move(box["x"] + x, box["y"] + y)
        tips = shown_tips(page, name)
        check(len(tips) == 1, f"{name} at {x}, {y}: {len(tips)} tooltips")
        for text in expected:
            check(tips and text in tips[0], f"{name} at {x}, {y}: {tips} without {text!r}")
        figure.screenshot(path=folder / f"hover-{name}-{x}.png")
        page.mouse.move(0, 0)


def texts_have_room(page):
    for problem in page.evaluate(
        """() => {
        const problems = [];
        for (const figure of document.querySelectorAll('figure')) {
            const name = figure.previousElementSibling.id;
            const svg = figure.querySelector('svg');
            const {width, height} = svg.viewBox.baseVal;
            const seen = [];
            for (const text of svg.querySelectorAll('text')) {
                const tip = text.closest('.tip');
                const b = text.getBBox();
                const say = what => problems.push(`${name}: ${text.textContent.slice(0, 60)} ${what}`);
                if (b.x < 2 || b.x + b.width > width - 2 || b.y < 0 || b.y + b.height > height) say('leaves the card');
                if (tip) {
                    const r = tip.querySelector('rect').getBBox();
                    if (b.x < r.x || b.x + b.width > r.x + r.width || b.y < r.y - 1 || b.y + b.height > r.y + r.height + 1) say('leaves its tooltip');
                    continue;
                }
                for (const [other, label] of seen)
                    if (b.x < other.x + other.width && other.x < b.x + b.width && b.y + 2 < other.y + other.height - 2 && other.y + 2 < b.y + b.height - 2)
                        say(`stands on ${label.slice(0, 60)}`);
                seen.push([b, text.textContent]);
            }
        }
        return problems;
    }"""
    ):
        check(False, problem)


def dark_pages_change_nothing(page, folder):
    figure = page.locator("#sample-online-half-day + figure svg")
    light = figure.screenshot()
    page.add_style_tag(content="body{background:#111;color:#eee}")
    dark = figure.screenshot(path=folder / "dark.png")
    # The corners outside the card's rounding may differ.
    check(difference(page, light, dark) < 0.5, "a dark page changes the figure")


def difference(page, one, other):
    """The mean difference of two pictures' pixels, of 255."""
    return page.evaluate(
        """async pictures => {
        const data = [];
        for (const picture of pictures) {
            const image = await createImageBitmap(await (await fetch(picture)).blob());
            const canvas = new OffscreenCanvas(image.width, image.height);
            const context = canvas.getContext('2d');
            context.drawImage(image, 0, 0);
            data.push(context.getImageData(0, 0, image.width, image.height));
        }
        const [a, b] = data;
        if (a.width !== b.width || a.height !== b.height) return 255;
        let sum = 0;
        for (let i = 0; i < a.data.length; i++) sum += Math.abs(a.data[i] - b.data[i]);
        return sum / a.data.length;
    }""",
        ["data:image/png;base64," + base64.b64encode(p).decode() for p in (one, other)],
    )


def pictures_look_the_same(browser, folder):
    for name in PICTURES:
        page = browser.new_page(device_scale_factor=2, viewport={"width": 900, "height": 900})
        page.set_content("<style>*{margin:0}</style>" + (folder / f"{name}.svg").read_text())
        drawn = page.locator("svg").screenshot(path=folder / f"{name}-browser.png")
        saved = (folder / f"{name}.png").read_bytes()
        mean = difference(page, drawn, saved)
        print(f"{name}.png differs from the browser's by {mean:.2f} of 255 in the mean")
        check(mean < 4, f"{name}.png doesn't look as in the browser: {mean:.2f} of 255")
        page.close()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1]).resolve()
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not pathlib.Path(chromium).exists():
        sys.exit(f"FAILED: there is no Chromium at {chromium}; install it (apt-get install chromium) or set CHROMIUM")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        sys.exit("FAILED: this Python has no playwright; run `make test`, or pip install playwright")
    command = ["cargo", "run", "--quiet", "--locked", "--example", "figures", "--", str(folder), *PICTURES]
    subprocess.run(command, cwd=PACKAGE, check=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1000, "height": 900})
        requests, messages = [], []
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.on("dialog", lambda dialog: (messages.append(dialog.message), dialog.dismiss()))
        page.goto((folder / "index.html").as_uri())
        no_script_runs(page, requests, messages)
        texts_have_room(page)
        tooltips_show(page, folder)
        dark_pages_change_nothing(page, folder)
        pictures_look_the_same(browser, folder)
        browser.close()
    if failures:
        sys.exit(f"{len(failures)} failed; screenshots in {folder}")
    print(f"All figures hold in Chromium; screenshots in {folder}")


if __name__ == "__main__":
    main()
