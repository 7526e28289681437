"""Fetch the study's pictures: made upright, RGB and, if wanted, square.

    the source named in the params -> data/images/images.parquet, skipped.json
    the weights of networks and of LPIPS's backbones -> data/weights

A picture that cannot be read, or that repeats the pixels of an earlier one, is skipped
by name and reported; it never stops the others.
"""

import inspect
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from stages.images import Picture, pixel_hash, png, square
from stages.params.pictures import SOURCES
from stages.plan.own_weights import remarks
from stages.plan.study import fetch_stage
from stages.process.command_line import no_arguments
from stages.process.progress import Progress
from stages.process.stage import Refusal, run, say
from stages.sources.candidate import BadPicture, Candidate, Source
from stages.sources.picture import upright
from stages.store import files, paths, tables
from stages.store.schemas import IMAGES
from stages.store.times import timed
from stages.weights.fetching import fetch_weights

# How many skipped pictures are named on the screen; the file names them all.
N_NAMED = 5

# Side of images from which a judge trained at 224 pixels has something to see, as
# `stages.metrics.judges` has it (tested): importing it would bring all metrics here.
JUDGED_FROM = 128

Skipped = list[dict[str, str]]


@runtime_checkable
class PictureSettings(Protocol):
    """The part of the params that this stage reads, beside its source's own fields."""

    @property
    def source(self) -> str:
        """Return the name of the source, a key of `SOURCES`."""

    @property
    def limit(self) -> int | None:
        """Return how many good pictures to take; None: all."""

    @property
    def side(self) -> int | None:
        """Return the side of the square to make of each picture; None: as it is."""


def fetch(images: PictureSettings, downloads: Path) -> None:
    """Write the table of pictures and the list of those that were skipped."""
    source = SOURCES[images.source].load()
    skipped: Skipped = []
    path = getattr(images, "path", None)
    if path is not None and not Path(path).is_relative_to(paths.PICTURES):
        again = "`dvc repro --force fetch` after a change"
        say(f"DVC watches {paths.PICTURES} alone: {again}")
    with source(**_arguments(source, images, downloads)) as candidates:
        total = min(images.limit or len(candidates), len(candidates))
        with Progress("fetch", total, "pictures") as progress:
            rows = _rows(candidates, images, skipped, progress)
            n_pictures = tables.write_table(paths.IMAGES, rows, IMAGES)
    files.write_json(paths.SKIPPED, skipped)
    say(f"{n_pictures} pictures in {paths.IMAGES}")
    if skipped:
        say(f"{len(skipped)} skipped, see {paths.SKIPPED}:\n{_named(skipped)}")


def _arguments(
    source: Source, images: PictureSettings, downloads: Path
) -> dict[str, object]:
    """Return what the source asks for: fields of the params, and the folder."""
    return {
        name: downloads if name == "downloads" else getattr(images, name)
        for name in inspect.signature(source).parameters
    }


def _rows(
    candidates: Sequence[Candidate],
    images: PictureSettings,
    skipped: Skipped,
    progress: Progress,
) -> Iterator[dict[str, object]]:
    """Yield a row for each good picture up to the limit, and note the others."""
    names: dict[str, str] = {}
    for candidate in candidates:
        try:
            picture = _stored(upright(candidate.open), images.side)
            image_id = pixel_hash(picture)
            if image_id in names:
                raise BadPicture(f"same pixels as {names[image_id]}")
        except BadPicture as reason:
            skipped.append({"name": candidate.name, "reason": f"{reason}"})
            progress.advance(images.limit is None)
            continue
        names[image_id] = candidate.name
        yield _row(candidate, image_id, picture)
        progress.advance()
        if len(names) == images.limit:
            return
    if not names:
        # Inside the writing of the table, so that none is written.
        raise Refusal(f"No picture could be used:\n{_named(skipped)}")


def _stored(picture: Picture, size: int | None) -> Picture:
    return picture if size is None else square(picture, size)


def _row(candidate: Candidate, image_id: str, picture: Picture) -> dict[str, object]:
    return {
        "image_id": image_id,
        "name": candidate.name,
        "source": candidate.source,
        "licence": candidate.licence,
        "width": picture.width,
        "height": picture.height,
        "image": {"bytes": png(picture), "path": candidate.name},
    }


def _named(skipped: Skipped) -> str:
    lines = [f"  {item['name']}: {item['reason']}" for item in skipped[:N_NAMED]]
    n_more = len(skipped) - len(lines)
    return "\n".join(lines + [f"  and {n_more} more"] * (n_more > 0))


def main() -> None:
    """Run the stage as params.yaml says."""
    study = fetch_stage()
    for line in remarks(study, paths.PARAMS):
        say(line)
    params, downloads = study.fetch, paths.work() / "downloads"
    networks = {
        name: settings.weights_file
        for name, settings in study.representations.items()
        if settings.weights_file is not None
    }
    # First: where weights are required and cannot be had, it is told before the work.
    sides = [settings.side for settings in study.representations.values()]
    judge = max(sides) >= JUDGED_FROM
    fetch_weights(networks, params.networks, params.lpips, downloads, judge=judge)
    fetch(params.images, downloads)


if __name__ == "__main__":
    no_arguments("fetch", __doc__)
    run(timed("fetch", main))
