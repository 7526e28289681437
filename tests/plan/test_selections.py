"""Regions and channels of the grid, where a code is tokens; cells: `test_grid`."""

import pytest

from stages.params.representations import TorchvisionSettings
from stages.params.selections import Centre, Rectangle, Share, Tokens, region_name
from stages.plan.representations import definition
from stages.plan.selections import _tokens, region
from stages.representations.points import Grid
from stages.representations.selection import Selection

VIT = definition(
    TorchvisionSettings.model_validate(
        {"kind": "torchvision", "model": "vit_b_16", "weights": "random"}
    )
)
LAYER = "encoder.layers.encoder_layer_0"
N_TOKENS = 197


@pytest.mark.parametrize(
    ("choice", "tokens", "name"),
    [
        (Tokens(tokens="class"), (0,), "tokens class"),
        (Tokens(tokens="patches"), tuple(range(1, N_TOKENS)), "tokens patches"),
        (Tokens(tokens=[5, 2]), (2, 5), "tokens 5 2"),
        # Of 14 x 14 patches the centre's 2 x 2 are rows and columns 6 and 7; patch
        # (6, 6) is token 1 + 6 * 14 + 6.
        (Centre(centre=2), (91, 92, 105, 106), "centre 2"),
        (Rectangle(rows=[0, 1], columns=[1, 3]), (2, 3), "rows 0:1 columns 1:3"),
        (Tokens(tokens=list(range(N_TOKENS))), None, None),
    ],
)
def test_tokens_and_windows_of_patches(choice, tokens, name):
    assert region(choice, VIT, LAYER) == Selection(tokens=tokens)
    assert name is None or region_name(choice) == name


def test_all_patches_leave_the_class_token_out():
    found = region(Rectangle(rows=[0, 14], columns=[0, 14]), VIT, LAYER)
    assert found == region(Tokens(tokens="patches"), VIT, LAYER)


def test_numbers_name_tokens_where_all_are_patches_and_class_names_none():
    grid = Grid(rows=2, columns=2, first=0)
    assert _tokens(Tokens(tokens=[3, 1]), grid, 4, 1, "stage") == (1, 3)
    with pytest.raises(ValueError, match="no class token: its 4 tokens are patches"):
        _tokens(Tokens(tokens="class"), grid, 4, 1, "stage")


def test_cells_are_no_tokens_however_few_columns_they_have():
    with pytest.raises(ValueError, match="pool has cells"):
        _tokens(Tokens(tokens=[1]), None, 2, 2, "pool")


def test_all_is_everything():
    assert region("all", VIT, LAYER) == Selection()


@pytest.mark.parametrize(
    ("choice", "layer", "match"),
    [
        (
            Tokens(tokens=[197]),
            LAYER,
            r"numbers in 0\.\.196, the tokens of encoder",
        ),
        (Tokens(tokens=[3, 3]), LAYER, "distinct numbers"),
        (Tokens(tokens="class"), "conv_proj", "conv_proj has cells"),
        (Tokens(tokens="patches"), "heads", "none are patches"),
        (Centre(centre=15), LAYER, "14 rows and 14 columns"),
        (Share(share=0.5), LAYER, "`share` is for cells"),
    ],
)
def test_what_cannot_be_is_told(choice, layer, match):
    with pytest.raises(ValueError, match=match):
        region(choice, VIT, layer)
