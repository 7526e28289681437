import pytest
import torch

from data.embedded.denoiser_training import Training
from data.embedded.noisy_pictures import Batches, sources


def test_first_step_has_the_loss_of_the_formula_and_the_first_rate(folder, chosen):
    training = Training("denoiser", chosen, folder / "work")
    batch = Batches(chosen["recipe"], sources(chosen))[0]
    loss = training.descend(batch)
    # An untrained denoiser is the identity.
    error = (batch.noisy - batch.clean).square().mean(dim=(1, 2, 3))
    assert loss == pytest.approx(float((error / batch.sigma).mean()), rel=1e-5)
    assert training.optimiser.param_groups[0]["lr"] == pytest.approx(1e-3 / 2)


def test_rate_rises_in_a_line_stays_and_falls_in_a_line(folder, chosen):
    training = Training("denoiser", chosen, folder / "work")
    batch = Batches(chosen["recipe"], sources(chosen))[0]
    rates = []
    for _ in range(8):
        training.descend(batch)
        rates.append(training.optimiser.param_groups[0]["lr"] / 1e-3)
    # Two steps of warm-up, and four of eight to cool down.
    assert rates == pytest.approx([0.5, 1, 1, 1, 1, 0.75, 0.5, 0.25])


def test_average_follows_the_weights(folder, chosen):
    training = Training("denoiser", chosen, folder / "work")
    batch = Batches(chosen["recipe"], sources(chosen))[0]
    expected = training.average.tail.bias.clone()
    for step in range(1, 8):
        training.descend(batch)
        keep = min(0.9, step / (step + 10))
        value = training.network.tail.bias.detach()
        expected = keep * expected + (1 - keep) * value
    torch.testing.assert_close(training.average.tail.bias, expected)
    assert expected.any()


def test_training_takes_noise_out(folder, chosen):
    chosen["recipe"] |= {"steps": 80, "rate": 6e-3, "noise": [40.0, 40.0], "grey": 0.0}
    # Twelve numbers are folded into a place: fewer channels cannot carry the noise.
    chosen["architecture"] = {"widths": [16, 16], "down": [0, 1], "up": [1, 0]}
    training = Training("denoiser", chosen, folder / "work")
    batches = Batches(chosen["recipe"], sources(chosen)[1:])  # flat: easy to denoise
    losses = [training.descend(batches[step]) for step in range(80)]
    # Noise of 40 has a squared error of 40 times its level.
    assert losses[0] == pytest.approx(40, rel=0.1)
    assert sum(losses[-10:]) / 10 < 20
