"""What a params file may be at most, looked at before anything is made of it.

A file of a kilobyte can describe a structure that fills a memory, by aliases of
aliases, or that no program walks through, by its depth. Parsing alone makes nothing of
either.
"""

from collections.abc import Iterable

from ruamel.yaml import YAML
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    Event,
    NodeEvent,
)

# Our choices: far above any study's.
MOST_BYTES = 1_000_000
DEEPEST = 32
MOST_VALUES = 200_000


def reason_against(text: str) -> str:
    """Return why the text of a params file is beyond all bounds; empty if it is not.

    Raises YAMLError if it is no YAML.
    """
    if len(text) > MOST_BYTES:
        return f"it has {len(text):,} letters; a params file has {MOST_BYTES:,} at most"
    return _too_much(YAML(typ="safe", pure=True).parse(text))


def _too_much(events: Iterable[Event]) -> str:
    """Return what there is too much of in a file: depth, or values with all aliases."""
    # Of each collection that is open: its anchor, and the values before it.
    opened: list[tuple[str | None, int]] = []
    sizes: dict[str, int] = {}
    n_values = 0
    for event in events:
        if isinstance(event, AliasEvent):
            n_values += sizes.get(event.anchor, 1)
        elif isinstance(event, CollectionStartEvent):
            opened.append((event.anchor, n_values))
            n_values += 1
        elif isinstance(event, CollectionEndEvent):
            anchor, before = opened.pop()
            if anchor is not None:
                sizes[anchor] = n_values - before
        elif isinstance(event, NodeEvent):
            n_values += 1
        if len(opened) > DEEPEST:
            return f"it is nested more than {DEEPEST} deep"
        if n_values > MOST_VALUES:
            return f"it has more than {MOST_VALUES:,} values, aliases spelled out"
    return ""
