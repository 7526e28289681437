"""Addresses without what they may keep secret: user, password, values of the query.

Params may name `http://user:password@host/file?token=...`; what is printed, stored or
mailed has such addresses in the form that is made here.
"""

import re

# What is written in place of a value of a query.
HIDDEN = "***"

_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>`]+", re.IGNORECASE)
_USER = re.compile(r"(?<=://)[^/?#]*@")
_VALUE = re.compile(r"(?<=[?&;])([^=&;#]*)=[^&;#]*")


def masked(text: str) -> str:
    """Return the text, all addresses in it without user, password and query values."""
    return _ADDRESS.sub(_one, text)


def _one(found: re.Match[str]) -> str:
    return _VALUE.sub(rf"\1={HIDDEN}", _USER.sub("", found.group()))
