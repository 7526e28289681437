"""What `natural_prior` and its kin measure of pre-images, codes apart."""

from dataclasses import dataclass

from torch import Tensor

from stages.images import Images, PerImage
from stages.metrics.judged import as_seen, judge_distance
from stages.metrics.judges import IMAGENET_SIDE, Judges
from stages.metrics.labels import rank_of_label
from stages.metrics.pixel import fitted, psnr
from stages.metrics.ssim import ssim
from stages.preimage.denoiser import Denoiser


@dataclass(frozen=True)
class Eye:
    """Who looks at pre-images: the judges, and the denoiser that would move them.

    Those of a descriptor, which sees neither gain nor offset, have any: they are
    compared after the best ones.
    """

    judges: Judges
    denoiser: Denoiser
    is_descriptor: bool

    def seen(self, pictures: Images, originals: Images) -> dict[str, PerImage]:
        """Return a column a measure, from the pre-images and their photographs."""
        matched = fitted(pictures, originals) if self.is_descriptor else pictures
        scores = self._scores(pictures)
        lpips = self.judges.lpips.items()
        return {
            "psnr": psnr(matched, originals),
            "ssim": ssim(matched, originals),
            **{f"lpips_{name}": apart(matched, originals) for name, apart in lpips},
            "judge_distance": judge_distance(
                self.judges.embedded_maps(pictures),
                self.judges.embedded_maps(originals),
            ),
            "rank": rank_of_label(scores, self._scores(originals)),
            "surest": scores.softmax(dim=1).amax(dim=1),
            "roughness": _roughness(pictures),
            "pull": self._pull(pictures),
        }

    def _scores(self, images: Images) -> Tensor:
        judge = self.judges.imagenet
        if judge is None:
            raise ValueError("EfficientNet-Lite0 is not there; `stages.fetch` gets it.")
        return judge.scores(judge.features(as_seen(images, IMAGENET_SIDE))[-1])

    def _pull(self, pictures: Images, level: float = 10.0) -> PerImage:
        """Return how far the denoiser moves each picture, in grey levels."""
        levels = pictures.new_full((len(pictures),), level)
        moved = self.denoiser(pictures, levels) - pictures
        return moved.square().mean(dim=(1, 2, 3)).sqrt()


def _roughness(pictures: Images) -> PerImage:
    """Return the root mean square of the slopes of each picture, in grey levels."""
    across, down = (pictures.diff(dim=d).square().mean(dim=(1, 2, 3)) for d in (-1, -2))
    return (across + down).sqrt()
