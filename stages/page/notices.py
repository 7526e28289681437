"""What a reader must know of the study as a whole before any number of it.

What is missing and why, codes that depend on more than their picture, results of
several versions side by side.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from stages.page import weights
from stages.page.wording import listed
from stages.weights import kept

# Differences of a code, as shares of its norm, that rounding explains, as
# `stages.representations.soundness` has it (tested); importing it would bring torch.
ROUNDING = 1e-3


def notices(
    manifest: kept.Manifest,
    left_out: Mapping[str, str],
    statistics: Mapping[str, Any],
    versions: Collection[str],
) -> list[str]:
    """Return all notices, what is missing first.

    `left_out` are representations without a code, by name with the reason, `statistics`
    those of the extract stage, `versions` what the pre-images were computed with.
    """
    return [
        *weights.notices(manifest),
        *(
            f"{name} is missing from this study: {why}."
            for name, why in left_out.items()
        ),
        *_unsteady(statistics),
        *_mixed(versions),
    ]


def _unsteady(statistics: Mapping[str, Any]) -> Iterator[str]:
    for name, known in statistics.items():
        for layer, of in known["layers"].items():
            for what, size in (of.get("stability") or {}).items():
                if not size <= ROUNDING:
                    yield (
                        f"The code of {name} at {layer} is not of its picture alone: "
                        f"it differs {_WHAT[what]} by {size:.2g} of its norm. Its "
                        "pre-images are held to a code that no picture has for sure."
                    )


_WHAT = {
    "company": "with the other pictures of its batch",
    "chance": "from one time to the next",
}


def _mixed(versions: Collection[str]) -> Iterator[str]:
    if len(versions) > 1:
        yield (
            f"This study mixes results of several versions: {listed(list(versions))}. "
            "To compute all of them with the present one, remove `data/work` and run "
            "`dvc repro -f invert`, then `dvc repro`."
        )
