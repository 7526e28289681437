"""A denoiser in training: its network, their average, and the checkpoint of both."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from data.embedded import checkpoint
from data.embedded.noisy_pictures import CPU, Noisy
from stages.preimage.denoiser import Denoiser


class Recorded(nn.Module):
    """A network by another name: recording a module puts a graph in its place."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, noisy: Tensor, sigma: Tensor) -> Tensor:
        """Return what the network returns."""
        found: Tensor = self.network(noisy, sigma)
        return found


class Training:
    """A denoiser, its average, its optimiser and how far they are, in `<name>.pt`."""

    def __init__(
        self,
        name: str,
        chosen: dict[str, Any],
        folder: Path,
        device: torch.device = CPU,
    ) -> None:
        self.recipe, self.step, self.device = chosen["recipe"], 0, device
        self.chosen = {key: chosen[key] for key in ("architecture", "recipe")}
        self.checkpoint = folder / f"{name}.pt"
        torch.manual_seed(self.recipe["seed"])
        self.network = Denoiser(**chosen["architecture"]).requires_grad_(True)
        self.network.to(device).to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.optimiser = torch.optim.Adam(
            self.network.parameters(), betas=(0.9, 0.99), fused=device.type == "cuda"
        )
        self._recorded: dict[torch.Size, Any] = {}

    def save(self) -> None:
        """Write a checkpoint in place of the last one."""
        state = {
            "step": self.step,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "chosen": self.chosen,
        }
        checkpoint.write(self.checkpoint, state)

    def resume(self) -> None:
        """Go on from the last checkpoint, if there is one.

        It may be of a recipe of more or fewer steps, as long as neither cools down yet:
        up to there they are the same. Raises ValueError if it was made with another
        architecture or recipe.
        """
        state = checkpoint.read(self.checkpoint, self._fits, self.device)
        if state is None:
            return
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = state["step"]

    def _fits(self, state: checkpoint.State) -> bool:
        return _same_so_far(state["chosen"], self.chosen, state["step"])

    def descend(self, batch: Noisy) -> Tensor:
        """Take one step and return the loss, the squared error over the noise level.

        A good denoiser's squared error grows about as its noise does: so weighted,
        every level has about as much to say.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe["rate"] * self._share_of_rate()
        denoised = self._pass(batch)(batch.noisy, batch.sigma)
        error = (denoised - batch.clean).square()
        loss = (error.mean(dim=(1, 2, 3)) / batch.sigma).mean()
        self.optimiser.zero_grad()
        torch.autograd.backward(loss)
        self.optimiser.step()
        self.step += 1
        self._take_average()
        return loss.detach()

    def _pass(self, batch: Noisy) -> Callable[..., Tensor]:
        """Return the network; on a GPU, as a graph of kernels for batches of this size.

        To launch the kernels of so small a network one by one takes longer than they
        do.
        """
        shape = batch.noisy.shape
        if self.device.type == "cpu":
            return self.network
        if shape not in self._recorded:
            sample = (batch.noisy.clone(), batch.sigma.clone())
            self._recorded[shape] = torch.cuda.make_graphed_callables(
                Recorded(self.network), sample
            )
        recorded: Callable[..., Tensor] = self._recorded[shape]
        return recorded

    def _share_of_rate(self) -> float:
        """Return the share of the highest rate: up in a line, level, down in a line."""
        up = (self.step + 1) / self.recipe["warm_up"]
        down = (self.recipe["steps"] - self.step) / self.recipe["cool_down"]
        return float(min(up, down, 1.0))

    @torch.no_grad()
    def _take_average(self) -> None:
        # The first steps would linger in a long average: it grows with the training.
        keep = min(self.recipe["average"], self.step / (self.step + 10))
        lists = [list(n.parameters()) for n in (self.average, self.network)]
        average = get_ema_multi_avg_fn(keep)  # type: ignore[no-untyped-call]
        average(*lists, self.step)


def _same_so_far(one: dict[str, Any], other: dict[str, Any], step: int) -> bool:
    """Return whether two recipes have done the same up to this step."""
    level = [c["recipe"]["steps"] - c["recipe"]["cool_down"] for c in (one, other)]
    if step > min(level):
        return one == other
    recipes = [{**c["recipe"], "steps": None} for c in (one, other)]
    return one["architecture"] == other["architecture"] and recipes[0] == recipes[1]
