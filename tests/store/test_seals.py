"""Seals: whichever bit is changed, it is noticed; other readers do not mind them."""

import io
import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from stages.store.seals import (
    BrokenSeal,
    check_parquet,
    seal_parquet,
    sealed_json,
    unsealed_json,
)
from stages.store.tensor_digest import tensors_digest

TABLE = pa.table({"name": ["oval", "box"], "error": [0.296, 3.49]})


@pytest.fixture
def sealed(tmp_path):
    path = tmp_path / "table.parquet"
    pq.write_table(TABLE, path)
    seal_parquet(path)
    return path


def test_every_changed_byte_of_a_table_is_noticed(sealed):
    whole = sealed.read_bytes()
    check_parquet(sealed)
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        sealed.write_bytes(changed)
        with pytest.raises(BrokenSeal):
            check_parquet(sealed)


def test_a_table_that_is_cut_or_longer_is_noticed(sealed):
    whole = sealed.read_bytes()
    for data in [whole[:n] for n in range(0, len(whole), 7)] + [whole + b"x"]:
        sealed.write_bytes(data)
        with pytest.raises(BrokenSeal):
            check_parquet(sealed)


@pytest.mark.parametrize("mark", [b"PAR0", b"PAR2"])
def test_a_file_with_another_mark_is_told_to_be_no_table(sealed, mark):
    sealed.write_bytes(sealed.read_bytes()[:-4] + mark)
    with pytest.raises(BrokenSeal, match="no Parquet file"):
        check_parquet(sealed)


def test_other_readers_see_the_table_as_it_was(sealed):
    assert pq.read_table(sealed).equals(TABLE)
    assert pd.read_parquet(sealed)["error"].tolist() == [0.296, 3.49]
    pq.read_table(io.BytesIO(sealed.read_bytes())).validate(full=True)


def test_a_table_without_a_seal_is_told(tmp_path):
    path = tmp_path / "plain.parquet"
    pq.write_table(TABLE, path)
    with pytest.raises(BrokenSeal, match="it holds no checksum"):
        check_parquet(path)


def test_every_changed_byte_of_json_is_noticed_or_says_the_same():
    value = {"norm": 0.296, "names": ["oval", "b\u00f6x"], "none": None, "yes": True}
    whole = sealed_json(value).encode()
    n_noticed = 0
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 7
        try:
            assert unsealed_json(bytes(changed)) == value
        except BrokenSeal:
            n_noticed += 1
    # What says the same are spaces between the words.
    assert n_noticed > 0.7 * len(whole)


@pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 100_000, '"\xff', "null"])
def test_json_without_a_seal_is_told(text):
    with pytest.raises(BrokenSeal):
        unsealed_json(text.encode("latin-1"))


def test_numbers_come_back_as_they_were():
    value = [0.1, 1e-310, -0.0, 2**60, 1 / 3]
    assert list(map(repr, unsealed_json(sealed_json(value).encode()))) == list(
        map(repr, value)
    )
    assert json.loads(sealed_json(value))["content"] == value


def test_a_digest_covers_text_names_types_shapes_and_numbers():
    ones = torch.ones(2, 3)
    others = [
        ("text", {"x": ones}),
        ("other", {"x": ones}),
        ("text", {"y": ones}),
        ("text", {"x": ones.flatten()}),
        ("text", {"x": ones.int()}),
        ("text", {"x": ones.view(torch.int32)}),
        ("text", {"x": ones, "y": torch.tensor(1.0)}),
        ("text", {"x": ones.bfloat16()}),
        ("text", {"x": ones * -1}),
    ]
    assert len({tensors_digest(*one) for one in others}) == len(others)
    turned = torch.ones(3, 2).T
    assert tensors_digest("text", {"x": turned}) == tensors_digest("text", {"x": ones})
