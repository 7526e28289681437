"""Mistakes in a params file: collected, and told all at once."""

from dataclasses import dataclass, field
from pathlib import Path

from stages.process.stage import Refusal

# Mistakes that a message names, our choice: as many as a reader mends at once.
MOST_TOLD = 50


@dataclass(frozen=True)
class Mistake:
    """What cannot be in the params: where, what was given, what is allowed."""

    path: str
    given: str
    text: str


@dataclass
class Mistakes:
    """The mistakes of one file, each once, in the order in which they were noted."""

    noted: dict[Mistake, None] = field(default_factory=dict)

    def note(self, path: str, given: object, text: object) -> None:
        """Note a mistake; `given` is the value that was found at the path."""
        self.noted.setdefault(Mistake(path, repr(given), f"{text}"))

    def note_missing(self, path: str) -> None:
        """Note a key that must be there and is not."""
        self.noted.setdefault(Mistake(path, "missing", "is required"))


class ParamsError(Refusal):
    """The params have mistakes; the message lists them all."""

    exit_code = 2

    def __init__(self, path: Path, mistakes: Mistakes) -> None:
        n = len(mistakes.noted)
        lines = [f"{path} has {n} mistake{'s' if n > 1 else ''}:"]
        shown = list(mistakes.noted)[:MOST_TOLD]
        lines += [
            f"  {_short(m.path, 200)}: {_short(m.given)}: {_short(m.text, 1000)}"
            for m in shown
        ]
        if n > len(shown):
            lines.append(f"  and {n - len(shown)} more of such mistakes")
        lines.append(
            "Nothing was computed. Correct them and run `dvc repro` again. Where DVC\n"
            "ran this, it took away the stage's outputs before it began: with the\n"
            "previous params.yaml in place, `dvc checkout` brings them back."
        )
        super().__init__("\n".join(lines))


def _short(text: str, longest: int = 60) -> str:
    return text if len(text) <= longest else text[: longest - 3] + "..."
