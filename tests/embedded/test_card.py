import pytest

from data.embedded.card import card
from data.embedded.networks import network
from data.embedded.recipe import settings

FIGURES = {
    "top1": 0.4412,
    "top5": 0.6998,
    "n_val": 5000,
    "n_train": 99879,
    "n_parameters": 1234,
    "bytes": 5678,
    "sha256": "ab" * 32,
    "finished": True,
    "step": 90,
    "steps": 90,
    "grey_first_half": 0.91,
    "grey_second_half": 0.42,
}


@pytest.fixture
def write(folder):
    """Return a function that writes the card of a network with these figures."""

    def text(name, split_streams=False, **changes):
        chosen = settings(name, folder)
        chosen["recipe"]["split_streams"] = split_streams
        chosen["goals"] = {"top1": 0.44, "top5": 0.70}
        plain = network(name, chosen["architecture"])
        rms = {layer: 1.25 for layer, _ in plain.stack.named_children()}
        return card(name, plain, chosen, {**FIGURES, "rms": rms, **changes})

    return text


def test_goals_are_judged_in_plain_words(write):
    text = write("caffenet")
    assert "top-1: **44.12%**; the goal of 44% is reached" in text
    assert "top-5: **69.98%**; the goal of 70% is **not reached**" in text
    assert "is reached" in write("caffenet", top1=0.44)
    assert "43.99%**; the goal of 44% is **not reached**" in write("judge", top1=0.4399)


def test_accuracy_without_a_goal_stands_alone(write, folder):
    chosen = settings("judge", folder)
    plain = network("judge", chosen["architecture"])
    rms = {layer: 1.0 for layer, _ in plain.stack.named_children()}
    text = card("judge", plain, chosen, {**FIGURES, "rms": rms})
    assert "top-5: **69.98%**\n" in text


def test_table_of_layers_is_measured(write):
    text = write("caffenet")
    # By hand at 64 x 64, stem 5 by 2: see the geometry of the small network.
    assert "| conv1 | 8 | 31 | 5 | 2 | 1.25 |" in text
    assert "| norm2 | 8 | 7 | 33 | 8 | 1.25 |" in text
    # 33 + 3 * 2 * 8 = 81, + 2 * 8 = 97, + 2 * 16 = 129.
    assert "| fc8 | 4 | 1 | 129 | 16 | 1.25 |" in text
    # conv1 5 by 2, pool 2 by 2: 7; 3x3 at stride 4: 15.
    assert "| conv2 | 6 | 16 | 15 | 4 | 1.25 |" in write("judge")


def test_terms_recipe_and_hash_are_stated(write):
    for name in ("caffenet", "judge"):
        text = write(name)
        for words in (
            "Tiny ImageNet",
            "99879 training pictures of 4 classes",
            "5000 pictures",
            "**for non-commercial research and education only**",
            "belong to their photographers",
            "weight decay 0.0005",
            "rises to 0.05",
            "all 90 steps",
            "Seed 0",
            "1234 parameters",
            "5678 bytes",
            "ab" * 32,
            "dvc repro",
        ):
            assert words in " ".join(text.split()), words


def test_unfinished_training_is_confessed(write):
    text = " ".join(write("judge", finished=False, step=40).split())
    assert "**Unfinished**: it was trained for 40 of the 90 steps" in text
    assert "all 90 steps" not in text


def test_lines_are_no_longer_than_those_of_the_code(write):
    # The hash does not fit beside anything.
    lines = write("caffenet").splitlines()
    assert max(len(line) for line in lines) <= 88


def test_that_the_streams_were_split_before_training_is_confessed(write):
    words = "conv1's first half was made blind to colour"
    assert words in " ".join(write("caffenet", split_streams=True).split())
    assert words not in " ".join(write("caffenet").split())
