"""Filter banks and cosines: against torchaudio 2.11's numbers, and what must hold of any."""

import numpy as np
import pytest

from engine.audio import functional
from engine.errors import EngineError, ShapeError

HTK = [
    [0.0, 0.0, 0.0],
    [0.8934592008590698, 0.10654082894325256, 0.0],
    [0.16569165885448456, 0.8343083262443542, 0.0],
    [0.0, 0.6508236527442932, 0.3491763174533844],
    [0.0, 0.19871531426906586, 0.801284670829773],
    [0.0, 0.0, 0.8425854444503784],
    [0.0, 0.0, 0.5617235898971558],
    [0.0, 0.0, 0.2808617055416107],
    [0.0, 0.0, 0.0],
]
SLANEY = [
    [0.0, 0.0, 0.0],
    [0.0014287782832980156, 0.0, 0.0],
    [0.0005348663544282317, 0.0008510092739015818, 0.0],
    [0.0, 0.0008647142094559968, 0.0002198462898377329],
    [0.0, 0.00023411086294800043, 0.0005793526652269065],
    [0.0, 0.0, 0.0005893094348721206],
    [0.0, 0.0, 0.00039287295658141375],
    [0.0, 0.0, 0.00019643647829070687],
    [0.0, 0.0, 0.0],
]


def test_mel_filters_have_torchaudios_heights():
    htk = functional.melscale_fbanks(9, 0.0, 4000.0, 3, 8000)
    np.testing.assert_allclose(htk.numpy(), HTK, atol=1e-6)
    slaney = functional.melscale_fbanks(9, 0.0, 4000.0, 3, 8000, "slaney", "slaney")
    np.testing.assert_allclose(slaney.numpy(), SLANEY, atol=1e-9)


def test_neighbouring_filters_add_up_to_one():
    for bank in (
        functional.melscale_fbanks(513, 0.0, 8000.0, 20, 16000),
        functional.linear_fbanks(513, 0.0, 8000.0, 20, 16000),
    ):
        total = bank.numpy().sum(axis=1)
        inner = slice(bank.numpy()[:, 0].argmax() + 1, bank.numpy()[:, -1].argmax())
        np.testing.assert_allclose(total[inner], 1, atol=1e-6)


def test_cosines_are_orthonormal_or_twice_as_high():
    whole = functional.create_dct(8, 8, "ortho").numpy()
    np.testing.assert_allclose(whole.T @ whole, np.eye(8), atol=1e-6)
    n, k = np.meshgrid(np.arange(6), np.arange(4), indexing="ij")
    np.testing.assert_allclose(
        functional.create_dct(4, 6, None).numpy(), 2 * np.cos(np.pi / 6 * (n + 0.5) * k), atol=1e-6
    )


def test_impossible_banks_are_refused():
    with pytest.raises(ShapeError, match="from 500 Hz to 100 Hz"):
        functional.melscale_fbanks(9, 500, 100, 3, 8000)
    with pytest.raises(EngineError, match="mel_scale is"):
        functional.melscale_fbanks(9, 0, 100, 3, 8000, mel_scale="bark")  # type: ignore[arg-type]  # what is refused
    with pytest.raises(EngineError, match="norm is"):
        functional.create_dct(3, 4, "l2")  # type: ignore[arg-type]  # what is refused
    with pytest.raises(ShapeError, match="at least one each"):
        functional.melscale_fbanks(0, 0, 100, 3, 8000)
