import pytest
from PIL import Image

from stages.process.stage import Refusal
from stages.sources import builtin
from stages.sources.picture import upright

SIX = ["astronaut", "chelsea", "coffee", "rocket", "hubble_deep_field", "camera"]


def test_every_photograph_is_in_the_wheel_and_has_a_licence(monkeypatch):
    # Any way to the network or to scikit-image's own downloads would end in an error.
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("network"))
    with builtin.pictures(names=list(builtin.PHOTOGRAPHS)) as candidates:
        for candidate in candidates:
            assert min(upright(candidate.open).size) >= 300
            assert (
                "CC0" in candidate.licence
                or "copyright" in candidate.licence
                or ("public domain" in candidate.licence)
            )
            assert candidate.source.startswith("scikit-image (")


def test_names_come_in_the_order_asked():
    names = SIX[::-1]
    with builtin.pictures(names=names) as candidates:
        assert [candidate.name for candidate in candidates] == names


def test_pixels_are_those_that_scikit_image_gives():
    data = pytest.importorskip("skimage.data")
    with builtin.pictures(names=["chelsea"]) as (candidate,):
        expected = Image.fromarray(data.chelsea())
        assert upright(candidate.open).tobytes() == expected.tobytes()


def test_unknown_name_is_refused_with_the_choices():
    with pytest.raises(Refusal, match=r"of astronaut, chelsea.*; got 'lena', 'x'\."):
        with builtin.pictures(names=["lena", "camera", "x"]):
            pass
