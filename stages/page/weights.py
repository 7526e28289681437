"""What the fetch stage noted of weights: which are there, and what stands in.

The manifests are read as they are, so that the page needs nothing that fetches, loads
or runs a network.
"""

from typing import Any

from stages.page.wording import listed
from stages.store import files, paths

# What gets missing weights once the network is on.
LATER = "dvc repro -f fetch && dvc repro"

Manifest = dict[str, Any]


def manifest() -> Manifest:
    """Return what is known of all weights: `trunks` and `networks`, and `embedded`.

    `trunks` (of LPIPS) and `networks` map names to entries with `file`, `url`,
    `sha256`, `status` and `reason`; `embedded` lists name, file and sha256. All are
    empty before anything was fetched.
    """
    blank: Manifest = {"trunks": {}, "embedded": [], "networks": {}}
    if paths.WEIGHTS_MANIFEST.is_file():
        blank |= files.read_json(paths.WEIGHTS_MANIFEST)
    if paths.NETWORKS_MANIFEST.is_file():
        blank["networks"] = files.read_json(paths.NETWORKS_MANIFEST)
    return blank


def notices(known: Manifest) -> list[str]:
    """Return which representations are missing, and what stands in for LPIPS.

    Each with the line that gets it.
    """
    without = [
        f"{name} is missing from this study: its weights, {entry['file']}, could not "
        f"be fetched from {entry['url']} ({entry['reason']}). A copy whose sha256 is "
        f"{entry['known_hash']} is accepted in {entry['folder']}. When the "
        f"network is on: {LATER}"
        for name, entry in known["networks"].items()
        if entry["status"] != "fetched"
    ]
    missing = [
        name for name, entry in known["trunks"].items() if entry["status"] != "fetched"
    ]
    if not missing:
        return without
    return [
        *without,
        f"LPIPS ({listed(missing)}) is not in these scores: its weights could not be "
        "fetched. The judge's distance stands in for it, in a column of its own. When "
        f"the network is on: {LATER}",
    ]
