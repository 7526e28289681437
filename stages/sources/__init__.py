"""Where the study's pictures come from: four sources, one kind of candidate.

`SOURCES[name](**arguments)` is a context manager that gives a sequence of candidates;
each source's module documents its arguments.
"""

from stages.sources import builtin, folder, torchvision_dataset, url
from stages.sources.candidate import BadPicture, Candidate, Source
from stages.sources.picture import upright

__all__ = ["SOURCES", "BadPicture", "Candidate", "Source", "upright"]

SOURCES: dict[str, Source] = {
    "builtin": builtin.pictures,
    "folder": folder.pictures,
    "url": url.pictures,
    "torchvision": torchvision_dataset.pictures,
}
