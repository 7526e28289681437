"""What a study's representations are to each other, whatever they are called."""

from stages.page.roles import descriptors, report_inputs, untrained
from stages.params.representations import (
    CaffenetSettings,
    DsiftSettings,
    HogSettings,
    TorchvisionSettings,
)
from stages.params.study import ReportSettings


def network(weights, side=64):
    return CaffenetSettings(kind="caffenet", weights=weights, side=side)


def test_a_trained_network_s_twin_has_random_weights_and_its_size():
    chosen = {
        "large": network("random", side=227),
        "net": network("embedded"),
        "null": network("random"),
        "hog": HogSettings(kind="hog", assignment="hard"),
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
        "soft": HogSettings(kind="hog", assignment="bilinear"),
        "first": HogSettings(kind="hog", assignment="hard"),
        "second": HogSettings(kind="hog", assignment="hard"),
        "sift": DsiftSettings(kind="dsift"),
    }
    assert descriptors(chosen) == {"hogb": "soft", "hog": "first", "dsift": "sift"}


def test_the_report_needs_a_title_a_size_and_what_names_mean():
    chosen = {"net": network("embedded"), "null": network("random")}
    inputs = report_inputs(ReportSettings(title="A study", pictures=3), chosen)
    assert (inputs.title, inputs.pictures) == ("A study", 3)
    assert inputs.sides == {"net": 64, "null": 64}
    assert inputs.untrained == {"net": "null"}
    assert inputs.descriptors == {}
