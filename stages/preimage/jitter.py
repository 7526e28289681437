"""Jitter: the representation sees the image shifted about by a few pixels.

Mahendran & Vedaldi, IJCV 2016 (arXiv 1512.02017), section 3.3: what depends on the grid
of a network's strides does not survive it. The last part of the descent goes without.
"""

import torch
from torch.nn.functional import pad

from stages.images import Images

# The share of the steps with jitter: 300 of 350 in the authors' code.
WITH_JITTER = 6 / 7


def offsets(jitter: int, step: int, n_steps: int) -> tuple[int, int]:
    """Return by how many rows and columns to shift at this step.

    Drawn from the number of the step alone, up to `jitter` either way: a run that is
    stopped goes on to the same bytes, whatever the company.
    """
    if jitter == 0 or step >= WITH_JITTER * n_steps:
        return 0, 0
    generator = torch.Generator().manual_seed(step)
    rows, columns = torch.randint(-jitter, jitter + 1, (2,), generator=generator)
    return int(rows), int(columns)


def shift(images: Images, rows: int, columns: int) -> Images:
    """Return the images moved down and to the right, their edges repeated.

    Departs from the paper: the authors' code fills the gap with the mean.
    """
    height, width = images.shape[2:]
    padding = [max(columns, 0), max(-columns, 0), max(rows, 0), max(-rows, 0)]
    wide = pad(images, padding, mode="replicate")
    top, left = max(-rows, 0), max(-columns, 0)
    return wide[:, :, top : top + height, left : left + width]
