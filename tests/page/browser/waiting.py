"""Waiting for a page that forbids what Playwright's own waiting needs: `eval`."""

import time


def until(page, expression, seconds=30.0):
    """Wait until the expression is true in the page; fail after so many seconds."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"not true after {seconds} s: {expression}"
        page.wait_for_timeout(20)
