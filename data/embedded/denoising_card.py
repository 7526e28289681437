"""The card of an embedded denoiser: its figures in words; none is typed here."""

from collections.abc import Iterator
from textwrap import fill
from typing import Any

_KINDS = {
    "photographs": "Photographs, RGB, 224 x 224 pixels",
    "grey": "The same without colour",
    "thumbnails": "Thumbnails, RGB, 64 x 64 pixels",
}

_HEAD = """\
A U-Net (Ronneberger et al., arXiv:1505.04597) on images folded two by two, of residual
blocks of 3x3 convolutions and ReLUs without normalisation, that is told the level of
the noise. It takes RGB or grey pixels in 0..255 of any side, and gives the image less
the noise that it finds. A grey image goes in as three equal channels, and the mean of
what comes out is taken: a share of the training was just that. It is the study's
learned natural-image prior."""

_DATA = """\
Tiny ImageNet (Stanford CS231n; 64 x 64 pixels), the training pictures of {files}; and
one half of 100 photographs of ImageNet (from the repository
EliSchwartz/imagenet-sample-images), in the order of their names the 1st, 3rd, 5th and
so on, at short sides of {sides} pixels. The other half, and Tiny ImageNet's validation
pictures, were never trained on: the figures above are theirs.

The pictures are derived from ImageNet: **for non-commercial research and education
only**. They belong to their photographers and are not shipped with this project. The
weights were made from them and are offered under the same terms."""

_USES = """\
To pull a pre-image towards natural pictures: it knows edges, smooth regions and the
commonest textures. What it adds to a pre-image comes from the pictures above, not from
the code: where the code is silent, it makes up. It was trained on Gaussian noise alone,
and is no denoiser for use on photographs of a camera."""


def card(name: str, chosen: dict[str, Any], figures: dict[str, Any]) -> str:
    """Return the card in Markdown; `chosen` are the settings, see `recipe`."""
    recipe = chosen["recipe"]
    data = {
        "files": recipe["thumbnails"]["files"],
        "sides": _listed(recipe["photographs"]["sides"]),
    }
    sections = {
        "What it takes out": "\n".join(_tables(chosen, figures)),
        "Data and terms": _wrapped(_DATA.format(**data)),
        "Training": _wrapped(_training(chosen, figures)),
        "Use and limits": _USES,
        "The file": _wrapped(_file(name, figures)),
    }
    head = f"# The denoiser\n\n{_HEAD}\n"
    rest = [f"\n## {title}\n\n{text}\n" for title, text in sections.items()]
    return head + "".join(rest)


def _tables(chosen: dict[str, Any], figures: dict[str, Any]) -> Iterator[str]:
    """Give a table a kind of picture: PSNR by method and level of noise."""
    for kind, by_method in figures["psnr"].items():
        levels = list(by_method["denoiser"])
        yield f"{_KINDS[kind]}; PSNR in dB, mean over pictures:"
        yield ""
        yield f"| noise, grey levels | {' | '.join(levels)} |"
        yield f"| --- |{' --- |' * len(levels)}"
        for method, found in by_method.items():
            label = f"**{method}**" if method == "denoiser" else method
            values = " | ".join(f"{found[level]:.2f}" for level in levels)
            yield f"| {label} | {values} |"
        yield ""
    goal = chosen["goals"]["photographs_25"]
    found = figures["psnr"]["photographs"]["denoiser"]["25"]
    verdict = "reached" if found >= goal else "**not reached**"
    yield f"The goal of {goal} dB on photographs at a noise of 25 is {verdict}."
    yield ""
    yield _wrapped(
        "White Gaussian noise, not clipped, nor is what comes out. The others are told "
        "the level of the noise, too: BM3D (Dabov et al., 2007; its authors' program, "
        "in opponent colours), and scikit-image's non-local means (patches of 5, "
        "distance 6, h 0.6 of the level) and total variation (Chambolle, weight the "
        "level)."
    )


def _training(chosen: dict[str, Any], figures: dict[str, Any]) -> str:
    recipe = chosen["recipe"]
    small, large = recipe["thumbnails"], recipe["photographs"]
    least, most = recipe["noise"]
    made = chosen["made"]
    return f"""\
{figures["step"]} of {recipe["steps"]} steps, in {made["minutes"]} minutes on
{made["on"]}. Steps take turns: {small["batch"]} thumbnails, or {large["batch"]} crops
of {large["crop"]} pixels from photographs, mirrored at random; noise of {least:g} to
{most:g} grey levels, log-uniform; {recipe["grey"]:.0%} of the pictures without colour
and with equal noise in the three channels. The loss is the squared error over the level
of the noise. Adam with a rate that rises to {recipe["rate"]:g} in {recipe["warm_up"]}
steps and falls to 0 in the last {recipe["cool_down"]}; the weights are a running
average of those trained (it keeps {recipe["average"]} a step). Seed {recipe["seed"]}
draws the first weights, the pictures and the noise.

To make it again, put the pictures where `params.yaml` says and run `dvc repro` in this
folder: on a GPU, as a CPU of two cores would take days. A training that was stopped
goes on from its last checkpoint to the same weights. Another kind of device draws other
noise, and another machine or number of threads rounds otherwise, so that weights and
figures will differ a little."""


def _file(name: str, figures: dict[str, Any]) -> str:
    return f"""\
`{name}.safetensors`: {figures["n_parameters"]} parameters in float32,
{figures["bytes"]} bytes, SHA-256 `{figures["sha256"]}`. An RGB image of 224 x 224
pixels takes {figures["macs_224"] / 1e6:.0f} million multiplications. Its metadata hold
the architecture and the recipe. `{name}.json` has the figures of this card. Both, and
the card itself, are written by `python -m data.embedded.denoising_figures {name}`; edit
neither by hand."""


def _listed(numbers: list[int]) -> str:
    return f"{', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


def _wrapped(text: str) -> str:
    """Return the paragraphs in lines of 88 characters, words left whole."""
    return "\n\n".join(
        fill(part, 88, break_long_words=False, break_on_hyphens=False)
        for part in text.split("\n\n")
    )
