import numpy as np
import pytest

from modelcollapse.domains.generation.measures import HumanText, text_measures, zipf_slope


def test_measures_of_a_small_text():
    people = np.array([[0, 0, 0, 1, 2]])
    human = HumanText(people, people, np.array([[0, 0, 1, 2, 2]]), n_types=4)
    found = text_measures(np.array([[0, 0, 0, 0, 0], [3, 3, 0, 1, 2]]), human)
    assert found["n_types"] == 4
    assert found["distinct_2"] == 5 / 8
    assert found["tail_share"] == 0.4
    assert found["unseen_trigrams"] == 2 / 6
    assert found["unseen_trigrams_human"] == 1 / 3
    assert found["repetition"] == 1 / 4
    shares = np.array([0.6, 0.1, 0.1, 0.2])
    assert found["entropy"] == pytest.approx(-(shares * np.log(shares)).sum())


def test_words_of_every_band_are_kept_or_not():
    first = np.repeat([0, 1, 2, 3, 4], [1, 2, 9, 10, 100])[None]  # token 5 is never used
    human = HumanText(first, first, np.array([[0, 1, 4]]), n_types=6)
    assert human.kept(np.array([[0, 4, 5]])) == {"kept_1": 0.5, "kept_3": 0, "kept_10": 0, "kept_100": 1}
    assert human.kept_held_out["kept_1_human"] == 1
    few = HumanText(first[:, :3], first, first, n_types=6)
    assert few.kept(first) == {"kept_1": 1, "kept_3": None, "kept_10": None, "kept_100": None}


def test_the_slope_of_a_zipf_law_is_its_exponent():
    assert zipf_slope(np.round(1e6 / np.arange(1, 200) ** 1.3).astype(int)) == pytest.approx(-1.3, abs=0.01)
    assert zipf_slope(np.array([5, 5, 1])) is None
