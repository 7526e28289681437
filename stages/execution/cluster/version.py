"""Whether driver and workers run the same program: other text, other results."""

from functools import cache
from pathlib import Path

from stages.plan.source_text import digest
from stages.process.stage import Refusal
from stages.store.record import versions

HOUSE = Path(__file__).parents[2]


@cache
def program() -> str:
    """Return a hash of the program's text, comments aside, and its versions.

    Of all of it: metrics and representations are imported by name when they are used.
    """
    return f"{digest(frozenset(HOUSE.rglob('*.py')))} {versions()}"


def check_same(told: str) -> None:
    """Raise Refusal unless the driver's program is the one that is here."""
    if told != program():
        raise Refusal(
            "a worker has another version of this program than the one that sent its "
            f"task (in {HOUSE.parent}): install the same on all machines, and start "
            "the workers again"
        )
