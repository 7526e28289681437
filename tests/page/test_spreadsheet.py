"""CSV: formulas are texts, numbers are numbers."""

import pandas as pd
import pytest

from stages.page.spreadsheet import csv, neutral


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_a_text_that_begins_like_a_formula_gets_a_quote(first):
    assert neutral(f"{first}cmd|' calc'!A0") == f"'{first}cmd|' calc'!A0"


def test_numbers_and_other_texts_stay_as_they_are():
    table = pd.DataFrame({"name": ["a=b", None, "-x"], "value": [-1.5, 2.0, None]})
    assert csv(table) == "name,value\na=b,-1.5\n,2.0\n'-x,\n"


def test_headings_are_texts_too():
    assert csv(pd.DataFrame({"=1+1": [1]})) == "'=1+1\n1\n"
