"""The data term against sums written out, one job at a time."""

from functools import partial

import pytest
import torch

from stages.preimage.data_term import data_term
from stages.preimage.surrogate_gradient import LEAK

IMAGE = torch.tensor([[[[101.0, 102.0]]]])


def double(images):
    return 2 * images


def test_a_mask_bounds_the_distance_and_its_normaliser():
    # Only the second entry counts: d = 4, data = 16 / 40000.
    masks = torch.tensor([[[[0.0, 1.0]]]])
    term = data_term(double, torch.full((1, 1, 1, 2), 200.0), masks=masks)
    torch.testing.assert_close(term.value(IMAGE).item(), 16 / 40000)


def test_excluded_entries_have_exactly_zero_gradient():
    masks = torch.tensor([[[[0.0, 1.0]]]])
    _, gradient = data_term(
        double, torch.ones(1, 1, 1, 2), masks=masks
    ).value_and_gradient(IMAGE)
    assert gradient[0, 0, 0, 0] == 0
    assert gradient[0, 0, 0, 1] != 0


def test_a_zero_target_gives_the_mean_square():
    # d = 202, 204 against 0: mean square.
    term = data_term(double, torch.zeros(1, 1, 1, 2))
    torch.testing.assert_close(term.value(IMAGE).item(), (202.0**2 + 204.0**2) / 2)


def test_the_gradient_of_a_code_of_one_number_an_image():
    term = data_term(lambda images: images.sum(dim=(1, 2, 3)), torch.tensor([2.0, 4.0]))
    # d (s - t)^2 / t^2 = 2 (s - t) / t^2 with s = 4: 2 * 2 / 4 and 0.
    value, gradient = term.value_and_gradient(torch.ones(2, 1, 2, 2))
    assert value.tolist() == [1.0, 0.0]
    assert gradient[:, 0, 0, 0].tolist() == [1.0, 0.0]


def test_the_gradient_leaves_the_callers_images_alone():
    images = IMAGE.clone().requires_grad_()
    data_term(double, torch.ones(1, 1, 1, 2)).value_and_gradient(images)
    assert images.grad is None


def test_a_tuple_as_code_is_refused():
    term = data_term(lambda x: (x, x), torch.ones(1, 1, 1, 2))
    with pytest.raises(TypeError, match=r"`phi` must return one tensor, got tuple"):
        term.value(IMAGE)


def test_a_target_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"\(1, 1, 1, 2\), got \(1, 3\)"):
        data_term(double, torch.ones(1, 3)).value(IMAGE)


class Halving:
    """A representation with a stand-in: half of it at the start, itself at the end."""

    def __call__(self, images):
        return images

    def relaxed(self, progress):
        return lambda images: images * (1 + progress) / 2


def test_relaxed_is_of_the_stand_in_and_only_where_there_is_one():
    targets = torch.ones(1, 1, 1, 2)
    relaxing, plain = data_term(Halving(), targets), data_term(double, targets)
    assert relaxing.relaxed(0.5).phi(IMAGE).equal(IMAGE * 0.75)
    assert relaxing.relaxed(1.0).value(IMAGE) == relaxing.value(IMAGE)
    assert plain.relaxed(0.5).phi is double


def above(level):
    """Return a code that is switched off below the level."""
    return lambda images: torch.relu(images - level)


def test_relaxed_wakes_a_job_without_a_slope_and_leaves_its_value():
    term = data_term(above(1000), torch.ones(1, 1, 1, 2))
    value, gradient = term.relaxed(0.5).value_and_gradient(IMAGE)
    # d (0 - 1)^2 / 2 by the code is -1, of which the leak passes.
    assert value == term.value(IMAGE)
    torch.testing.assert_close(gradient, torch.full_like(IMAGE, -LEAK))
    assert not term.value_and_gradient(IMAGE)[1].any()


def test_relaxed_leaves_a_job_with_a_slope_alone_whatever_its_company():
    # The first has a unit that is on, the second has none.
    images = torch.cat([IMAGE, IMAGE - 50])
    term = data_term(above(101.5), torch.ones(2, 1, 1, 2))
    _, own = term.value_and_gradient(images)
    _, woken = term.relaxed(0.5).value_and_gradient(images)
    assert own[0].any()
    assert torch.equal(woken[0], own[0])
    assert not own[1].any()
    assert woken[1].all()


def test_shifted_sees_shifted_images_with_edges_repeated():
    term = data_term(double, torch.ones(1, 1, 1, 2))
    assert term.shifted(0, 1).phi(IMAGE).tolist() in (
        [[[[202.0, 202.0]]]],
        [[[[204.0, 204.0]]]],
    )
    assert term.shifted(0, 0) is term


def test_in_a_lower_precision_the_code_is_rounded_and_the_rest_is_not():
    # Only convolutions and products are rounded: 1 + 2^-9 becomes 1 in bfloat16.
    weight = torch.full((1, 1, 1, 1), 1 + 2**-9)
    phi, targets = partial(torch.conv2d, weight=weight), torch.zeros(1, 1, 1, 2)
    images = torch.full((1, 1, 1, 2), 100.0)
    exact = data_term(phi, targets, precision=torch.bfloat16)
    rounded = exact.in_reduced_precision()
    assert exact.value(images).item() == pytest.approx(100**2 * (1 + 2**-9) ** 2)
    assert rounded.value(images).item() == 100**2
    assert rounded.value(images).dtype == torch.float32


def test_in_float32_there_is_no_lower_precision():
    plain = data_term(double, torch.rand(1, 1, 1, 2))
    assert plain.in_reduced_precision() is plain
