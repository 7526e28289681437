"""One batch of jobs from target codes to finished records.

A batch always holds as many images: a short one is filled up with copies of its last
job. The bytes of a job then depend neither on its company nor on its place.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from stages.images import Images, picture_from_image, png, reference_norm
from stages.preimage.data_term import data_term
from stages.preimage.descent import begin, images, minimise, trace_steps
from stages.preimage.objective import Objective, objective
from stages.preimage.outcome import Outcome, outcomes
from stages.preimage.priors import Prior
from stages.preimage.solver import SolverSettings
from stages.preimage.start import noise
from stages.preimage.state import State, state
from stages.representations.definition import Definition
from stages.representations.loading import built, cut
from stages.representations.selection import Selection, mask, with_top_channels
from stages.store.record import Checkpoint, Record, versions


@runtime_checkable
class Cell(Protocol):
    """What the jobs of a batch are computed with; see `stages.plan.cells`."""

    @property
    def definition(self) -> Definition: ...

    @property
    def layer(self) -> str: ...

    @property
    def selection(self) -> Selection: ...

    @property
    def weights(self) -> Prior: ...

    @property
    def steps(self) -> SolverSettings: ...


@runtime_checkable
class Job(Protocol):
    """One pre-image to compute; see `stages.plan.jobs`."""

    @property
    def cell(self) -> Cell: ...

    @property
    def image_id(self) -> str: ...

    @property
    def seed(self) -> int: ...

    @property
    def key(self) -> str: ...

    @property
    def precision(self) -> str: ...


class Batch:
    """Jobs of one group, ready to run on a device.

    `targets` holds one code a job, in order. A batch can be stopped after any step:
    `checkpoint` keeps it, `resume` goes on from there to the same bytes.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        targets: Tensor,
        *,
        batch_size: int,
        device: torch.device,
        device_name: str = "",
    ) -> None:
        self.jobs, self._batch_size, self._device = list(jobs), batch_size, device
        self._device_name = device_name
        self._rows = [min(i, len(jobs) - 1) for i in range(batch_size)]
        self._jobs = [self.jobs[row] for row in self._rows]
        self._cell = jobs[0].cell
        phi, side = built(self._cell.definition), self._cell.definition.side
        self._shape = (phi.image_channels, side, side)
        self._mean = torch.tensor(phi.mean, device=device)[:, None, None]
        self._objective = self._make_objective(targets[self._rows].to(device))
        self._solver = self._cell.steps.solver(self._mean, self._shape)
        self._state: State | None = None
        self._seconds = 0.0

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the batch's jobs."""
        return tuple(job.key for job in self.jobs)

    @property
    def n_steps(self) -> int:
        """How many steps the batch takes in all."""
        return self._solver.n_steps

    def run(self, after_step: Callable[[int], None]) -> list[Record]:
        """Run to the end and return the jobs' records; tell every step's number."""
        return self.compute(after_step)()

    def compute(self, after_step: Callable[[int], None]) -> Callable[[], list[Record]]:
        """Run to the end; return what is left to do: to encode the jobs' records."""
        begun = time.perf_counter() - self._seconds
        if self._state is None:
            self._state = begin(self._objective, self._solver, self._start())
        for passed in minimise(self._objective, self._solver, self._state):
            self._seconds = time.perf_counter() - begun
            after_step(passed.step)
        pictures = (images(self._solver, self._state.x) + self._mean).cpu()
        terms = torch.stack(self._state.trace).cpu()
        ends = outcomes(self._state)
        return partial(self._records, pictures, terms, ends)

    def probe(self, n_steps: int) -> float:
        """Return the seconds that a step takes, measured over a few after the first."""
        trial = begin(self._objective, self._solver, self._start())
        passed = minimise(self._objective, self._solver, trial)
        next(passed)
        begun = time.perf_counter()
        for _ in islice(passed, n_steps):
            pass
        float(trial.x.flatten()[0])  # waits for a GPU
        return (time.perf_counter() - begun) / n_steps

    def checkpoint(self) -> Checkpoint:
        """Return what is needed to go on from here, one row a job."""
        if self._state is None:
            raise ValueError("`checkpoint` needs a batch that has begun.")
        rows = {
            name: tensor[: len(self.jobs)]
            for name, tensor in self._state.tensors().items()
        }
        progress = [self._state.step, self._seconds]
        rows["progress"] = torch.tensor(progress, dtype=torch.float64)
        return Checkpoint(self.keys, rows)

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint, which must hold all of the batch's jobs."""
        at = [checkpoint.keys.index(key) for key in self.keys]
        tensors = dict(checkpoint.tensors)
        step, self._seconds = tensors.pop("progress").tolist()
        rows = {name: t[at][self._rows] for name, t in tensors.items()}
        self._state = state(rows, int(step), self._device)

    def _make_objective(self, targets: Tensor) -> Objective:
        data = data_term(
            cut(self._cell.definition, self._cell.layer, self._device),
            targets,
            masks=self._masks(targets),
            precision=getattr(torch, self.jobs[0].precision),
        )
        return objective(
            data,
            [job.cell.weights for job in self._jobs],
            mean=self._mean,
            norm=reference_norm(self._shape),
            seeds=[f"{job.image_id}:{job.seed}" for job in self._jobs],
        )

    def _masks(self, targets: Tensor) -> Tensor | None:
        selections = [
            with_top_channels(job.cell.selection, target)
            for job, target in zip(self._jobs, targets, strict=True)
        ]
        if all(one == Selection() for one in selections):
            return None
        _, k, r, s = targets.shape
        return torch.stack([mask(one, (k, r, s)) for one in selections]).to(targets)

    def _start(self) -> Tensor:
        starts = [noise(self._shape, job.seed, job.image_id) for job in self._jobs]
        return torch.stack(starts).to(self._device)

    def _records(
        self, pictures: Images, terms: Tensor, ends: list[Outcome]
    ) -> list[Record]:
        steps = torch.tensor(trace_steps(self.n_steps), dtype=torch.float32)
        return [
            Record(
                png=png(picture_from_image(pictures[i])),
                status=ends[i].status,
                reason=ends[i].reason,
                steps=ends[i].steps,
                seconds=self._seconds / len(self.jobs),
                terms=tuple(terms[-1, i].tolist()),
                distance=float((terms[-1, i, 0] * self._energy[i]).sqrt()),
                device=self._device_name,
                batch_size=self._batch_size,
                versions=versions(),
                trace=torch.cat([steps[:, None], terms[:, i]], dim=1),
            )
            for i in range(len(self.jobs))
        ]

    @property
    def _energy(self) -> Tensor:
        return self._objective.data.energy.cpu()
