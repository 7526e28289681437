"""torchvision's data sets without torchvision's downloads.

Its classes download by themselves, without retries, mirrors or, for some files, a
hash. While one is being built, the functions that download are replaced by ours.
"""

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def verified_downloads(
    fetch: Callable[[str, Path, str, str | None], None],
) -> Iterator[None]:
    """Let torchvision's data sets download through `fetch` inside the block.

    `fetch` gets address, folder, file name and MD5. The functions that download are
    replaced under each name by which a module of `torchvision.datasets` knows them, for
    all threads, and put back at the end. Unpacking and parsing stay torchvision's.
    """
    from torchvision.datasets import utils

    def by_url(
        url: str,
        root: str | Path,
        filename: str | Path | None = None,
        md5: str | None = None,
        max_redirect_hops: int = 3,
    ) -> None:
        name = Path(filename or url).name
        fetch(_direct(url), Path(root).expanduser(), name, md5)

    def by_drive(
        file_id: str,
        root: str | Path,
        filename: str | Path | None = None,
        md5: str | None = None,
    ) -> None:
        name = Path(filename or file_id).name
        fetch(_DRIVE + file_id, Path(root).expanduser(), name, md5)

    ours = {utils.download_url: by_url, utils.download_file_from_google_drive: by_drive}
    replaced = [
        (module, name, value)
        for path, module in list(sys.modules.items())
        if path.startswith("torchvision.datasets")
        for name, value in list(vars(module).items())
        if inspect.isfunction(value) and value in ours
    ]
    try:
        for module, name, value in replaced:
            setattr(module, name, ours[value])
        yield
    finally:
        for module, name, value in replaced:
            setattr(module, name, value)


# The address behind the download button; large files have a page before it.
_DRIVE = "https://drive.usercontent.google.com/download?export=download&confirm=t&id="


def _direct(url: str) -> str:
    """Return the address of the file itself where `url` is a page of Google Drive."""
    match = re.match(r"https://drive\.google\.com/file/d/([^/?]+)", url)
    return _DRIVE + match[1] if match else url
