"""What the report concludes: which names of the params stand for what."""

from types import SimpleNamespace

from stages.conclusions import descriptors, untrained
from stages.params.representations import CaffenetSettings, TorchvisionSettings


def network(weights, side=64):
    return CaffenetSettings(kind="caffenet", weights=weights, side=side)


def test_a_trained_network_s_twin_has_random_weights_and_its_size():
    chosen = {
        "large": network("random", side=227),
        "net": network("embedded"),
        "null": network("random"),
        "hog": SimpleNamespace(kind="hog", assignment="hard"),
    }
    assert untrained(chosen) == {"net": "null"}


def test_a_twin_is_of_the_same_model():
    def model(name, weights):
        values = {"kind": "torchvision", "model": name, "weights": weights}
        return TorchvisionSettings.model_validate(values)

    chosen = {
        "net": model("resnet18", "DEFAULT"),
        "other": model("resnet34", "random"),
        "twin": model("resnet18", "random"),
    }
    assert untrained(chosen) == {"net": "twin"}


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
