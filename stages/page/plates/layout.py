"""How an entry of the grid is laid out: rows and columns by what it varies.

- seeds: layers x seeds, of one picture;
- channels: layers x selections of channels, of one picture;
- regions: selections x priors, of one picture, the receptive field outlined;
- representations of a single code each: pictures x representations;
- another prior or solver than the study's first for these codes: pictures, each with
  both, x layers;
- else pictures x layers.

Of what does not fit, an evenly spaced part is shown, never chosen by its score.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from stages.page.inputs import Entry
from stages.page.pictures.thumbnails import evenly_spaced

# What stands on a sheet at most, our choices: rows, columns beside the original.
MOST_ROWS, MOST_COLUMNS = 6, 8
SETTING = ["prior", "solver"]

Labels = dict[str, Any]
# A row or a column: its name, and the labels that its jobs have.
Line = tuple[str, Labels]


@dataclass(frozen=True)
class Layout:
    """Rows and columns, and what they are in words."""

    rows: list[Line]
    columns: list[Line]
    words: str
    outlined: bool = False


def layout(entry: Entry, jobs: pd.DataFrame, study: pd.DataFrame) -> Layout:
    """Return how the entry's jobs are laid out; `study` are all done jobs.

    Both in the order of the study, their layers from shallow to deep.
    """
    for applies, lay in _KINDS:
        if applies(entry, jobs, study):
            return lay(entry, jobs, study)
    return _by_layer(entry, jobs, study)


def _unique(jobs: pd.DataFrame, name: str) -> list[Any]:
    return list(jobs[name].unique())


def _records(jobs: pd.DataFrame, names: list[str]) -> list[Labels]:
    """Return the combinations of these labels that occur, in order."""
    rows = jobs[names].drop_duplicates().itertuples(index=False)
    return [dict(zip(names, row, strict=True)) for row in rows]


def _first_picture(jobs: pd.DataFrame) -> Labels:
    return {"image_id": jobs["image_id"].iloc[0]}


def _layers(jobs: pd.DataFrame, most: int) -> list[Line]:
    """Return the layers, evenly spaced; of several representations with their names."""
    pairs = jobs[["representation", "layer"]].drop_duplicates()
    several = pairs["representation"].nunique() > 1
    lines = [
        (
            _both(name, layer) if several else layer,
            {"representation": name, "layer": layer},
        )
        for name, layer in pairs.itertuples(index=False)
    ]
    return evenly_spaced(lines, most)


def _both(representation: str, layer: str) -> str:
    """Return both names; a descriptor's only layer often repeats its own."""
    return representation if layer in representation else f"{representation} {layer}"


def _pictures(jobs: pd.DataFrame) -> list[Line]:
    names = jobs.drop_duplicates("image_id")
    lines = [
        (str(name), {"image_id": image_id})
        for image_id, name in zip(names["image_id"], names["image_name"], strict=True)
    ]
    return evenly_spaced(lines, MOST_ROWS)


def _with(lines: Sequence[Line], labels: Labels) -> list[Line]:
    return [(name, own | labels) for name, own in lines]


def _by_seed(entry: Entry, jobs: pd.DataFrame, study: pd.DataFrame) -> Layout:
    picture = _first_picture(jobs)
    seeds = evenly_spaced(sorted(_unique(jobs, "seed")), MOST_COLUMNS)
    return Layout(
        _with(_layers(jobs, MOST_ROWS), picture),
        [(f"seed {seed:.0f}", {"seed": seed}) for seed in seeds],
        "A row a layer, a column a start: one code, several pre-images",
    )


def _by_channels(entry: Entry, jobs: pd.DataFrame, study: pd.DataFrame) -> Layout:
    labels = _first_picture(jobs) | {name: jobs[name].iloc[0] for name in SETTING}
    labels |= {"region": "all"}
    names = list(dict.fromkeys(("all", *_unique(jobs, "channels"))))[:MOST_COLUMNS]
    return Layout(
        _with(_layers(jobs, MOST_ROWS), labels),
        [(f"{name} channels", {"channels": name}) for name in names],
        "A row a layer, a column a selection of its channels; channels at random are "
        "the null",
    )


def _by_region(entry: Entry, jobs: pd.DataFrame, study: pd.DataFrame) -> Layout:
    picture = _first_picture(jobs)
    parts = _records(jobs, ["representation", "layer", "region"])
    rows = [(f"{part['layer']}, {part['region']}", part | picture) for part in parts]
    settings = _records(jobs, SETTING)
    named = [(_setting(labels, settings, jobs), labels) for labels in settings]
    return Layout(
        evenly_spaced(rows, MOST_ROWS),
        named[:MOST_COLUMNS],
        "A row a selection; the frame is its receptive field, all that it sees",
        outlined=True,
    )


def _setting(labels: Labels, settings: Sequence[Labels], jobs: pd.DataFrame) -> str:
    """Return what tells a setting from the others, in words; of both, names alone.

    Of a prior with a denoiser also that it is learned: `default` does not say so.
    """
    learned = set(jobs.loc[jobs["is_learned"], "prior"])
    shown = {n: str(labels[n]) for n in SETTING}
    shown["prior"] += " (learned)" if labels["prior"] in learned else ""
    differ = [n for n in SETTING if len({one[n] for one in settings}) > 1] or SETTING[
        :1
    ]
    if len(differ) > 1 or shown[differ[0]] != labels[differ[0]]:
        return ", ".join(shown[name] for name in differ)
    return f"{differ[0]} {shown[differ[0]]}"


def _by_representation(entry: Entry, jobs: pd.DataFrame, study: pd.DataFrame) -> Layout:
    return Layout(
        _pictures(jobs),
        _with(_layers(jobs, MOST_COLUMNS), _first_setting(jobs)),
        "A row a picture, a column a representation",
    )


def _first_setting(jobs: pd.DataFrame) -> Labels:
    labels = {name: jobs[name].iloc[0] for name in SETTING}
    return labels | {"channels": "all", "region": "all"}


def _by_setting(entry: Entry, jobs: pd.DataFrame, study: pd.DataFrame) -> Layout:
    """Return each picture in the entry's settings, below the study's own first one."""
    whole = study[(study["channels"] == "all") & (study["region"] == "all")]
    whole = whole.merge(jobs[["representation", "layer", "image_id"]].drop_duplicates())
    settings = _records(whole, SETTING)
    rows = [
        (f"{name}, {_setting(labels, settings, whole)}", picture | labels)
        for name, picture in _pictures(jobs)
        for labels in settings
    ]
    most = MOST_ROWS - MOST_ROWS % len(settings) if len(settings) < MOST_ROWS else None
    return Layout(
        rows[:most],
        _with(_layers(jobs, MOST_COLUMNS), {"channels": "all", "region": "all"}),
        "Each picture in every setting of the study for these codes, a row each",
    )


def _by_layer(entry: Entry, jobs: pd.DataFrame, study: pd.DataFrame) -> Layout:
    columns = _layers(jobs, MOST_COLUMNS)
    n_layers = len(jobs[["representation", "layer"]].drop_duplicates())
    some = f" ({len(columns)} of {n_layers}, evenly spaced)"
    return Layout(
        _pictures(jobs),
        _with(columns, _first_setting(jobs)),
        f"A row a picture, a column a layer{some if n_layers > len(columns) else ''}, "
        "from shallow to deep",
    )


def _is_single(jobs: pd.DataFrame) -> bool:
    """Return whether several representations have one layer each."""
    layers = jobs.groupby("representation")["layer"].nunique()
    return len(layers) > 1 and bool((layers == 1).all())


_KINDS: list[
    tuple[
        Callable[[Entry, pd.DataFrame, pd.DataFrame], bool],
        Callable[[Entry, pd.DataFrame, pd.DataFrame], Layout],
    ]
] = [
    (lambda entry, jobs, study: jobs["seed"].nunique() > 1, _by_seed),
    (lambda entry, jobs, study: set(entry.regions) != {"all"}, _by_region),
    (lambda entry, jobs, study: set(entry.channels) != {"all"}, _by_channels),
    (lambda entry, jobs, study: _is_single(jobs), _by_representation),
    (lambda entry, jobs, study: _is_other_setting(jobs, study), _by_setting),
]


def _is_other_setting(jobs: pd.DataFrame, study: pd.DataFrame) -> bool:
    """Return whether there are several settings, or not the first for these codes."""
    whole = study[(study["channels"] == "all") & (study["region"] == "all")]
    whole = whole.merge(jobs[["representation", "layer", "image_id"]].drop_duplicates())
    first = whole[SETTING].iloc[0]
    return bool((jobs[SETTING] != first).any(axis=None))
