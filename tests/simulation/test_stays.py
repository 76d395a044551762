import numpy as np
import pytest

from app.simulation.chance import generator
from app.simulation.stays import Part, Stay, exponential, fixed, lognormal, reo, ward

STAYS = {
    "lognormal": lognormal(3.0, 0.7),
    "exponential": exponential(9.0),
    "gamma": Stay((Part(1.0, 5.0, 2.0, "gamma"),)),
    "fixed": fixed(4.0),
    "ward": ward(3.0),
    "reo": reo(),
}


@pytest.mark.parametrize("stay", STAYS.values(), ids=STAYS.keys())
def test_the_mean_is_that_of_the_draws(stay: Stay) -> None:
    drawn = stay.drawn(generator(1, "stays"), 200_000)

    assert drawn.min() > 0
    assert drawn.mean() == pytest.approx(stay.mean, rel=0.02)


def test_a_reo_stay_is_short_or_nine_days_or_long() -> None:
    drawn = reo().drawn(generator(1, "reo"), 200_000)

    assert np.median(drawn) == pytest.approx(4.7, abs=0.4)
    around_nine = np.mean((drawn >= 8) & (drawn < 10))
    assert around_nine > 2 * np.mean((drawn >= 6) & (drawn < 8))
    assert 0.008 < np.mean(drawn > 18) < 0.15


@pytest.mark.parametrize("name", ["lognormal", "exponential", "fixed"])
def test_a_stay_under_way_has_the_mean_that_renewal_theory_gives(name: str) -> None:
    stay = STAYS[name]
    drawn = stay.drawn(generator(1, "square"), 400_000)

    passed, remains = stay.under_way(generator(1, "met"), 100_000)

    # E[X^2] / 2 E[X] (Cox, 1962, Renewal Theory, ch. 5).
    expected = np.mean(drawn**2) / (2 * np.mean(drawn))
    assert passed.mean() == pytest.approx(expected, rel=0.03)
    assert remains.mean() == pytest.approx(expected, rel=0.03)
