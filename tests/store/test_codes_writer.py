"""Codes that come layer by layer side by side end as the same files."""

import pytest
import torch

from stages.store import codes
from stages.store.codes_writer import writing
from stages.store.files import replacing

IDS = ["aa", "bb", "cc"]
CODES = torch.arange(3 * 2 * 4 * 5, dtype=torch.float32).reshape(3, 2, 4, 5)


def test_two_layers_written_by_turns_are_the_bytes_of_two_written_at_once(tmp_path):
    places = [tmp_path / "deep" / name for name in ("a.safetensors", "b.safetensors")]
    with (
        writing(places[0], IDS, (2, 4, 5)) as a,
        writing(places[1], IDS, (4, 2, 5)) as b,
    ):
        for part in (slice(0, 2), slice(2, 3)):
            a.add(CODES[part])
            b.add(CODES[part].transpose(1, 2).double())
    whole = (CODES, CODES.transpose(1, 2))
    for place, expected in zip(places, whole, strict=True):
        with replacing(tmp_path / "once") as once, once.open("wb") as file:
            codes.write(file, IDS, tuple(expected.shape[1:]), [expected])
        assert place.read_bytes() == (tmp_path / "once").read_bytes()
        assert torch.equal(codes.StoredCodes(place).all(), expected)


@pytest.mark.parametrize(
    ("batches", "told"),
    [
        ([CODES[:2]], r"must be 3 of the shape \(2, 4, 5\); got 2, and no more"),
        ([CODES, CODES[:1]], r"got 3, and \(1, 2, 4, 5\) more"),
        ([CODES.transpose(1, 2)], r"got 0, and \(3, 4, 2, 5\) more"),
    ],
)
def test_other_codes_than_those_are_refused_and_leave_nothing(tmp_path, batches, told):
    place = tmp_path / "layer.safetensors"

    def write():
        with writing(place, IDS, (2, 4, 5)) as file:
            for batch in batches:
                file.add(batch)

    with pytest.raises(ValueError, match=told):
        write()
    assert not list(tmp_path.iterdir())
