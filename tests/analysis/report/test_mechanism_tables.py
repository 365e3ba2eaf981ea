import numpy as np
import pytest

from modelcollapse.analysis.report.mechanism_tables import best_threshold_by_chance, calibration_error_by_chance
from modelcollapse.simulation.metrics import Thresholds, calibration_error


@pytest.mark.parametrize("n_test", [250, 2500])
def test_biases_of_small_test_sets_are_those_of_perfect_models(n_test: int) -> None:
    """Probabilities that are right, rankings that know nothing: means of 200 within 3 standard errors and 3 %."""
    generator = np.random.default_rng(n_test)
    gaps, best = [], []
    for _ in range(200):
        p = generator.random(n_test)
        gaps.append(calibration_error((generator.random(n_test) < p).astype(np.uint8), p))
        best.append(Thresholds.of((generator.random(n_test) < 0.5).astype(np.uint8), p).best_accuracy())
    assert np.mean(gaps) == pytest.approx(calibration_error_by_chance(n_test), rel=0.03, abs=3 * np.std(gaps) / 14)
    excess = best_threshold_by_chance(n_test) - 0.5
    assert np.mean(best) - 0.5 == pytest.approx(excess, rel=0.03, abs=3 * np.std(best) / 14)


def test_at_2500_documents() -> None:
    assert calibration_error_by_chance(2500) == pytest.approx(0.020, abs=0.0005)
    assert best_threshold_by_chance(2500) == pytest.approx(0.516, abs=0.0005)
