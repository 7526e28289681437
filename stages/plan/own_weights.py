"""The user's own files of weights, tried before anything is computed."""

from pathlib import Path

from stages.params.mistakes import Mistakes, ParamsError
from stages.plan.study import FetchStage


def remarks(study: FetchStage, path: Path) -> list[str]:
    """Return what was done to load the users' files of weights, a line each.

    Raises ParamsError that lists those which cannot be loaded.
    """
    mistakes, told = Mistakes(), list[str]()
    for name, defined in study.definitions.items():
        try:
            said = defined.remarks()
        # The user's network is made for it: whatever it raises is told.
        except Exception as error:
            given = getattr(study.representations[name], "weights", None)
            text = f"{error}" or type(error).__name__
            mistakes.note(f"representations.{name}.weights", given, text)
            continue
        told += [f"the weights of {name} were {one}" for one in said]
    if mistakes.noted:
        raise ParamsError(path, mistakes)
    return told
