"""The grid -> plates: one an entry, in the params' own order.

Pictures are named here by their jobs' keys: who draws a plate looks them up.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import pandas as pd

from stages.page.inputs import Entry
from stages.page.plates.layout import Labels, Layout, Line, layout
from stages.page.plates.plate import Plate, Spot
from stages.page.plates.tiles import Window
from stages.page.summary import SELECTION, are_learned, depths
from stages.page.wording import MISSING, counted, listed, number

# Representation, layer and region -> the window of the image that they see.
Fields = Mapping[tuple[str, str, str], Window]

_GALLERY = [*SELECTION, "prior", "solver"]
_COLUMNS = [*_GALLERY, "seed", "image_id", "image_name", "key"]
_COLUMNS += ["relative_error_8bit", "psnr"]


def plates(
    grid: Sequence[Entry],
    scores: pd.DataFrame,
    layers: Mapping[str, Sequence[str]],
    fields: Fields,
) -> list[Plate]:
    """Return a plate of each entry that has done jobs, or of the whole study.

    `layers` are each representation's from shallow to deep; `fields` give the windows
    that selections see, as shares of the side.
    """
    is_done = (scores["kind"] == "preimage") & (scores["status"] == "done")
    done = scores.loc[is_done]
    done = done[_COLUMNS].assign(is_learned=are_learned(done))
    study = _ordered(done, layers)
    entries = grid or list(_representations(study))
    return [
        _plate(f"plate-{i + 1}", entry, jobs, study, fields)
        for i, entry in enumerate(entries)
        if len(jobs := _jobs(entry, study))
    ]


def _ordered(jobs: pd.DataFrame, layers: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return the jobs, each representation's layers from shallow to deep."""
    known = [(name, layer) for name, order in layers.items() for layer in order]
    deep = jobs.assign(_depth=depths(jobs, known))
    return deep.sort_values("_depth", kind="stable")


def _representations(study: pd.DataFrame) -> Iterator[Entry]:
    """Yield entries that stand in for those of a grid that is not known."""
    for name, jobs in study.groupby("representation", sort=False):
        yield Entry(
            title="",
            representations=(f"{name}",),
            layers=("*",),
            channels=_names(jobs["channels"]),
            regions=_names(jobs["region"]),
            priors=_names(jobs["prior"]),
            solvers=_names(jobs["solver"]),
            seeds=tuple(sorted(map(int, jobs["seed"].unique()))),
        )


def _names(column: "pd.Series[str]") -> tuple[str, ...]:
    return tuple(map(str, column.unique()))


def _jobs(entry: Entry, study: pd.DataFrame) -> pd.DataFrame:
    """Return the jobs that the entry asks for."""
    jobs = study[
        study["representation"].isin(entry.representations)
        & study["channels"].isin(entry.channels)
        & study["region"].isin(entry.regions)
        & study["prior"].isin(entry.priors)
        & study["solver"].isin(entry.solvers)
        & study["seed"].isin(entry.seeds)
        & study["layer"].isin(_matching(study["layer"].unique(), entry.layers))
    ]
    if isinstance(entry.images, int):
        return jobs[jobs["image_id"].isin(jobs["image_id"].unique()[: entry.images])]
    return jobs[jobs["image_name"].isin(entry.images)] if entry.images else jobs


def _matching(layers: Iterable[str], patterns: Sequence[str]) -> list[str]:
    return [n for n in layers if any(fnmatchcase(n, one) for one in patterns)]


def _plate(
    name: str, entry: Entry, jobs: pd.DataFrame, study: pd.DataFrame, fields: Fields
) -> Plate:
    laid = layout(entry, jobs, study)
    rows = [
        (
            row[0],
            [_original(row, laid, jobs, fields), *_spots(row, laid, study, fields)],
        )
        for row in laid.rows
    ]
    return Plate(
        name=name,
        title=entry.title or _title(entry, jobs),
        caption=f"{laid.words}. {_about(laid, jobs)}",
        columns=["original", *(column for column, _ in laid.columns)],
        rows=rows,
        view=_view(jobs, laid, study),
    )


def _title(entry: Entry, jobs: pd.DataFrame) -> str:
    """Return a title made of what the entry inverts and varies."""
    names = listed(list(jobs["representation"].unique()))
    varied = [
        f"{word} {listed(values)}"
        for word, values in (
            ("channels", entry.channels),
            ("region", entry.regions),
            ("prior", entry.priors),
            ("solver", entry.solvers),
        )
        if set(values) - {"all", "default", "fast"}
    ]
    n_layers, n_seeds = jobs["layer"].nunique(), jobs["seed"].nunique()
    n_representations = jobs["representation"].nunique()
    layers = [counted(n_layers, "layer")] if n_layers > n_representations else []
    seeds = [counted(n_seeds, "seed")] if n_seeds > 1 else []
    return ", ".join([names, *layers, *varied, *seeds])


def _about(laid: Layout, jobs: pd.DataFrame) -> str:
    one = {str(labels["image_id"]) for _, labels in laid.rows}
    first = [_name(image_id, jobs) for image_id in one] if len(one) == 1 else []
    picture = "".join(f"Of {name}, the first picture. " for name in first)
    return (
        f"{picture}Below each: how far its code still is from the photograph's, and "
        "how alike both are pixel by pixel."
    )


def _name(image_id: str, jobs: pd.DataFrame) -> str:
    return str(jobs.loc[jobs["image_id"] == image_id, "image_name"].iloc[-1])


def _original(row: Line, laid: Layout, jobs: pd.DataFrame, fields: Fields) -> Spot:
    labels = row[1] | laid.columns[0][1] | row[1]
    image_id = str(labels["image_id"])
    return Spot(
        original=image_id,
        representation=str(
            labels.get("representation", jobs["representation"].iloc[0])
        ),
        alt=f"{_name(image_id, jobs)}, the original",
        outline=_window(labels, fields) if laid.outlined else None,
    )


def _spots(
    row: Line, laid: Layout, study: pd.DataFrame, fields: Fields
) -> Iterator[Spot]:
    for _, labels in laid.columns:
        jobs = _labelled(study, row[1] | labels)
        if jobs.empty:
            yield Spot()
            continue
        job = jobs.iloc[0]
        error, psnr = job["relative_error_8bit"], job["psnr"]
        yield Spot(
            key=str(job["key"]),
            alt=f"Pre-image of {job['image_name']}: {job['representation']}, "
            f"{job['layer']}, {row[0]}",
            numbers=_numbers(number(error, 1, times=100), number(psnr, 1)),
            outline=_window(dict(job), fields) if laid.outlined else None,
        )


def _labelled(study: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    # The picture first: of very many jobs it leaves few to look through.
    for name in sorted(labels, key=lambda name: name != "image_id"):
        study = study[study[name] == labels[name]]
    return study


def _numbers(error: str, psnr: str) -> str:
    if error == psnr == MISSING:
        return ""
    return f"{error}\N{NO-BREAK SPACE}% \N{MIDDLE DOT} {psnr}\N{NO-BREAK SPACE}dB"


def _window(labels: Labels, fields: Fields) -> Window | None:
    place = (labels["representation"], labels["layer"], labels["region"])
    return fields.get(tuple(map(str, place)))  # type: ignore[arg-type]


def _view(
    jobs: pd.DataFrame, laid: Layout, study: pd.DataFrame
) -> dict[str, list[str]]:
    """Return the filters that show the jobs in the gallery, of layers the sheet's own.

    A filter that would leave out nothing is empty.
    """
    lines = [labels for _, labels in (*laid.rows, *laid.columns)]
    shown = {labels["layer"] for labels in lines if "layer" in labels}
    mine = jobs[jobs["layer"].isin(shown)]
    view = {name: _filter(mine[name].astype(str), study[name]) for name in _GALLERY}
    seeds = _filter(mine["seed"], study["seed"])
    return view | {"seed": sorted(map("{:.0f}".format, seeds))}


def _filter(mine: "pd.Series[Any]", every: "pd.Series[Any]") -> list[Any]:
    values = list(mine.unique())
    return values if len(values) < every.nunique() else []
