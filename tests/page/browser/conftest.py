"""A page about a made-up study in the system's Chromium; no browser, no test."""

import os
import shutil
from contextlib import chdir
from pathlib import Path

import pytest

from tests.page.browser import fake

LAYERS = ["conv1", "conv2", "conv3", "fc8"]
NAMES = ["cat", fake.EVIL, fake.SCRIPT, "dog"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update"),
    "--disable-sync",
]


def pytest_collection_modifyitems(items):
    """Everything here starts a browser."""
    here = Path(__file__).parent
    for item in items:
        if here in Path(item.path).parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def browser():
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed"
    )
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"no browser on the PATH: looked for {', '.join(BROWSERS)}")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def changes(i, depth, seed):
    """Fail one job, leave one without a gradient, show one layer a part alone."""
    if (i, depth, seed) == (0, 3, 1):
        gone = {"image": None, "trace": None, "seconds": None, "device": ""}
        return {"status": "failed", "reason": "out of <b>memory</b>", **gone}
    if depth == 1:
        return {"region": "centre 2", "window": [3, 5, 3, 5], "prior": "none"}
    if (i, depth, seed) == (1, 3, 0):
        return {"status": "dead-gradient", "reason": "all units are off"}
    return {}


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    """Write a small study and its page; return the page's path."""
    folder = tmp_path_factory.mktemp("study")
    with chdir(folder):
        skipped = [{"name": fake.EVIL, "reason": fake.SCRIPT}]
        fake.write_study(NAMES, LAYERS, 2, changes, skipped)
        return fake.write_report(title=fake.SCRIPT)


@pytest.fixture
def open_page(browser, study):
    """Return a function that opens the page at a view; nothing may go wrong in it."""
    contexts, wrong = [], []

    def answer(route):
        if route.request.url.startswith("file:"):
            route.continue_()
        else:
            wrong.append(route.request.url)
            route.abort()

    def opened(view="", path=study, script="", **options):
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 900}} | options
        )
        contexts.append(context)
        context.route("**/*", answer)
        page = context.new_page()
        page.add_init_script(script)
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss())
        )
        page.goto(path.as_uri() + view)
        if options.get("java_script_enabled", True):
            page.wait_for_selector("html[data-ready]", timeout=60_000)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def pages_folder(tmp_path):
    """A working directory of its own for studies of other sizes."""
    before = os.getcwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)
