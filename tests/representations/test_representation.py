import pytest
import torch

from stages.representations.dsift import Dsift
from stages.representations.hog import Hog
from stages.representations.representation import Representation

EXAMPLES = {
    "hog": Hog(),
    "hogb": Hog(assignment="bilinear"),
    "dsift": Dsift(),
}


def code_and_gradient(phi, images):
    """Return the code and the gradient of a sum of squares that differs by entry."""
    images = images.clone().requires_grad_()
    code = phi(images)
    target = torch.linspace(-1, 1, code[0].numel(), dtype=code.dtype)
    (code - target.view_as(code[0])).square().sum().backward()
    return code.detach(), images.grad


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("height", "width"), [(37, 29), (128, 128)])
@pytest.mark.parametrize("name", EXAMPLES)
def test_bits_do_not_depend_on_position_or_company(noise, name, height, width, dtype):
    n, phi = 8, EXAMPLES[name]
    images = noise(n, height, width, dtype=dtype)
    code, gradient = code_and_gradient(phi, images)
    for position in (1, 6, 7):
        company = noise(n, height, width, dtype=dtype, seed=position + 1)
        company[position] = images[0]
        code_here, gradient_here = code_and_gradient(phi, company)
        assert torch.equal(code_here[position], code[0])
        assert torch.equal(gradient_here[position], gradient[0])


@pytest.mark.parametrize("name", EXAMPLES)
def test_layout_in_memory_does_not_matter(noise, name):
    images = noise(2, 44, 51)
    strided = images.transpose(2, 3).contiguous().transpose(2, 3)
    assert torch.equal(EXAMPLES[name](strided), EXAMPLES[name](images))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", EXAMPLES)
def test_gpu_agrees_with_the_cpu(noise, name, dtype):
    phi, images = EXAMPLES[name], noise(8, 77, 64, dtype=dtype)
    on_cpu = code_and_gradient(phi, images)
    on_gpu = code_and_gradient(phi, images.cuda())
    for cpu, gpu in zip(on_cpu, on_gpu, strict=True):
        torch.testing.assert_close(gpu.cpu(), cpu, rtol=1e-3, atol=1e-4)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", EXAMPLES)
def test_gpu_bits_do_not_depend_on_position_or_company(noise, name):
    phi, images = EXAMPLES[name], noise(8, 37, 29, dtype=torch.float32).cuda()
    code, gradient = code_and_gradient(phi, images)
    company = noise(8, 37, 29, dtype=torch.float32, seed=1).cuda()
    company[5] = images[0]
    code_here, gradient_here = code_and_gradient(phi, company)
    assert torch.equal(code_here[5], code[0])
    assert torch.equal(gradient_here[5], gradient[0])


@pytest.mark.parametrize("phi", [Hog(), Dsift()], ids=["hog", "dsift"])
def test_descriptors_have_the_common_interface(phi):
    (layer,) = phi.layers
    assert isinstance(phi, Representation)
    assert phi.cut(layer) is phi
    assert phi.image_channels == 1
    assert phi.mean == (128.0,)
    assert not list(phi.parameters())


@pytest.mark.parametrize("ask", ["cut", "geometry"])
def test_unknown_layer_is_refused_with_the_choices(ask):
    with pytest.raises(ValueError, match="one of hog; got 'conv1'"):
        getattr(Hog(), ask)("conv1")


def test_representation_without_orientations_says_so():
    class Pixels(Representation):
        layers = ("pixels",)

    with pytest.raises(ValueError, match=r"left out for Pixels, .* got \[0\]"):
        Pixels().channels_of_orientations([0])
