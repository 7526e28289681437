"""Report a made-up study of 5,000 jobs; print time, memory, bytes, time to interactive.

    python -m tests.benchmarks.report [--jobs 5000]

The browser is the system's Chromium, without a window. Interactive: from the start of
the navigation until all scripts have run and a frame was drawn.
"""

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.page.browser import fake

LAYERS = [f"layer{n:02d}" for n in range(20)]
SEEDS = 5
FRAME = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"


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


def interactive(path: Path) -> float:
    """Return the milliseconds until the page can be used."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        page = browser.new_page()
        start = time.perf_counter()
        page.goto(path.as_uri(), wait_until="commit")
        page.wait_for_selector("html[data-ready]", state="attached")
        page.evaluate(FRAME)
        milliseconds = 1000 * (time.perf_counter() - start)
        browser.close()
        return milliseconds


def main() -> None:
    """Report the study and open the page three times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=5000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        path = reported(chosen.jobs)
        times = ", ".join(f"{interactive(path):.0f}" for _ in range(3))
        print(f"interactive after {times} ms")
        os.chdir("/")


if __name__ == "__main__":
    main()
