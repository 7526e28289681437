"""The table of priors: a row is all that a further term needs to take part."""

import math
from dataclasses import dataclass

import pytest
import torch

from stages.plan.source_text import module_file
from stages.preimage import priors as table
from stages.preimage.data_term import data_term
from stages.preimage.descent import begin, minimise
from stages.preimage.objective import objective
from stages.preimage.outcome import outcomes
from stages.preimage.prior_term import PriorRow, PriorTerm
from stages.preimage.priors import PRIORS, Prior, term_names
from stages.preimage.solvers import fast
from stages.preimage.start import generator, noise
from stages.preimage.state import state

SHAPE = (1, 8, 8)


class Energy(PriorTerm):
    """`lambda_energy * mean(x^2)`: all that a prior that is a function needs."""

    def value(self, x):
        return self.weights * x.square().mean(dim=(1, 2, 3))


@dataclass(frozen=True)
class Restless(PriorTerm):
    """Pulls to a picture of its own that each job draws anew every `every` steps.

    It knows the step, draws from each job's generator, and keeps what it drew.
    """

    every: int
    step: int = 0

    def at(self, step, n_steps):
        return Restless(self.weights, self.jobs, self.every, step)

    def memory(self, x):
        return {"drawn": torch.zeros_like(x)}

    def value(self, x):
        return self.weights * 0

    def value_and_gradient(self, x, memory):
        if self.step % self.every == 0:
            draws = [generator(f"{one}:{self.step}") for one in self.jobs.seeds]
            drawn = [torch.randn(x.shape[1:], generator=draw) for draw in draws]
            memory["drawn"].copy_(torch.stack(drawn))
        factor = self.weights[:, None, None, None]
        return self.value(x), x - 100 * memory["drawn"], factor


ENERGY = PriorRow(
    name="energy",
    formula="lambda mean(x^2)",
    unit="1",
    weight="lambda_energy",
    form=(),
    meaning="keeps it dim",
    term=f"{__name__}:Energy",
)
RESTLESS = PriorRow(
    name="restless",
    formula="none",
    unit="1",
    weight="lambda_restless",
    form=("every",),
    meaning="keeps moving",
    term=f"{__name__}:Restless",
)


@pytest.fixture(autouse=True)
def _further_rows(monkeypatch):
    monkeypatch.setattr(table, "PRIORS", (*PRIORS, ENERGY, RESTLESS))


def blur(images):
    return torch.nn.functional.avg_pool2d(images, 2)


TARGETS = 255 * torch.rand(3, 1, 4, 4, generator=torch.Generator().manual_seed(0))


def aim_at(priors, rows=(0, 1, 2)):
    seeds = [f"picture:{row}" for row in rows]
    mean = torch.full((1, 1, 1), 128.0)
    term = data_term(blur, TARGETS[list(rows)])
    return objective(term, priors, mean=mean, norm=551.4, seeds=seeds)


def start(rows=(0, 1, 2)):
    return torch.stack([noise(SHAPE, row) for row in rows])


def descend(aim, rows=(0, 1, 2), steps=12):
    rule = fast(steps=steps).solver(aim.mean, SHAPE)
    end = begin(aim, rule, start(rows))
    for _ in minimise(aim, rule, end):
        pass
    return end


def weighing(weight, key="lambda_energy"):
    return Prior(lambda_tv=0.1, further=((key, weight), ("every", 3)))


def test_a_further_term_is_in_the_objective_and_its_gradient():
    aim, x = aim_at([weighing(0.0), weighing(0.5), weighing(2.0)]), start()
    assert list(aim.terms(x))[-2:] == ["energy", "restless"]
    expected = [0.0, 0.5, 2.0] * x.square().mean(dim=(1, 2, 3)).numpy()
    assert aim.terms(x)["energy"].tolist() == pytest.approx(expected.tolist())
    plain = aim_at([Prior(lambda_tv=0.1)] * 3)
    own = aim.terms_and_gradient(x)[1] - plain.terms_and_gradient(x)[1]
    by_hand = torch.tensor([0.0, 0.5, 2.0])[:, None, None, None] * 2 * x / 64
    torch.testing.assert_close(own, by_hand)


def test_a_further_term_is_in_the_trace():
    end = descend(aim_at([weighing(0.01)] * 3))
    column = term_names().index("energy")
    expected = 0.01 * start().square().mean(dim=(1, 2, 3))
    torch.testing.assert_close(end.trace[0][:, column], expected)
    assert (end.trace[-1][:, column] < end.trace[0][:, column]).all()


def test_a_further_term_that_breaks_is_named_by_the_outcome():
    ends = outcomes(
        descend(aim_at([weighing(0.1), weighing(torch.inf), weighing(0.1)]))
    )
    assert [end.status for end in ends] == ["done", "diverged", "done"]
    assert ends[1].reason.startswith("energy not finite at step 0")


def test_what_a_term_draws_and_keeps_depends_on_its_job_alone():
    prior = weighing(0.01, "lambda_restless")
    together, alone = descend(aim_at([prior] * 3)), descend(aim_at([prior], [1]), [1])
    torch.testing.assert_close(together.x[1], alone.x[0])
    still = descend(aim_at([Prior(lambda_tv=0.1)], [1]), [1])
    assert (still.x[0] - alone.x[0]).abs().max() > 1


def test_what_a_term_keeps_goes_into_checkpoints():
    aim = aim_at([weighing(0.01, "lambda_restless")] * 3)
    whole, rule = descend(aim), fast(steps=12).solver(aim.mean, SHAPE)
    half = begin(aim, rule, start())
    for passed in minimise(aim, rule, half):
        if passed.step == 5:  # between two draws
            break
    kept = {name: tensor.clone() for name, tensor in half.tensors().items()}
    assert kept["memory.restless.drawn"].shape == (3, *SHAPE)
    again = state(kept, 5, torch.device("cpu"))
    for _ in minimise(aim, rule, again):
        pass
    assert torch.equal(again.x, whole.x)


def test_numbers_that_no_row_names_are_refused():
    with pytest.raises(
        ValueError, match=r"keys of .*lambda_energy.*; got \['lambda_x'\]"
    ):
        Prior(further=(("lambda_x", 1.0),))


@pytest.mark.parametrize("own", ["lambda_tv", "longest_wave"])
def test_numbers_that_have_a_field_are_no_further_ones(own):
    with pytest.raises(ValueError, match=rf"got \['{own}'\]"):
        Prior(further=((own, 1.0),))


def test_a_weight_without_the_numbers_of_its_term_is_refused():
    with pytest.raises(ValueError, match="have every beside `lambda_restless`"):
        Prior(further=(("lambda_restless", 1.0),))
    assert not Prior(further=(("lambda_restless", 0.0),)).modules()


@pytest.mark.parametrize("wave", [-1.0, math.nan, math.inf])
def test_a_length_of_wave_that_is_none_is_refused(wave):
    with pytest.raises(ValueError, match="`longest_wave` must be finite"):
        Prior(longest_wave=wave)


def test_jobs_share_all_numbers_but_the_weights():
    assert weighing(0.1).form == weighing(0.2).form
    assert Prior(beta=1).form != Prior(beta=2).form
    assert Prior(jitter=1).form != Prior(jitter=2).form
    assert Prior(further=(("every", 2),)).form != Prior(further=(("every", 3),)).form


def test_every_row_says_what_it_is():
    for row in PRIORS:
        assert module_file(row.module) is not None
        assert row.formula.startswith(row.weight)
        assert row.meaning


def test_the_modules_of_a_prior_are_those_of_the_terms_that_weigh():
    assert Prior().modules() == ()
    assert Prior(lambda_tv=1).modules() == ("stages.preimage.total_variation",)
    further = (("lambda_denoiser", 0.0),)
    assert Prior(further=further).modules() == ()
    further = (("lambda_restless", 0.1), ("every", 3))
    assert Prior(further=further).modules() == (__name__,)
