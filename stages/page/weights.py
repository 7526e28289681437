"""What the fetch stage noted of weights: which are there, and what stands in.

The manifest is read as it is, so that the page needs nothing that fetches, loads
or runs a network.
"""

from stages.page.wording import listed
from stages.weights import kept


def notices(manifest: kept.Manifest) -> list[str]:
    """Return what weights are missing, what stands in, and what gets them."""
    without = [
        f"{name} is missing from this study: its weights could not be fetched "
        f"({entry['reason']}). {_accepted(entry)}. When the network is on: {kept.LATER}"
        for name, entry in kept.missing(manifest["networks"]).items()
    ]
    missing = kept.missing(manifest["lpips"])
    if not missing:
        return without
    return [
        *without,
        f"LPIPS ({listed(list(missing))}) is not in these scores: its weights could "
        "not be fetched. The judge's distance stands in for it, in a column of its "
        f"own. When the network is on: {kept.LATER}",
    ]


def _accepted(entry: kept.Entry) -> str:
    """Return which copies of files, brought by other means, are taken, and where."""
    copies = [
        f"{one['copy']} (sha256 {one['known_hash']}), in {one['folder']}"
        for one in entry["sources"]
    ]
    return f"A copy is accepted of {' or of '.join(copies)}"
