"""Files as MatConvNet has them, small and of random numbers, and what they compute.

The layouts are those of `utils/import-caffe.py` and, for the newer one, of
`vl_simplenn_tidy` after it. The codes follow the manual's definitions (arXiv:1412.4564,
chapter 4) in float64, window by window, without torch.
"""

import io
from typing import Any

import numpy as np
from scipy.io import savemat

Struct = dict[str, Any]

# (99 - 11) / 4 + 1 = 23 cells, then 11, 5 and 2 after the poolings.
SIDE, WIDTHS, HIDDEN, CLASSES = 99, (8, 12, 10, 8, 6), (9, 7), 4

# Name, filters (height, width, depth, number), stride, padding.
CONVOLUTIONS = {
    "conv1": ((11, 11, 3, 8), 4, 0),
    "conv2": ((5, 5, 4, 12), 1, 2),
    "conv3": ((3, 3, 12, 10), 1, 1),
    "conv4": ((3, 3, 5, 8), 1, 1),
    "conv5": ((3, 3, 4, 6), 1, 1),
    "fc6": ((2, 2, 6, 9), 1, 0),
    "fc7": ((1, 1, 9, 7), 1, 0),
    "fc8": ((1, 1, 7, 4), 1, 0),
}
ORDER = (
    "conv1 relu1 pool1 norm1 conv2 relu2 pool2 norm2 conv3 relu3 conv4 relu4 conv5 "
    "relu5 pool5 fc6 relu6 fc7 relu7 fc8 prob"
).split()

# Caffe keeps 1e-4 in single precision.
LRN = (5.0, 1.0, float(np.float32(1e-4)) / 5, 0.75)


def cell(values: list[Any]) -> np.ndarray:
    array = np.empty((1, len(values)), dtype=object)
    array[0, :] = values
    return array


def network(seed: int = 0) -> Struct:
    """Return what `save` writes, in the newer layout."""
    generator = np.random.default_rng(seed)
    image = generator.uniform(80, 160, (SIDE, SIDE, 3))
    return {
        "layers": [_layer(name, generator) for name in ORDER],
        "meta": {
            "normalization": {
                "averageImage": image.astype(np.float32),
                "imageSize": np.array([[SIDE, SIDE, 3]], dtype=np.uint8),
            },
            "classes": {
                "name": cell([f"n0000000{n}" for n in range(CLASSES)]),
                "description": cell(["tench, Tinca", "cock", "hen", "ostrich"]),
            },
        },
    }


def _layer(name: str, generator: np.random.Generator) -> Struct:
    if name in CONVOLUTIONS:
        shape, stride, pad = CONVOLUTIONS[name]
        filters = generator.normal(0, (2 / np.prod(shape[:3])) ** 0.5, shape)
        biases = generator.normal(0, 5, (1, shape[3]))
        return {
            "name": name,
            "type": "conv",
            "weights": cell([filters.astype(np.float32), biases.astype(np.float32)]),
            # MATLAB stores small whole numbers in a byte.
            "stride": np.full((1, 2), stride, dtype=np.uint8),
            "pad": np.full((1, 4), pad, dtype=np.uint8),
            "dilate": 1.0,
            "precious": False,
        }
    if name.startswith("pool"):
        sizes = {"pool": np.full((1, 2), 3.0), "stride": np.full((1, 2), 2.0)}
        more = {"method": "max", "pad": np.zeros((1, 4)), "opts": cell([])}
        return {"name": name, "type": "pool", **sizes, **more}
    if name.startswith("norm"):
        return {"name": name, "type": "lrn", "param": np.array([LRN])}
    if name == "prob":
        return {"name": name, "type": "softmax"}
    return {"name": name, "type": "relu", "leak": 0.0}


def older(net: Struct) -> Struct:
    """Return the same network as it was written before, with one mean colour.

    Numbers instead of rows, a column of biases, dropout between the last layers.
    """
    layers: list[Struct] = []
    for layer in net["layers"]:
        plain = {"name": layer["name"], "type": layer["type"]}
        if layer["type"] == "conv":
            filters, biases = layer["weights"][0]
            plain |= {"filters": filters, "biases": biases.T}
        if layer["type"] == "pool":
            plain |= {"method": "max", "pool": 3.0}
        if layer["type"] in ("conv", "pool"):
            plain |= {k: float(layer[k][0, 0]) for k in ("stride", "pad")}
        if layer["type"] == "lrn":
            plain |= {"type": "normalize", "param": layer["param"]}
        layers.append(plain)
        if layer["name"] in ("relu6", "relu7"):
            layers.append({"name": "drop", "type": "dropout", "rate": 0.5})
    image = net["meta"]["normalization"]["averageImage"].astype(np.float64)
    normalization = {
        "averageImage": image.mean(axis=(0, 1), keepdims=True),
        "imageSize": np.array([SIDE, SIDE, 3.0]),
        "border": np.array([0.0, 0.0]),
    }
    return {"layers": layers, "normalization": normalization, "classes": []}


def save(net: Struct, *, packed: bool = False) -> bytes:
    """Return the bytes of the file; MATLAB packs it since version 7."""
    file = io.BytesIO()
    stored = {k: cell(v) if k == "layers" else v for k, v in net.items()}
    savemat(file, stored, oned_as="row", do_compression=packed)
    return file.getvalue()


def put(net, path, value):
    """Change what is at a path like `layers.0.weights.1`; None takes it away."""
    *way, last = path.split(".")
    for step in way:
        net = net[int(step)] if isinstance(net, list) else net[step]
    if isinstance(net, np.ndarray):
        net[0, int(last)] = value
    elif value is None:
        del net[last]
    else:
        net[int(last) if isinstance(net, list) else last] = value


def codes(net: Struct, image: np.ndarray) -> dict[str, np.ndarray]:
    """Return the code of each layer, `h w c`, of an image `h w 3` in 0..255."""
    average = net["meta"]["normalization"]["averageImage"].astype(np.float64)
    x, found = image.astype(np.float64) - average, {}
    for layer in net["layers"]:
        if layer["type"] == "conv":
            filters, biases = (part.astype(np.float64) for part in layer["weights"][0])
            stride, pad = int(layer["stride"][0, 0]), int(layer["pad"][0, 0])
            x = convolved(x, filters, biases[0], stride, pad)
        elif layer["type"] == "pool":
            x = pooled(x)
        elif layer["type"] == "lrn":
            x = normalised(x, *layer["param"][0])
        elif layer["type"] == "relu":
            x = np.maximum(x, 0)
        found[layer["name"]] = x
    return found


def convolved(
    x: np.ndarray, filters: np.ndarray, biases: np.ndarray, stride: int, pad: int
) -> np.ndarray:
    """Group `g` of the filters sees the `g`-th part of the channels."""
    height, width, depth, number = filters.shape
    x = np.pad(x, ((pad, pad), (pad, pad), (0, 0)))
    rows = (x.shape[0] - height) // stride + 1
    cols = (x.shape[1] - width) // stride + 1
    per_group = number // (x.shape[2] // depth)
    y = np.empty((rows, cols, number))
    for i in range(rows):
        for j in range(cols):
            window = x[i * stride :, j * stride :][:height, :width]
            for k in range(number):
                first = k // per_group * depth
                seen = window[:, :, first : first + depth]
                y[i, j, k] = (seen * filters[..., k]).sum() + biases[k]
    return y


def pooled(x: np.ndarray) -> np.ndarray:
    rows, cols = ((length - 3) // 2 + 1 for length in x.shape[:2])
    y = np.empty((rows, cols, x.shape[2]))
    for i in range(rows):
        for j in range(cols):
            y[i, j] = x[2 * i : 2 * i + 3, 2 * j : 2 * j + 3].max(axis=(0, 1))
    return y


def normalised(
    x: np.ndarray, n: float, kappa: float, alpha: float, beta: float
) -> np.ndarray:
    y, half = np.empty_like(x), int(n) // 2
    for k in range(x.shape[2]):
        near = x[:, :, max(k - half, 0) : k + half + 1]
        y[:, :, k] = x[:, :, k] / (kappa + alpha * (near**2).sum(axis=2)) ** beta
    return y
