"""The study as JSON: short, whole, and safe inside HTML."""

import json
import math

from stages.metrics.schema import scores_schema
from stages.page import data
from stages.page.tables import detail_columns, table_columns


def test_numbers_have_six_digits_and_what_is_missing_is_null():
    values = [1 / 3, None, math.nan, math.inf, 1e-12, 123456789.0, 0.0]
    text = data.numbers(values)
    assert text == "[0.333333,null,null,1e999,1e-12,1.23457e+08,0]"
    assert json.loads(text)[3] == math.inf


def test_words_are_stored_once():
    found = json.loads(data.words(["a", "b", None, "a"]))
    assert found == {"words": ["a", "b"], "at": [0, 1, None, 0]}


def test_no_text_can_end_the_element():
    text = data.words(["</script><!--"])
    assert "<" not in text
    assert json.loads(text)["words"] == ["</script><!--"]


def test_every_number_of_the_scores_has_a_column():
    columns = [*table_columns(), *detail_columns(), *data.OUTCOMES]
    known = {column.metric for column in columns}
    labels = {"window", "tokens", "field", "channel_indices", "seed"}
    stored = {
        field.name for field in scores_schema() if str(field.type) not in ("string",)
    }
    assert stored - labels == known
    assert all(column.better in ("", "lower", "higher") for column in columns)


def test_the_study_holds_jobs_and_baselines_apart(score, table):
    floor = score(0.9, kind="baseline", baseline="mean-grey", key=None, seed=None)
    scores = table(score(0.25), floor)
    pictures = [{"id": "a", "name": "</script>", "about": ""}]
    text = data.study_json(scores, pictures, [("hog", "hog")], {"form": "64"})
    study = json.loads(text)
    assert "<" not in text
    assert study["pictures"] == pictures
    assert study["jobs"]["key"] == {"words": ["k"], "at": [0]}
    assert study["jobs"]["relative_error_8bit"] == [0.25]
    assert study["baselines"]["relative_error_8bit"] == [0.9]
    assert study["baselines"]["seed"] == [None]
    assert (study["form"], study["layers"]) == ("64", [["hog", "hog"]])
    first = study["metrics"][0]
    assert (first["name"], first["unit"], first["better"]) == (
        *("relative_error_8bit", "%", "lower"),
    )


def test_columns_without_a_value_are_left_out(score, table):
    scores = table(score(lpips_vgg=None))
    assert "lpips_vgg" not in {c.metric for c in data.metric_columns(scores)}
