"""Rubin's rules against R's mice and by hand."""

import numpy as np
import pytest

from naome_pipeline.statistics.pooling import barnard_rubin, pool


def test_the_example_of_mice():
    # mice::pool.scalar(Q, U, n = 100, k = 2), documentation of the R package mice.
    found = pool(
        [-0.0135, 0.0011, 0.0175, -0.0082, 0.0061],
        [0.0102, 0.0098, 0.0101, 0.0099, 0.0100],
        complete_degrees=98,
    )
    assert found.estimate == pytest.approx(0.0006)
    assert found.variance == pytest.approx(0.010177708, abs=5e-10)
    assert found.degrees_of_freedom == pytest.approx(93.708064823257, abs=5e-10)


def test_by_hand():
    found = pool([1.0, 3.0], [0.5, 0.7])
    assert found.estimate == 2.0
    assert found.within == pytest.approx(0.6)
    assert found.between == pytest.approx(2.0)
    assert found.variance == pytest.approx(0.6 + 1.5 * 2.0)
    # Rubin (1987): (m - 1)(1 + 1/r)^2 with r = 3 / 0.6.
    assert found.degrees_of_freedom == pytest.approx((1 + 0.6 / 3.0) ** 2)


def test_equal_imputations_are_one_data_set():
    found = pool(np.full((10, 3), [1.0, -2.0, 0.5]), np.full((10, 3), 0.04), complete_degrees=50)
    assert found.variance == pytest.approx([0.04] * 3)
    # Barnard and Rubin (1999): (v + 1) / (v + 3) * v of the complete data's 50.
    assert found.degrees_of_freedom == pytest.approx([51 / 53 * 50] * 3)
    assert found.missing_information == pytest.approx(2 / (51 / 53 * 50 + 3), abs=1e-9)


def test_degrees_never_exceed_those_of_the_complete_data():
    shares = np.linspace(0, 0.99, 50)
    assert np.all(barnard_rubin(shares, 10, 40) <= 40)
    assert np.all(np.diff(barnard_rubin(shares, 10, 40)) < 0)


@pytest.mark.parametrize(
    ("estimates", "variances"),
    [([1.0], [1.0]), ([1.0, 2.0], [1.0]), ([1.0, float("nan")], [1.0, 1.0]), ([1.0, 2.0], [1.0, -1.0])],
)
def test_impossible_input_is_refused(estimates, variances):
    with pytest.raises(ValueError, match=r"imputations|missing|negative"):
        pool(estimates, variances)
