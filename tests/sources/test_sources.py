"""The table of picture sources: a row is all that the fetch stage needs of one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image

from stages import fetch
from stages.sources import SOURCES, Candidate
from stages.store import paths, tables


@contextmanager
def flags(*, colours: list[str]) -> Iterator[Sequence[Candidate]]:
    """Give a plain picture of each colour."""
    yield [
        Candidate(
            name=colour,
            source="drawn",
            licence="CC0",
            open=lambda colour=colour: Image.new("RGB", (40, 20), colour),
        )
        for colour in colours
    ]


@dataclass(frozen=True)
class FlagSettings:
    colours: list[str]
    source: str = "flags"
    limit: int | None = None
    side: int | None = 16


def test_a_source_is_added_by_its_row_alone(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(SOURCES, "flags", flags)
    fetch.fetch(FlagSettings(["red", "green"]), tmp_path)
    rows = list(tables.rows(paths.IMAGES, ["name", "licence", "width"]))
    assert rows == [
        {"name": name, "licence": "CC0", "width": 16} for name in ("red", "green")
    ]
