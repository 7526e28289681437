"""LPIPS, the learned perceptual distance between images of pixels in 0..255.

Zhang, Isola, Efros, Shechtman & Wang, "The unreasonable effectiveness of deep features
as a perceptual metric" (arXiv:1801.03924), version 0.1 as the package `lpips` computes
it. The small linear layers ship with the package; the backbone's weights, those of
torchvision's `features`, are given by the caller: nothing is downloaded here. LPIPS
wants RGB in [-1, 1], and was validated for images of 64 pixels and more.
"""

import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn, split

from stages.images import Images, PerImage

# Smallest height and width that survive the pooling of each backbone (tested).
SMALLEST_SIDES = {"squeeze": 17, "alex": 31, "vgg": 16}

Rgb = Float[Tensor, "n 3 h w"]
# LPIPS with one backbone, or what stands for it in a test.
Distance = Callable[[Images, Images], PerImage]

# Pairs of images that go through a backbone at once, our choice: 16 pairs of 227 pixels
# take some 2 GiB at the widest maps of VGG.
BATCH = 16


def lpips(
    networks: Mapping[str, Distance], preimages: Images, originals: Images, name: str
) -> PerImage:
    """Return the distance that the network `name` finds; nan where it is not there."""
    if name not in networks:
        return torch.full((len(originals),), torch.nan, dtype=torch.float64)
    return networks[name](preimages, originals)


class Lpips:
    """LPIPS v0.1 with one of the backbones `squeeze`, `alex` and `vgg`.

    `weights` are those of the `features` of torchvision's network, by their names
    there. Raises ValueError if there is no such backbone or they are not its weights.
    """

    def __init__(self, backbone: str, weights: Mapping[str, Tensor]) -> None:
        if backbone not in SMALLEST_SIDES:
            names = ", ".join(SMALLEST_SIDES)
            raise ValueError(f"`backbone` must be one of {names}; got {backbone!r}.")
        self.backbone = backbone
        self._network = _network(backbone, weights)

    @torch.no_grad()
    def __call__(self, preimages: Images, originals: Images) -> PerImage:
        """Return the distance of each pair, 0 for equal images, float64.

        Images are RGB, or grey, which is repeated thrice. It is computed on their
        device. Raises ValueError if they are too small for the backbone.
        """
        self._check(preimages)
        self._network.to(preimages.device)
        pairs = zip(split(preimages, BATCH), split(originals, BATCH), strict=True)
        distances = [self._network(_as_wanted(a), _as_wanted(b)) for a, b in pairs]
        return torch.cat(distances).reshape(-1).double()

    def _check(self, images: Images) -> None:
        height, width = images.shape[-2:]
        smallest = SMALLEST_SIDES[self.backbone]
        if min(height, width) < smallest:
            raise ValueError(
                f"`preimages` must be at least {smallest} pixels high and wide for "
                f"LPIPS with the backbone {self.backbone}; got {height}x{width}."
            )
        if images.shape[1] not in (1, 3):
            raise ValueError(
                f"`preimages` must have 1 or 3 channels, got {images.shape[1]}."
            )


def _as_wanted(images: Images) -> Rgb:
    """Return pixels in 0..255, grey or RGB, as RGB in [-1, 1]."""
    return (images.float() / 127.5 - 1).expand(-1, 3, -1, -1)


def _network(backbone: str, weights: Mapping[str, Tensor]) -> nn.Module:
    """Return the package's network with these weights and its own linear layers."""
    # Imported here, where LPIPS is wanted: it takes most of a second.
    import lpips

    with warnings.catch_warnings(), torch.device("meta"):
        # The package asks torchvision for the backbone in a manner that is deprecated.
        warnings.filterwarnings("ignore", category=UserWarning, module="torchvision")
        # On `meta` no random weights are drawn: all are replaced below. `pretrained`
        # and `pnet_rand` keep the package from loading, and downloading, its own way.
        network = lpips.LPIPS(
            net=backbone, version="0.1", pretrained=False, pnet_rand=True, verbose=False
        )
    state = {
        **{f"scaling_layer.{k}": v for k, v in network.scaling_layer.named_buffers()},
        **_linear_layers(Path(lpips.__file__).parent, backbone),
        **_renamed(weights, network.net.state_dict()),
    }
    try:
        network.load_state_dict(state, strict=True, assign=True)
    except RuntimeError as error:
        raise ValueError(
            f"`weights` must be the features of torchvision's {backbone}: {error}"
        ) from error
    frozen: nn.Module = network.requires_grad_(False).eval()
    return frozen


def _linear_layers(package: Path, backbone: str) -> dict[str, Tensor]:
    """Return the published weights of the features, from the package's own file."""
    path = package / "weights" / "v0.1" / f"{backbone}.pth"
    layers = torch.load(path, map_location="cpu", weights_only=True)
    # The network holds each layer twice: `lin0` is `lins.0`.
    twice = {name.replace("lin", "lins.", 1): layer for name, layer in layers.items()}
    return {**layers, **twice}


def _renamed(weights: Mapping[str, Tensor], slices: Iterable[str]) -> dict[str, Tensor]:
    """Return the backbone's weights by the package's names, `net.slice1.0.weight`.

    The package cuts torchvision's `features` into slices and keeps their numbers. What
    it has no name for keeps its own, and is refused when loaded.
    """
    places = {f"features.{name.partition('.')[2]}": f"net.{name}" for name in slices}
    return {places.get(name, name): value.float() for name, value in weights.items()}
