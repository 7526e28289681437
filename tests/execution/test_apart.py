"""Codes from a process of their own: the same, or NaN where there are none."""

import sys
from functools import partial
from pathlib import Path

import pytest
import torch

from stages.execution.apart import CodesApart
from stages.execution.device import prepare
from stages.representations.custom import CustomDefinition

ROOT = Path(__file__).parents[2]
OWN = """
import os
from torch import nn

class Picky(nn.Conv2d):
    def forward(self, x):
        if x.device.type != "meta" and float(x.max()) > 250:
            os._exit(6)
        if x.device.type != "meta" and float(x.min()) > 200:
            raise ValueError("too\\nbright")
        return super().forward(x)

def make():
    return nn.Sequential(Picky(3, 2, 3))
"""


@pytest.fixture
def picky(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    Path("data/models").mkdir(parents=True)
    Path("data/models/picky_net.py").write_text(OWN)
    yield CustomDefinition(16, "picky_net:make", (0.0, 0.0, 0.0))
    sys.modules.pop("picky_net", None)
    sys.path[:] = [place for place in sys.path if not place.endswith("data/models")]


def test_codes_are_the_network_s_and_what_it_cannot_take_is_told(picky, capsys):
    levels = torch.tensor([10.0, 210.0, 90.0, 255.0])
    images = levels[:, None, None, None].expand(4, 3, 16, 16).clone()
    images[:, :, ::2] -= 5
    apart = CodesApart(picky, partial(prepare, "cpu", 1))
    try:
        codes = apart.codes("0", images)
        again = apart.codes("0", images[:1])
    finally:
        apart.close()
    good = picky.build().cut("0")(images[[0, 2]]).detach()
    assert codes.shape == (4, 2, 14, 14)
    torch.testing.assert_close(codes[[0, 2]], good)
    torch.testing.assert_close(again, good[:1])
    assert codes[[1, 3]].isnan().all()
    told = capsys.readouterr().err
    assert "0: a picture has no code to score: ValueError: too bright\n" in told
    assert "0: a picture has no code to score: its process ended with code 6\n" in told


def test_closed_before_it_was_asked_there_is_nothing_to_end(picky):
    CodesApart(picky, partial(prepare, "cpu", 1)).close()
