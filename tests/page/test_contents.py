"""What the page says of a study: windows of pixels, notices, facts."""

import pandas as pd
import pytest

from stages.page import contents, weights
from stages.page.inputs import ReportInputs
from stages.store import files, paths
from stages.weights import kept


def table(*rows):
    names = ["representation", "layer", "region", "field"]
    return pd.DataFrame(rows, columns=names)


def test_a_region_s_field_is_there_once_for_each_layer():
    rows = table(
        ("hog", "hog", "all", [0, 16, 0, 16]),
        ("hog", "hog", "centre 1", [6, 16, 0, 10]),
        ("hog", "hog", "centre 1", [6, 16, 0, 10]),
    )
    assert contents.fields(rows) == [
        ("hog", "hog", "all", [0, 16, 0, 16]),
        ("hog", "hog", "centre 1", [6, 16, 0, 10]),
    ]


def test_a_cell_without_a_field_is_left_out():
    rows = table(("hog", "gone", "all", None), ("hog", "hog", "all", [0, 9, 0, 9]))
    assert contents.fields(rows) == [("hog", "hog", "all", [0, 9, 0, 9])]


def test_each_representation_is_told_with_its_side_or_what_it_is_the_twin_of():
    jobs = pd.DataFrame(
        {
            "representation": ["net", "twin"],
            "image_id": ["a", "a"],
            "seconds": [1.0, 2.0],
        }
    )
    inputs = ReportInputs(
        title="",
        pictures=1,
        sides={"net": 64, "twin": 64},
        untrained={"net": "twin"},
        descriptors={},
    )
    facts = contents._facts(jobs, inputs)
    assert (
        facts[1] == "2 representations: net (64 px) and twin (net with random weights)"
    )


def entry(status):
    source = {
        "place": "https://host/vgg16-397923af.pth",
        "copy": "vgg16-397923af.pth",
        "known_hash": "prefix:397923af",
        "folder": "data/work/downloads",
    }
    return {
        "status": status,
        "reason": "the host is silent",
        "sources": [source],
    }


def write_manifest(**groups):
    empty = {"networks": {}, "lpips": {}, "embedded": []}
    files.write_json(paths.WEIGHTS_MANIFEST, empty | groups)


@pytest.mark.parametrize(("status", "n"), [("fetched", 0), ("unreachable", 1)])
def test_a_backbone_that_is_missing_is_a_notice_with_the_line_that_gets_it(
    tmp_path, monkeypatch, status, n
):
    monkeypatch.chdir(tmp_path)
    write_manifest(lpips={"squeeze": entry(status)})
    notices = weights.notices(kept.manifest())
    assert len(notices) == n
    assert all("dvc repro -f fetch && dvc repro" in text for text in notices)


def test_a_network_that_is_missing_is_a_notice_with_all_that_gets_it(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    gone = entry("unreachable")
    write_manifest(networks={"vgg": gone, "resnet": entry("fetched")})
    (notice,) = weights.notices(kept.manifest())
    assert notice.startswith("vgg is missing from this study")
    (source,) = gone["sources"]
    told = [gone["reason"], source["copy"], source["known_hash"], source["folder"]]
    assert all(part in notice for part in told)
    assert "dvc repro -f fetch && dvc repro" in notice
