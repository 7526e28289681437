"""What the report concludes: which names of the params stand for what."""

from types import SimpleNamespace

from stages.conclusions import descriptors, untrained


def network(weights, side=64):
    return SimpleNamespace(kind="caffenet", weights=weights, side=side)


def test_a_trained_network_s_twin_has_random_weights_and_its_size():
    chosen = {
        "large": network("random", side=227),
        "net": network("embedded"),
        "null": network("random"),
        "hog": SimpleNamespace(kind="hog", assignment="hard"),
    }
    assert untrained(chosen) == {"net": "null"}


def test_without_a_trained_network_there_is_no_twin():
    assert untrained({"a": network("random"), "b": network("random")}) == {}
    assert untrained({"a": network("embedded"), "b": network("embedded")}) == {}


def test_descriptors_are_found_by_what_they_are_not_by_their_names():
    chosen = {
        "soft": SimpleNamespace(kind="hog", assignment="bilinear"),
        "first": SimpleNamespace(kind="hog", assignment="hard"),
        "second": SimpleNamespace(kind="hog", assignment="hard"),
        "sift": SimpleNamespace(kind="dsift"),
    }
    assert descriptors(chosen) == {"hogb": "soft", "hog": "first", "dsift": "sift"}
