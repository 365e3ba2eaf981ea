import numpy as np
import pytest

from modelcollapse.domains.generation.domain import GenerationRow
from modelcollapse.domains.generation.measures import HumanText, distinct, text_measures, zipf_slope


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
    uses = [9, 10, 99, 1000, 10**6 - 9 - 10 - 99 - 1000]  # in a million; token 5 is never used
    known = np.repeat(range(5), uses).reshape(100, -1)
    human = HumanText(known, known, np.array([[0, 1, 4]]), n_types=6)
    assert human.kept(np.array([[0, 2, 4, 5]])) == {"kept_0": 1, "kept_10": 0.5, "kept_100": None, "kept_1000": 0.5}
    assert human.kept_held_out["kept_10_human"] == 0.5
    assert text_measures(known, human).keys() >= GenerationRow.added.keys()


def test_the_slope_of_a_zipf_law_is_its_exponent():
    assert zipf_slope(np.round(1e6 / np.arange(1, 200) ** 1.3).astype(int)) == pytest.approx(-1.3, abs=0.01)
    assert zipf_slope(np.array([5, 5, 1])) is None


def test_keys_are_told_apart_as_numpy_does():
    for keys in (np.random.default_rng(0).integers(50, size=(9, 30)).astype(np.uint64), np.empty((0, 3), np.uint64)):
        np.testing.assert_array_equal(distinct(keys), np.unique(keys))
