"""Pictures that are hard on a solver: nothing may break, and the objective falls."""

import pytest
import torch
from PIL import Image, ImageDraw

from stages.images import image_from_picture
from stages.params.representations import CaffenetSettings
from stages.plan.representations import definition
from stages.plan.resolution import depth_of, rate_by_depth
from stages.preimage import Options, fast, invert
from stages.preimage.start import noise
from stages.representations.dsift import Dsift
from stages.representations.hog import Hog
from stages.representations.loading import built

SIDE, STEPS = 64, 60
CAFFENET = CaffenetSettings(kind="caffenet")


def drawing(kind):
    picture = Image.new("RGB", (SIDE, SIDE), "white")
    pen = ImageDraw.Draw(picture)
    if kind == "text":
        for row in range(0, SIDE, 12):
            pen.text((1, row), "pre-image of", fill="black")
    else:
        for x in range(0, SIDE, 7):
            pen.line((x, 0, SIDE - x, SIDE), fill="black")
    return image_from_picture(picture, 3)


def pictures():
    noise = torch.randint(
        0, 256, (3, SIDE, SIDE), generator=torch.Generator().manual_seed(0)
    )
    return torch.stack(
        [
            torch.full((3, SIDE, SIDE), 128.0),
            torch.zeros(3, SIDE, SIDE),
            torch.full((3, SIDE, SIDE), 255.0),
            noise.float(),
            drawing("text"),
            drawing("lines"),
        ]
    )


def check(phi, images, rate):
    with torch.no_grad():
        targets = phi(images)
    shape = tuple(images.shape[1:])
    result = invert(
        phi,
        targets,
        shape=shape,
        seed=range(6),
        solver=fast(steps=STEPS, rate=rate),
        options=Options(mean=phi.mean),
    )
    assert {one.status for one in result.outcomes} == {"done"}
    assert torch.isfinite(result.preimage).all()
    first, last = result.trace.objective[0], result.trace.objective[-1]
    assert (last < first).all()


@pytest.mark.slow
@pytest.mark.parametrize("layer", ["conv1", "norm1", "relu2", "relu4", "pool5", "fc8"])
def test_no_layer_of_the_network_breaks(layer):
    network = built(definition(CAFFENET))
    rate = rate_by_depth(depth_of(layer, network.layers), STEPS)
    check(network.cut(layer), pictures(), rate)


@pytest.mark.parametrize("phi", [Hog(), Dsift()], ids=["hog", "dsift"])
def test_no_descriptor_breaks(phi):
    check(phi, pictures().mean(dim=1, keepdim=True), None)


def test_a_single_unit_that_noise_does_not_switch_on_is_found():
    network = built(definition(CAFFENET))
    phi, shape, seeds = network.cut("relu4"), (3, SIDE, SIDE), [0, 1, 2]
    mean = torch.tensor(phi.mean)[:, None, None]
    with torch.no_grad():
        target = phi(drawing("text")[None])[0]
        starts = phi(torch.stack([noise(shape, seed) for seed in seeds]) + mean)
    off = (starts == 0).all(dim=0)
    unit = (target * off).argmax()
    mask = torch.zeros_like(target)
    mask.view(-1)[unit] = 1
    rate = rate_by_depth(depth_of("relu4", network.layers), STEPS)
    targets = target.expand(3, *target.shape)
    result = invert(
        phi,
        targets,
        shape=shape,
        seed=seeds,
        solver=fast(steps=STEPS, rate=rate),
        options=Options(mask, phi.mean),
    )
    assert [one.status for one in result.outcomes] == ["done"] * 3
    assert (result.code_error < 0.1).all()
