import pytest

from modelcollapse.domains.generation import model_check
from modelcollapse.domains.generation.model_check import check
from modelcollapse.simulation.spec import Model
from tests.domains.generation.odd_models import HERE, Bigram


@pytest.mark.parametrize("name", ["Bigram", "Decoding", "make_bigram"])
def test_models_that_do_as_they_should_are_tried_once(name, monkeypatch):
    trained = []
    fit = Bigram.fit
    monkeypatch.setattr(Bigram, "fit", lambda self, blocks, seed: trained.append(seed) or fit(self, blocks, seed))
    model_check._check.cache_clear()
    for _ in range(2):
        check(Model(f"{HERE}:{name}"))
    assert trained == [1, 1]


def test_the_projects_own_model_needs_no_trial(monkeypatch):
    monkeypatch.setattr(model_check, "_check", pytest.fail)
    check(Model("ngram"))


def test_what_may_come_of_few_blocks_is_left_to_chains(monkeypatch):
    monkeypatch.setattr(Bigram, "fit", lambda *given: 1 // 0)
    model_check._check.cache_clear()
    check(Model(f"{HERE}:Bigram"))
