"""The page needs no torch, and draws nothing before there is something to draw."""

import pkgutil
import subprocess
import sys

import stages.page

# They read the types of params, whose imports are not the page's to choose.
OF_PARAMS = {"stages.page.roles"}
HEAVY = ("torch", "torchvision", "dvc", "scipy", "skimage")


def modules():
    prefix = f"{stages.page.__name__}."
    names = {one.name for one in pkgutil.walk_packages(stages.page.__path__, prefix)}
    return sorted(names - OF_PARAMS)


def test_the_page_loads_no_torch():
    lines = [f"import {name}" for name in modules()]
    lines.append(f"import sys; print([n for n in {HEAVY} if n in sys.modules])")
    words = [sys.executable, "-c", "\n".join(lines)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
