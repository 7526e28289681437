"""Keys: the names of results, hashes of all that determines a pre-image.

The decoded pixels, the representation with its weights, the selected code, the resolved
numbers of prior and solver, the seed, the batch's size and precision, and the text of
every module that the job runs through. That text is found, not listed: it is all that
`RECORDING`, which turns a job into a record, imports, with the job's own
representation, solver, parameterisation and priors, and the user's own code. Names
that the user chose are not in a key: renaming a prior computes nothing again.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from stages.plan.cells import Cell
from stages.plan.own_code import own_source
from stages.plan.representations import outline
from stages.plan.source_text import closure, digest
from stages.preimage.priors import PRIORS, Number, Prior
from stages.preimage.solver import SolverSettings
from stages.representations.definition import WeightsFile

# A name, not an import: the plan knows what runs, but does not run it.
RECORDING = "stages.execution.recording"


def cell_content(cell: Cell) -> dict[str, object]:
    """Return all that the cell contributes to its jobs' keys."""
    own = cell.definition.own_code()
    return {
        "representation": cell.definition.identity(),
        "own source": None if own is None else own_source(own),
        "layer": outline(cell.definition).name(cell.layer),
        "selection": asdict(cell.selection),
        "prior": prior_content(cell.weights),
        "solver": {"kind": cell.steps.kind, **_numbers(cell.steps)},
        "source": source_digest(cell),
    }


def _numbers(steps: SolverSettings) -> dict[str, object]:
    """Return the solver's numbers by name."""
    return asdict(cast(Any, steps))


def prior_content(prior: Prior) -> dict[str, object]:
    """Return the numbers of the prior's terms that weigh something, and its jitter.

    A term that does not weigh, or that a later version adds, changes no key. A file of
    weights counts by its bytes.
    """
    numbers = prior.numbers()
    weighing = [row for row in PRIORS if numbers.get(row.weight)]
    keys = [key for row in weighing for key in (row.weight, *row.form)]
    return {"jitter": prior.jitter, **{key: _plain(numbers.get(key)) for key in keys}}


def _plain(number: Number | None) -> object:
    return number.content if isinstance(number, WeightsFile) else number


def source_digest(cell: Cell) -> str:
    """Return a hash of the text of the modules that the cell's jobs run through."""
    return digest(source_files(cell))


def source_files(cell: Cell) -> frozenset[Path]:
    """Return the files of the modules that the cell's jobs run through."""
    own = (type(cell.definition).__module__, type(cell.steps).__module__)
    chosen = (*cell.steps.modules(), *cell.weights.modules())
    return closure(*sorted({RECORDING, *own, *chosen}))


def key(content: dict[str, object]) -> str:
    """Return the key of a job of this content."""
    return _hashed(_text(content))


def key_of(content: dict[str, object]) -> Callable[[str, int], str]:
    """Return what gives the key of a cell's job by the image's identity and the seed.

    The same as `key` of the content with both, which is written out once, not for each.
    """
    text = _text({**content, "image": _IMAGE, "seed": _SEED})
    before, after_image = text.split(json.dumps(_IMAGE))
    between, after = after_image.split(json.dumps(_SEED))
    return lambda image_id, seed: _hashed(
        f"{before}{json.dumps(image_id)}{between}{seed}{after}"
    )


# What stands for them: an identity of an image has digits alone, and a seed none.
_IMAGE, _SEED = "\0image", "\0seed"


def _text(content: dict[str, object]) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
