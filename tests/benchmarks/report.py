"""Report a made-up study of 5,000 jobs; print time, memory, bytes, and how it handles.

    python -m tests.benchmarks.report [--jobs 5000]

The browser is the system's Chromium, without a window. Interactive: from the start of
the navigation until all scripts have run and a frame was drawn. A frame of scrolling:
the time from one drawn frame to the next while table or gallery, with all jobs, are
scrolled by most of their height at every frame, so that nothing drawn can be kept.
Its processor time, that of all of the browser's processes, hangs less on what else the
machine does. Search and sort: from the event until the frame that shows the outcome.
"""

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psutil
from playwright.sync_api import sync_playwright

from tests.page.browser import fake

LAYERS = [f"layer{n:02d}" for n in range(20)]
SEEDS = 5
FRAME = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
# Scrolls an element by so much at each of `n` frames; the milliseconds of each.
SCROLL = """async ([name, n]) => {
  const box = document.getElementById(name);
  const frame = () => new Promise(requestAnimationFrame);
  box.scrollIntoView({ block: "center", behavior: "instant" });
  for (let i = 0; i < 30; i += 1) await frame();
  const times = [];
  let before = await frame();
  for (let i = 0; i < n; i += 1) {
    const most = box.scrollHeight - box.clientHeight;
    box.scrollTop = (box.scrollTop + 0.8 * box.clientHeight) % most;
    const now = await frame();
    times.push(now - before);
    before = now;
  }
  return times;
}"""
# Types a word into the search, or sorts by a column; milliseconds to the drawn frame.
ACT = """async ([name, word]) => {
  const drawn = () =>
    new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  document.getElementById("jobs").scrollIntoView({ behavior: "instant" });
  await drawn();
  const before = performance.now();
  if (name === "search") {
    const field = document.getElementById("jobs-search");
    field.value = word;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  } else {
    [...document.querySelectorAll("#jobs-table thead button")]
      .find((button) => button.textContent.startsWith(word)).click();
  }
  await drawn();
  return performance.now() - before;
}"""
SEARCHES = ["p", "pi", "picture 4", "picture 4 layer07", "layer1", ""]
SORTS = ["PSNR", "picture", "relative error", "layer", "seed"]


def reported(n_jobs: int) -> Path:
    """Write the study in this process's child, its page in this one; print how."""
    names = [f"picture {i}" for i in range(n_jobs // (len(LAYERS) * SEEDS))]
    if os.fork() == 0:
        fake.write_study(names, LAYERS, SEEDS)
        os._exit(0)
    _, status = os.wait()
    if status:
        sys.exit("the study could not be written")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    path = fake.write_report()
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    beside = len(list((path.parent / "pictures").iterdir()))
    print(f"written in {seconds:.1f} s, peak memory +{(peak - before) / 1024:.0f} MB")
    print(f"{path.stat().st_size / 1e6:.2f} MB, {beside:,} thumbnails beside it")
    return path


@contextmanager
def opened(path: Path, view: str = "") -> Iterator[tuple[Any, float]]:
    """Open the page; give it and the milliseconds until it can be used."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        start = time.perf_counter()
        page.goto(path.as_uri() + view, wait_until="commit")
        page.wait_for_selector("html[data-ready]", state="attached")
        page.evaluate(FRAME)
        yield page, 1000 * (time.perf_counter() - start)
        browser.close()


def starts(path: Path) -> list[float]:
    """Return the milliseconds until the page can be used, of three openings."""
    times = []
    for _ in range(3):
        with opened(path) as (_, milliseconds):
            times.append(milliseconds)
    return times


def tell(what: str, times: list[float]) -> None:
    """Print the median, the 95th percentile and the largest of times."""
    high = quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
    print(f"{what}: median {median(times):.0f} ms, 95 % {high:.0f}, {max(times):.0f}")


def processor_seconds() -> float:
    """Return the processor time of the processes that this one started."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            spent = process.cpu_times()
            total += spent.user + spent.system
    return total


def handled(path: Path) -> None:
    """Print how the page scrolls, searches and sorts with all jobs shown."""
    with opened(path, "#all=") as (page, _):
        for name in ("jobs-table", "matrix"):
            page.evaluate(SCROLL, [name, 10])
            before = processor_seconds()
            tell(f"a frame of scrolling #{name}", page.evaluate(SCROLL, [name, 100]))
            # Before it scrolls, 30 frames pass.
            spent = 1000 * (processor_seconds() - before) / 130
            print(f"  its processor time, on the mean: {spent:.0f} ms")
        for name, words in (("search", SEARCHES), ("sort", SORTS)):
            tell(name, [page.evaluate(ACT, [name, word]) for word in words])


def main() -> None:
    """Report the study, open the page three times, and handle it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=5000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        path = reported(chosen.jobs)
        times = ", ".join(f"{milliseconds:.0f}" for milliseconds in starts(path))
        print(f"interactive after {times} ms")
        handled(path)
        os.chdir("/")


if __name__ == "__main__":
    main()
