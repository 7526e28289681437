"""What a terminal shows: a line a representation or third of it, a line a finding."""

from stages.page.findings import findings
from stages.page.headline import headline

LAYERS = {"net": ["conv1", "conv2", "pool5", "fc6"], "my hog": ["hog"]}


def test_many_layers_are_told_by_thirds(score, table):
    rows = [
        score(representation="net", layer=layer, psnr=10.0 * i)
        for i, layer in enumerate(LAYERS["net"])
    ]
    lines = headline(table(*rows), LAYERS, [])
    # Of four layers the first two, the third, the last.
    assert {name: line["psnr"] for name, line in lines.items()} == {
        "net-1-early": 5.0,
        "net-2-middle": 20.0,
        "net-3-deep": 30.0,
    }


def test_parts_of_codes_and_failures_do_not_count(score, table):
    rows = table(
        score(0.25, representation="my hog"),
        score(0.9, representation="my hog", channels="first-half"),
        score(0.9, representation="my hog", status="diverged"),
    )
    assert headline(rows, LAYERS, [])["my-hog"]["code_error"] == 0.25


def test_each_finding_is_a_line(score, table):
    rows = table(score())
    every = findings(rows, LAYERS)
    lines = headline(rows, LAYERS, every)
    assert lines["finding-seeds"] == {"verdict": "untested", "holds": "0/0"}
    assert len(lines) == 1 + len(every)
