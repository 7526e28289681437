"""What is said of a file that is missing or is not what was written."""

from pathlib import Path

from stages.process.stage import Refusal
from stages.store import paths

# Which stage makes what.
_MADE_BY = {
    paths.IMAGES.parent: "fetch",
    paths.WEIGHTS: "fetch",
    paths.TARGETS: "extract",
    paths.PREIMAGES: "invert",
    paths.SCORES: "score",
}


def damaged(path: Path, why: object) -> Refusal:
    """Return what to say of a file that is not what was written, and what to do."""
    made = _maker(path)
    if made is None:
        return Refusal(f"{path} is damaged: {why}; remove it, and run this again")
    output, stage = made
    return Refusal(
        f"{path} is damaged: {why}. Nothing was computed on it. Remove it and get it "
        f"back with `dvc checkout {output}`, or make it again with `dvc repro -f "
        f"{stage}`"
    )


def absent(path: Path) -> Refusal:
    """Return what to say of a file that is not there, and what to do."""
    made = _maker(path)
    remedy = f": `dvc repro {made[1]}` makes it" if made else ""
    return Refusal(f"{path} is not there{remedy}")


def _maker(path: Path) -> tuple[Path, str] | None:
    """Return the output that the file belongs to, and the stage that makes it."""
    outputs = [made for made in _MADE_BY.items() if path.is_relative_to(made[0])]
    return outputs[0] if outputs else None
