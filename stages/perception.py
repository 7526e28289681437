"""What trained eyes make of pre-images: the judge, and LPIPS where it can be had."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from stages import networks
from stages.execution.device import on_device
from stages.images import Codes, Images, PerImage
from stages.metrics.judge import Judge
from stages.metrics.judged import as_seen, judge_distance, labels_agree
from stages.metrics.measures import Measures, defined
from stages.metrics.patches import patch_matches

# The judge's third rectified map: a place sees 23 pixels of 64, the size of a part.
PATCH_LAYER = 2

Metric = Callable[[Images, Images], PerImage]


@dataclass(frozen=True)
class Perception:
    """The judge and the LPIPS metrics by column, on one device."""

    judge: Judge
    lpips: Mapping[str, Metric]
    device: torch.device

    @torch.no_grad()
    def measures(
        self, pictures: Images, originals: Images, others: Images | None
    ) -> list[Measures]:
        """Return the metrics of stored pictures of these originals.

        `others` are as many other pictures of the study, for the null of the patches.
        """
        columns = self._judged(pictures, originals, others)
        for name, metric in self.lpips.items():
            found = metric(pictures.to(self.device), originals.to(self.device))
            columns[name] = found.tolist()
        return [
            {name: defined(values[index]) for name, values in columns.items()}
            for index in range(len(originals))
        ]

    def _judged(
        self, pictures: Images, originals: Images, others: Images | None
    ) -> dict[str, list[float]]:
        found, wanted = self._seen(pictures), self._seen(originals)
        other = None if others is None else self._seen(others)[PATCH_LAYER]
        patches = patch_matches(found[PATCH_LAYER], wanted[PATCH_LAYER], other)
        agree = labels_agree(
            self.judge.scores(found[-1]), self.judge.scores(wanted[-1])
        )
        return {
            "judge_distance": judge_distance(found, wanted).tolist(),
            "judge_agrees": agree.tolist(),
            **{f"patch_{k}": v.tolist() for k, v in patches._asdict().items()},
        }

    def _seen(self, images: Images) -> list[Codes]:
        return self.judge.features(as_seen(images.to(self.device)))


def load_perception(lpips: Mapping[str, Metric], device: torch.device) -> Perception:
    """Return the embedded judge with these LPIPS metrics, on the device."""
    return Perception(on_device(networks.judge(), device), lpips, device)
