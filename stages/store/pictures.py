"""The study's pictures, as `fetch` stored them."""

from collections.abc import Iterator

from stages.store import paths, tables


def stored_pictures() -> Iterator[bytes]:
    """Yield the study's pictures in order, as PNG."""
    return (row["image"]["bytes"] for row in tables.rows(paths.IMAGES, ["image"]))
