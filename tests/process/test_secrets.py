"""Secrets in addresses are hidden wherever an address is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.process.secrets import masked
from stages.process.stage import Refusal, say, tell

SECRET = "s3cr3t"
ADDRESS = f"https://me:{SECRET}@host.example/a/b.zip?token={SECRET}&x={SECRET}#part"
SHOWN = "https://host.example/a/b.zip?token=***&x=***#part"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (ADDRESS, SHOWN),
        (f"files: [{{url: '{ADDRESS}', sha256: a}}]", None),
        (f"two {ADDRESS} and {ADDRESS}, done", None),
        ("http://host/a?b", "http://host/a?b"),
        ("http://host/a=b", "http://host/a=b"),
        ("http://host/@name/a", "http://host/@name/a"),
        ("s3://key:word@bucket/a", "s3://bucket/a"),
        ("HTTP://a:b@HOST/x?k=v;l=w", "HTTP://HOST/x?k=***;l=***"),
        ("mail to me@host.example?", "mail to me@host.example?"),
        ("batch_size=3&x=4", "batch_size=3&x=4"),
    ],
)
def test_user_password_and_values_of_the_query_are_hidden(text, shown):
    assert masked(text) == (text.replace(ADDRESS, SHOWN) if shown is None else shown)


@given(st.text())
def test_text_without_an_address_stays_and_masking_again_changes_nothing(text):
    once = masked(text)
    assert masked(once) == once
    assert "://" in text or once == text


@pytest.mark.parametrize("show", [say, tell])
def test_what_is_printed_is_masked_whoever_wrote_it(capsys, show):
    show(f"{Refusal(ADDRESS)}")
    printed = capsys.readouterr()
    assert printed.out + printed.err == f"{SHOWN}\n"
