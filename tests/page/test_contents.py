"""What the page says of a study: windows of pixels, notices, facts."""

import pandas as pd
import pytest

from stages.page import contents, weights
from stages.store import files, paths


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


@pytest.mark.parametrize(("status", "n"), [("fetched", 0), ("unreachable", 1)])
def test_a_trunk_that_is_missing_is_a_notice_with_the_line_that_gets_it(
    tmp_path, monkeypatch, status, n
):
    monkeypatch.chdir(tmp_path)
    files.write_json(
        paths.WEIGHTS_MANIFEST, {"trunks": {"squeeze": {"status": status}}}
    )
    notices = weights.notices(weights.manifest())
    assert len(notices) == n
    assert all("dvc repro -f fetch && dvc repro" in text for text in notices)


def test_a_network_that_is_missing_is_a_notice_with_all_that_gets_it(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    entry = {
        "file": "vgg16-397923af.pth",
        "url": "https://host/vgg16-397923af.pth",
        "known_hash": "prefix:397923af",
        "folder": "data/work/downloads",
        "reason": "the host is silent",
    }
    networks = {
        "vgg": entry | {"status": "unreachable"},
        "resnet": entry | {"status": "fetched"},
    }
    files.write_json(paths.NETWORKS_MANIFEST, networks)
    (notice,) = weights.notices(weights.manifest())
    assert notice.startswith("vgg is missing from this study")
    told = {key: value in notice for key, value in entry.items()}
    assert all(told.values()), told
    assert "dvc repro -f fetch && dvc repro" in notice
