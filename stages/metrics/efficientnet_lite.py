"""EfficientNet-Lite0, in plain torch: the judge of pre-images of 128 pixels and more.

EfficientNet (Tan and Le, arXiv 1905.11946, table 1) without squeeze-and-excitation and
with ReLU6, as TensorFlow's authors published it for small devices: stem and head have
the width of the smallest model. Convolutions with a stride pad as TensorFlow does: what
is odd in all has one more behind. Parameters have the names of the weights' file.
"""

from collections.abc import Iterator

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import pad, relu6

from stages.images import Images

SIDE, CLASSES = 224, 1000

# The network sees (pixels - 127) / 128, pixels in 0..255.
MEAN, STD = 127.0, 128.0

# TensorFlow's constant for batch normalisation in these networks.
EPSILON = 1e-3

# Of each stage: blocks, kernel, stride of the first block, expansion, channels.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM, HEAD = 32, 1280


class EfficientNetLite0(nn.Module):
    """The network over RGB images in 0..255 of `SIDE` x `SIDE` pixels."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = _Padded(3, STEM, 3, 2)
        self._bn0 = _norm(STEM)
        self._blocks = nn.ModuleList(_blocks())
        self._conv_head = nn.Conv2d(STAGES[-1][-1], HEAD, 1, bias=False)
        self._bn1 = _norm(HEAD)
        self._fc = nn.Linear(HEAD, CLASSES)
        self.requires_grad_(False).eval()

    def features(self, images: Images) -> list[Float[Tensor, "n _k _r _s"]]:
        """Return the code after each of the seven stages, and the head's."""
        maps = []
        code = relu6(self._bn0(self._conv_stem((images - MEAN) / STD)))
        blocks = iter(self._blocks)
        for n_blocks, *_ in STAGES:
            for _, block in zip(range(n_blocks), blocks, strict=False):
                code = block(code)
            maps.append(code)
        return [*maps, relu6(self._bn1(self._conv_head(code)))]

    def logits(self, images: Images) -> Float[Tensor, "n 1000"]:
        """Return how much speaks for each of ImageNet's classes."""
        return self.scores(self.features(images)[-1])

    def scores(self, last: Float[Tensor, "n 1280 _r _s"]) -> Float[Tensor, "n 1000"]:
        """Return the logits of the last of `features`."""
        logits: Tensor = self._fc(last.mean(dim=(2, 3)))
        return logits

    def forward(self, images: Images) -> Float[Tensor, "n 1000"]:
        """Return the logits."""
        return self.logits(images)


def _blocks() -> Iterator["_Block"]:
    before = STEM
    for n_blocks, kernel, stride, expansion, channels in STAGES:
        for i in range(n_blocks):
            step = stride if i == 0 else 1
            yield _Block(before, channels, kernel, step, expansion)
            before = channels


class _Block(nn.Module):
    """An inverted bottleneck: wider, along the cells, narrower; a sum where it can."""

    def __init__(
        self, before: int, channels: int, kernel: int, stride: int, expansion: int
    ) -> None:
        super().__init__()
        wide = before * expansion
        self.expands = expansion > 1
        if self.expands:
            self._expand_conv = nn.Conv2d(before, wide, 1, bias=False)
            self._bn0 = _norm(wide)
        self._depthwise_conv = _Padded(wide, wide, kernel, stride, groups=wide)
        self._bn1 = _norm(wide)
        self._project_conv = nn.Conv2d(wide, channels, 1, bias=False)
        self._bn2 = _norm(channels)
        self.adds = stride == 1 and before == channels

    def forward(self, code: Tensor) -> Tensor:
        wide = code
        if self.expands:
            wide = relu6(self._bn0(self._expand_conv(code)))
        wide = relu6(self._bn1(self._depthwise_conv(wide)))
        narrow: Tensor = self._bn2(self._project_conv(wide))
        return narrow + code if self.adds else narrow


class _Padded(nn.Conv2d):
    """A convolution that gives a cell for each `stride` cells, those begun included."""

    def __init__(
        self, before: int, channels: int, kernel: int, stride: int, groups: int = 1
    ) -> None:
        super().__init__(before, channels, kernel, stride, groups=groups, bias=False)

    def forward(self, code: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        rows, columns = (max(kernel - 1 - (n - 1) % stride, 0) for n in code.shape[2:])
        around = (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)
        return super().forward(pad(code, around))


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=EPSILON)
