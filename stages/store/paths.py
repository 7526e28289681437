"""Where the files of the study are."""

import os
from pathlib import Path

PARAMS = Path("params.yaml")
# The folder of one's own pictures that dvc.yaml names.
PICTURES = Path("data/pictures")
# The folder of one's own networks that dvc.yaml names.
MODELS = Path("data/models")
IMAGES = Path("data/images/images.parquet")
SKIPPED = Path("data/images/skipped.json")
WEIGHTS = Path("data/weights")
WEIGHTS_MANIFEST = Path("data/weights/manifest.json")
# A folder of its own, so that the networks' codes do not depend on LPIPS's backbones.
NETWORKS = Path("data/weights/networks")
NETWORKS_MANIFEST = Path("data/weights/networks/manifest.json")
EMBEDDED = Path("data/embedded")
TARGETS = Path("data/targets")
STATISTICS = Path("data/targets/statistics.json")
# How chromatic the channels of layers are, where the grid asks for it.
CHROMATICITY = Path("data/targets/chromaticity.json")
# The representations that gave no code to invert, each with the reason.
LEFT_OUT = Path("data/targets/left_out.json")
PREIMAGES = Path("data/preimages")
SCORES = Path("data/scores.parquet")
REPORT = Path("reports/index.html")
METRICS = Path("reports/metrics")
METRICS_BY_CELL = Path("reports/metrics-by-cell.json")
FINDINGS = Path("reports/findings.json")
PLOTS = Path("reports/plots")
FIGURES = Path("reports/figures")


def work() -> Path:
    """Return the folder that outlives runs: the job store and downloads.

    It lies beside the params. `dvc exp run --temp` works in a copy of the project, but
    DVC_ROOT still names the original: its finished jobs serve the experiment, too.
    """
    return Path(os.environ.get("DVC_ROOT", ".")) / "data" / "work"


def codes(representation: str, layer: str) -> Path:
    """Return where the target codes of a layer are."""
    return TARGETS / representation / f"{layer}.safetensors"


def embedded(name: str) -> Path:
    """Return where the weights of a network that comes with the project are.

    Beside the program, whatever folder a study runs in.
    """
    return Path(__file__).parents[2] / EMBEDDED / f"{name}.safetensors"
