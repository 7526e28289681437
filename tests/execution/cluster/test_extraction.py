"""Codes by the workers of a cluster have the bytes that one process gives them."""

import pytest
from PIL import Image

from stages import extract
from stages.execution.cluster import extraction
from stages.execution.cluster.client import in_order
from stages.store import paths
from stages.store.objects import Objects
from tests import conftest
from tests.conftest import PARAMS, write_pictures

pytest.importorskip("distributed", reason="Dask is not installed")

# More pictures than a batch holds, and a network of several layers.
NAMES = [f"{i}" for i in range(18)]
NET = PARAMS.replace("priors:", "  net: {kind: caffenet}\npriors:", 1).replace(
    "grid:", "grid:\n  - {representation: net, layers: [conv1, relu2, pool5]}"
)


def noisy(name):
    """Return a picture that no other name has."""
    return Image.effect_noise((32, 32), 50 + len(name)).convert("RGB")


def stored():
    return {path: path.read_bytes() for path in paths.TARGETS.rglob("*.*")}


@pytest.fixture
def alone(study, one_thread, monkeypatch):
    """Extract the codes of a study in this process; return the files."""
    monkeypatch.setattr(conftest, "drawing", noisy)
    study("processes: 1", text=NET)
    write_pictures(NAMES)
    extract.main()
    return stored()


def extract_by(address):
    text = paths.PARAMS.read_text()
    dask = f"backend: dask, address: '{address}'"
    paths.PARAMS.write_text(text.replace("processes: 1", dask))
    extract.main()


def test_workers_make_the_same_files_and_leave_nothing(alone, two_workers, monkeypatch):
    batches = []

    def counted(client, run, items, execution):
        items = list(items)
        batches.extend(item.task.places for item in items)
        return in_order(client, run, iter(items), execution)

    monkeypatch.setattr(extraction, "in_order", counted)
    extract_by(two_workers.address)
    assert stored() == alone
    assert batches == 3 * [range(16), range(16, 18)]
    assert not Objects(f"{(paths.work() / 'shared').absolute()}").names("codes")


# Workers that die of the last two pictures, and only of the network.
DEADLY = """
import os, signal, sys
if any("dask_worker" in word or "multiprocessing" in word for word in sys.orig_argv):
    from stages.execution import extraction
    made = extraction.codes_of_layers
    def deadly(defined, layers, images, *others):
        if len(layers) == 3 and len(images) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        made(defined, layers, images, *others)
    extraction.codes_of_layers = deadly
"""


def test_what_workers_die_of_is_computed_where_the_study_is(alone, cluster):
    cluster.join(2, DEADLY)
    extract_by(cluster.address)
    assert stored() == alone
