"""SqueezeNet with random weights, as a published file that tests fetch."""

import hashlib
import io
from functools import cache

import torch
import torchvision

from stages.params.fetching import LpipsSettings, NetworkWeightsSettings
from stages.params.representations import TorchvisionSettings
from stages.store import files, paths
from stages.weights.fetching import fetch_weights

SKIP = NetworkWeightsSettings(if_unreachable="skip")
NONE = LpipsSettings(backbones=[])


def downloads():
    return paths.work() / "downloads"


def packed(value):
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


@cache
def state():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return torchvision.models.squeezenet1_1().state_dict()


@cache
def good():
    return packed(state())


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def squeezenet(**more):
    wanted = {"kind": "torchvision", "model": "squeezenet1_1", "side": 64, **more}
    return TorchvisionSettings.model_validate(wanted)


def run(policy=None, lpips=NONE, *, judge=False, **networks):
    """Fetch, and return the manifest."""
    policy = policy or NetworkWeightsSettings()
    fetch_weights(networks, policy, lpips, downloads(), judge=judge)
    return files.read_json(paths.WEIGHTS_MANIFEST)


def run_network(policy=None):
    return run(policy, net=squeezenet().weights_file)["networks"]["net"]


def run_lpips(**more):
    found = run(lpips=LpipsSettings(backbones=["squeeze"], **more))
    return found["lpips"]["squeeze"]
