"""The model card of an embedded network: its figures in words.

Every number is measured by `evaluate` or read from params.yaml; none is typed here but
that of a class drawn at random.
"""

from collections.abc import Iterator
from textwrap import fill
from typing import Any

import torch
from torch import nn

from stages.metrics.judge import Judge
from stages.representations.caffenet import CaffeNet
from stages.representations.receptive_field import stack_geometry

_TITLES = {
    "caffenet": "CaffeNet at {side} x {side} pixels",
    "judge": "The judge, trained at {side} x {side} pixels",
}

_KINDS = {
    "caffenet": """\
The paper's CNN-A (Mahendran & Vedaldi, arXiv:1412.0035: CaffeNet, after Krizhevsky et
al., 2012) with its twenty named layers, two groups and local response normalisation,
but narrower and for smaller images. Batch norm, which it had in training, is folded
into its convolutions. It is no copy of the published weights: its layers, geometry and
figures are its own.""",
    "judge": """\
A plain stack of convolutions without groups or local response normalisation (after
Simonyan & Zisserman, arXiv:1409.1556), whose last map is averaged and classified. Batch
norm, which it had in training, is folded into its convolutions. It is another kind of
network than the inverted one and started from other weights, but it was trained on the
same pictures.""",
}

_USES = {
    "caffenet": """\
To be inverted: what do its layers keep of a picture? It takes RGB pixels in 0..255 of
exactly this size and subtracts the mean colour itself. It is no classifier for use: it
knows only these classes, at low resolution, and errs as often as the accuracy above
says. Findings about it need not hold for the published network.""",
    "judge": """\
To measure pre-images of other networks: do they have the label of their original, and
how far apart are their maps? It is never inverted here. It takes RGB pixels in 0..255
of any size from 16 on, and is at its best at the size it was trained at. It is no
classifier for use, and its distances are no calibrated measure of human perception.""",
}

_DATA = """\
Tiny ImageNet (Stanford CS231n; 64 x 64 pixels): {n_train} training pictures of
{classes} classes; {n_val} pictures of its validation set were held out and never
trained on. Their accuracy was logged after every epoch; the weights are those of the
last step, not of the best epoch.

The pictures are derived from ImageNet: **for non-commercial research and education
only**. They belong to their photographers and are not shipped with this project. The
weights were made from them and are offered under the same terms. The classes carry
ImageNet's known biases of place, culture and labelling."""


def card(
    name: str,
    plain: CaffeNet | Judge,
    chosen: dict[str, Any],
    figures: dict[str, Any],
) -> str:
    """Return the card in Markdown; `chosen` are the settings, see `recipe`."""
    side = _side(plain, chosen)
    counts = {"classes": chosen["architecture"]["classes"], **figures}
    sections = {
        "Accuracy": _accuracy(chosen, figures),
        "Layers": "\n".join(_layers(plain, side, figures["rms"])),
        "Data and terms": _wrapped(_DATA.format(**counts)),
        "Training": _wrapped(_training(chosen, figures)),
        "Use and limits": _USES[name],
        "The file": _wrapped(_file(name, figures)),
    }
    head = f"# {_TITLES[name].format(side=side)}\n\n{_KINDS[name]}\n"
    rest = [f"\n## {title}\n\n{text}\n" for title, text in sections.items()]
    return head + "".join(rest)


def _wrapped(text: str) -> str:
    """Return the paragraphs in lines of 88 characters, words left whole."""
    parts = text.split("\n\n")
    filled = (
        fill(part, 88, break_long_words=False, break_on_hyphens=False) for part in parts
    )
    return "\n\n".join(filled)


def _side(plain: CaffeNet | Judge, chosen: dict[str, Any]) -> int:
    """Return the side of the images: CaffeNet's own, or of the last in training."""
    last = int(chosen["recipe"]["stages"][-1][1])
    return plain.side if isinstance(plain, CaffeNet) else last


def _accuracy(chosen: dict[str, Any], figures: dict[str, Any]) -> str:
    classes = chosen["architecture"]["classes"]
    lines = [f"On the {figures['n_val']} held-out pictures, one view each:", ""]
    for key, words in (("top1", "top-1"), ("top5", "top-5")):
        verdict = ""
        if key in chosen["goals"]:
            goal = chosen["goals"][key]
            reached = "reached" if figures[key] >= goal else "**not reached**"
            verdict = f"; the goal of {goal:.0%} is {reached}"
        lines.append(f"- {words}: **{figures[key]:.2%}**{verdict}")
    lines.append(f"- a class drawn at random: {1 / classes:.2%} top-1")
    return "\n".join([*lines, *_colour(figures)])


def _colour(figures: dict[str, Any]) -> Iterator[str]:
    if "grey_first_half" in figures:
        first, second = figures["grey_first_half"], figures["grey_second_half"]
        yield ""
        yield _wrapped(
            "Share of the energy of conv1's filters along the grey axis (1: blind to "
            f"colour; 1/3: random filters): first half of the channels {first:.2f}, "
            f"second half {second:.2f}. The halves are the two streams of the groups."
        )


def _layers(plain: CaffeNet | Judge, side: int, rms: dict[str, float]) -> Iterator[str]:
    """Give the table, all lengths in input pixels, measured on an image of `side`."""
    yield "| layer | channels | side | receptive field | stride | mean rms |"
    yield "| --- | --- | --- | --- | --- | --- |"
    passed: list[nn.Module] = []
    codes = torch.zeros(1, 3, side, side)
    for name, module in plain.stack.named_children():
        passed.append(module)
        with torch.no_grad():
            codes = module(codes)
        seen = stack_geometry(passed)
        sizes = (codes.shape[1], codes.shape[2], seen.size, seen.stride, rms[name])
        yield f"| {' | '.join(map(str, (name, *sizes)))} |"
    if isinstance(plain, Judge):
        yield f"| mean, linear | {plain.classify.out_features} | | whole image | | |"
    yield ""
    yield "Receptive field and stride in input pixels; rms of a code over its entries,"
    yield "mean over the held-out pictures."


def _training(chosen: dict[str, Any], figures: dict[str, Any]) -> str:
    recipe = chosen["recipe"]
    stages = ", then ".join(
        f"{epochs} epochs at {side} x {side} pixels"
        for epochs, side in recipe["stages"]
    )
    state = f"It was trained for all {figures['steps']} steps of the recipe."
    if not figures["finished"]:
        state = (
            f"**Unfinished**: it was trained for {figures['step']} of the "
            f"{figures['steps']} steps of the recipe."
        )
    split = (
        "Before the first step conv1's first half was made blind to colour and its "
        "second half blind to luminance; training was free to undo it. "
        if recipe.get("split_streams")
        else ""
    )
    return f"""\
{state} {split}The recipe: {stages}; pictures mirrored at random and shifted by up to
{recipe["shift"]} pixels; batches of {recipe["batch"]}; stochastic gradient descent with
Nesterov momentum {recipe["momentum"]}, weight decay {recipe["weight_decay"]} (not on
scales and shifts), a rate that rises to {recipe["rate"]} and falls along a cosine;
label smoothing {recipe["label_smoothing"]}; dropout {recipe["dropout"]}; batch norm.
Seed {recipe["seed"]} draws the pictures; the first weights come from seed 0.

To make it again, put Tiny ImageNet in Parquet where `params.yaml` says and run
`dvc repro` in this folder: train, fold, evaluate. A training that was stopped goes on
from its last checkpoint. Another machine or number of threads rounds otherwise, so that
weights and figures will differ a little."""


def _file(name: str, figures: dict[str, Any]) -> str:
    return f"""\
`{name}.safetensors`: {figures["n_parameters"]} parameters in float32,
{figures["bytes"]} bytes, SHA-256 `{figures["sha256"]}`. Its metadata hold the
architecture. `{name}.json` has the figures of this card. Both, and the card itself, are
written by `python -m data.embedded.evaluate {name}`; edit neither by hand."""
