"""Where a network can be read: names, forms, and a forward pass that stops there."""

import pytest
import torch
from torch import nn

from stages.representations.points import (
    CHANNELS_LAST,
    MAP,
    OUTPUT,
    TOKENS,
    VECTOR,
    Grid,
    as_cells,
    code_at,
    points,
)

IMAGES = torch.rand(2, 3, 8, 8)


class Shared(nn.Module):
    """Calls its ReLU twice, as ResNet's blocks do."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 1)
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.b(self.relu(self.a(x))))


class Odd(nn.Module):
    """Has parts that give no code."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(3, 1, batch_first=True)
        self.windows = nn.Identity()
        self.numbers = nn.Identity()
        self.unused = nn.ReLU()

    def forward(self, x):
        tokens = x.flatten(2).transpose(1, 2)
        found, _ = self.attention(tokens, tokens, tokens)
        self.windows(x.reshape(8, -1))
        self.numbers(x.argmax(1))
        return found


def test_a_second_call_has_a_name_of_its_own():
    found = points(Shared(), IMAGES)
    assert list(found.named) == ["a", "relu", "b", "relu_1"]
    assert found.others == {OUTPUT: "relu_1"}
    assert [found.named[name].call for name in ("relu", "relu_1")] == [0, 1]


def test_the_code_of_each_call_is_its_own():
    network = Shared().eval()
    named = points(network, IMAGES).named
    first, second = (code_at(network, IMAGES, named[n]) for n in ("relu", "relu_1"))
    assert torch.equal(first, network.a(IMAGES).relu())
    assert torch.equal(second, network(IMAGES))
    assert not torch.equal(first, second)


def test_containers_share_the_name_of_least_depth():
    network = nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU()), nn.Flatten())
    found = points(network, IMAGES)
    assert list(found.named) == ["0.0", "0", "1"]
    assert found.others == {"0.1": "0", OUTPUT: "1"}
    assert [one.form for one in found.named.values()] == [MAP, MAP, VECTOR]


def test_what_gives_no_code_says_why():
    found = points(Odd(), IMAGES)
    assert "tuple" in found.unreadable["attention"]
    assert "(8, 48) for 2 images" in found.unreadable["windows"]
    assert "int64" in found.unreadable["numbers"]
    assert "unused" not in {*found.named, *found.unreadable}
    assert found.named[OUTPUT].form == TOKENS


def test_a_tensor_that_is_changed_in_place_is_another_code():
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(inplace=True))
    assert list(points(network, IMAGES).named) == ["0", "1"]


@pytest.mark.parametrize(
    ("last", "form", "shape"),
    [
        (nn.Conv2d(3, 5, 3), MAP, (5, 6, 6)),
        (nn.Unflatten(1, (3, 1)), None, None),
        (nn.Flatten(), VECTOR, (192, 1, 1)),
    ],
)
def test_forms_of_codes(last, form, shape):
    found = points(nn.Sequential(last), IMAGES)
    if form is None:
        assert "n c h w" in found.unreadable["0"]
    else:
        assert (found.named["0"].form, found.named["0"].shape) == (form, shape)


class Permuted(nn.Module):
    def __init__(self, *axes):
        super().__init__()
        self.axes, self.norm = axes, nn.LayerNorm(3)
        self.plain = nn.Identity()

    def forward(self, x):
        return self.plain(self.norm(x.permute(self.axes)) + 0)


def test_channels_last_become_the_first_axis():
    network = Permuted(0, 2, 3, 1)
    found = points(network, IMAGES)
    for name in ("norm", "plain"):
        point = found.named[name]
        assert (point.form, point.shape) == (CHANNELS_LAST, (3, 8, 8))
    code = code_at(network, IMAGES, found.named["plain"])
    assert torch.equal(code, network(IMAGES).permute(0, 3, 1, 2))


def test_where_all_axes_are_equal_the_module_tells():
    network = Permuted(0, 2, 3, 1)
    forms = {
        n: p.form for n, p in points(network, torch.rand(2, 3, 3, 3)).named.items()
    }
    assert forms == {"norm": CHANNELS_LAST, "plain": MAP}


class Tokens(nn.Module):
    """A patch embedding and a class token, as ViT's."""

    def __init__(self, n_others):
        super().__init__()
        self.patch, self.n_others = nn.Conv2d(3, 5, 2, 2), n_others
        self.last = nn.Identity()

    def forward(self, x):
        tokens = self.patch(x).flatten(2).transpose(1, 2)
        others = torch.zeros(len(x), self.n_others, 5, device=x.device)
        return self.last(torch.cat([others, tokens], dim=1))


@pytest.mark.parametrize("n_others", [0, 1, 5, 9])
def test_patches_among_tokens_are_as_many_as_the_last_map_had(n_others):
    point = points(Tokens(n_others), IMAGES).named["last"]
    assert (point.form, point.shape) == (TOKENS, (5, 16 + n_others, 1))
    assert point.grid == Grid(4, 4, n_others)


def test_without_a_map_patches_are_the_largest_square():
    network = nn.Sequential(nn.Flatten(2), nn.Linear(64, 7))
    point = points(
        nn.Sequential(network, nn.Flatten(1), nn.Unflatten(1, (21, 1))), IMAGES
    )
    assert point.named["2"].grid == Grid(4, 4, 5)


def test_tokens_stand_in_a_column():
    tokens = torch.rand(2, 17, 5)
    code = as_cells(tokens, TOKENS)
    assert code.shape == (2, 5, 17, 1)
    assert torch.equal(code[1, 3, 11, 0], tokens[1, 11, 3])


def test_nothing_beyond_the_point_runs():
    class Bomb(nn.Module):
        def forward(self, x):
            raise RuntimeError("ran")

    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), Bomb())
    named = points(network[:2], IMAGES).named
    assert code_at(network, IMAGES, named["1"]).min() >= 0


def test_a_network_that_catches_errors_is_stopped_all_the_same():
    class Careful(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.ReLU()

        def forward(self, x):
            try:
                self.a(x)
            except Exception:
                pass
            return x.sum(dim=(2, 3))

    network = Careful()
    named = points(network, IMAGES).named
    assert torch.equal(code_at(network, IMAGES, named["a"]), IMAGES)


def test_a_point_that_is_not_reached_is_an_error():
    class Fork(nn.Module):
        def __init__(self):
            super().__init__()
            self.bright, self.dark = nn.ReLU(), nn.ReLU()

        def forward(self, x):
            return self.bright(x) if x.mean() > 0 else self.dark(x)

    network = Fork()
    point = points(network, IMAGES).named["bright"]
    with pytest.raises(ValueError, match=r"bright was not reached: .* another way"):
        code_at(network, -IMAGES, point)


def test_hooks_are_gone_afterwards():
    network = Shared()
    named = points(network, IMAGES).named
    code_at(network, IMAGES, named["relu"])
    assert not any(module._forward_hooks for module in network.modules())
