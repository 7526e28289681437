"""The denoisers that priors name: files, looked at before anything depends on them."""

from pathlib import Path

from stages.plan.representations import embedded_file
from stages.process.stage import Refusal
from stages.representations.definition import WeightsFile
from stages.store.file_hash import sha256

# What the metadata of a denoiser's file tell of its architecture.
ARGUMENTS = {"widths", "down", "up"}


def denoiser_file(name: str) -> WeightsFile:
    """Return the file of a denoiser: `embedded`, or the path of one's own.

    Raises Refusal if it is not there.
    """
    if name == "embedded":
        return embedded_file("denoiser")
    path = Path(name)
    if not path.is_file():
        raise Refusal(f"the prior's denoiser {path} is not there; or take `embedded`")
    return WeightsFile(path, sha256(path))


def fault(name: str) -> str:
    """Return why the file of a denoiser of one's own is of no use; empty if it is.

    By its head alone: the plan needs no weights.
    """
    if name == "embedded":
        return ""
    try:
        told = denoiser_file(name).architecture()
    except Refusal as refusal:
        return f"{refusal}"
    # Whatever a file that is damaged, or of something else, makes its reader raise.
    except Exception as error:
        return f"{name} cannot be read as a denoiser ({type(error).__name__}: {error})"
    if not set(told) >= ARGUMENTS:
        return f"{name} holds another network than data.embedded.denoising writes"
    return ""
