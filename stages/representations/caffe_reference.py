"""CaffeNet from a state that says how it is built: the network that the paper inverted.

Mahendran & Vedaldi (arXiv:1412.0035) took Caffe's reference model and subtracted its
average image pixel by pixel (`helpers/cnn_normalize.m` of `aravindhm/deep-goggle`).
"""

from collections.abc import Mapping

from torch import Tensor

from stages.representations.caffenet import CaffeNet

# Names in a state, beside those of the weights: the average image, and conv1's stride
# and padding with the side of the images.
AVERAGE, STEM = "average", "stem"


def from_state(state: Mapping[str, Tensor]) -> CaffeNet:
    """Return CaffeNet from its weights, its average image and what conv1 is like."""
    weights = {name: one for name, one in state.items() if name.startswith("stack.")}
    # In the order of their names, conv1 to fc8.
    biases = sorted(name for name in weights if name.endswith(".bias"))
    widths = [len(weights[name]) for name in biases]
    stride, padding, side = state[STEM].tolist()
    kernel = weights["stack.conv1.weight"].shape[2]
    mean = state[AVERAGE].double().mean(dim=(1, 2)).tolist()
    network = CaffeNet(
        widths[:5], widths[5:7], widths[7], side, (kernel, stride, padding), mean
    )
    network.load_state_dict(weights)
    network.register_buffer("centre", state[AVERAGE], persistent=False)
    return network
