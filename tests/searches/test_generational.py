from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.errors import SpecError
from modelcollapse.searches.generational import (
    Brood,
    Genome,
    SearchSettings,
    Variant,
    best_of,
    broods,
    founders,
    offspring,
    pack,
    unpack,
)
from modelcollapse.simulation import streams
from modelcollapse.simulation.learning import learners
from modelcollapse.simulation.learning.training import TrainingSet, train_here
from modelcollapse.simulation.spec import TermSelection

SMALL = Genome(n_estimators=5, max_depth=4)


def settings(**given: object) -> SearchSettings:
    return SearchSettings.of("generational", **given)


def variant(generation: int, number: int, score: float, genome: Genome = SMALL) -> Variant:
    return Variant(generation, number, genome, None, ("", ""), (score - 0.01, score + 0.01), (0.0, 0.0))


def test_the_studys_search_is_the_default():
    whole = settings()
    assert [len(genomes) for genomes, _ in founders(whole)] == [10] * 10
    assert (whole.train_size, whole.test_size, whole.seeds, whole.parents) == (10_000, 10_000, 5, 10)
    forest = dict(Genome().model.params)
    assert forest == learners.STUDY_FOREST
    assert Genome().terms == TermSelection()


def test_mutation_follows_the_studys_rules():
    first = Genome(min_df=3, max_ngram=2, min_samples_split=5, min_samples_leaf=4, collapse_rate=0.5)
    children = [first.mutated(np.random.default_rng(i)) for i in range(4000)]

    def spread(pick: Callable[[Genome], float]) -> tuple[float, float]:
        values = np.array([pick(child) for child in children], dtype=float)
        return float(values.mean()), float(values.std())

    assert spread(lambda g: g.n_estimators) == pytest.approx((1000, 100), rel=0.05)
    assert spread(lambda g: g.max_depth) == pytest.approx((20, 5), rel=0.05)
    assert spread(lambda g: g.min_samples_leaf) == pytest.approx((4, 1.04), rel=0.05)
    assert spread(lambda g: g.min_samples_split)[1] == pytest.approx(1.04, rel=0.05)
    assert spread(lambda g: g.collapse_rate) == pytest.approx((0.5, 0.01), rel=0.05)
    assert spread(lambda g: g.max_features == "log2")[0] == pytest.approx(0.05, abs=0.015)
    assert spread(lambda g: g.bootstrap)[0] == pytest.approx(0.1, abs=0.02)
    assert {g.max_ngram for g in children} == {1, 2, 3}
    assert first == Genome(min_df=3, max_ngram=2, min_samples_split=5, min_samples_leaf=4, collapse_rate=0.5)


def test_mutation_stays_within_what_is_possible():
    least = Genome(n_estimators=1, max_depth=1, collapse_rate=0.0)
    most = Genome(max_ngram=3, collapse_rate=1.0)
    for seed in range(300):
        low, high = least.mutated(np.random.default_rng(seed)), most.mutated(np.random.default_rng(seed))
        assert min(low.min_df, low.max_ngram, low.n_estimators, low.max_depth, low.min_samples_leaf) >= 1
        assert low.min_samples_split >= 2
        assert 0 <= low.collapse_rate < high.collapse_rate <= 1
        assert high.max_ngram <= 3


def test_children_differ_from_each_other_and_are_the_same_again():
    some = settings(variants=6, parents=2, children=3, seeds=2)
    parents = [variant(0, 4, 0.8), variant(0, 1, 0.7, Genome(n_estimators=700))]
    groups = offspring(some, parents, 1)
    assert [(len(genomes), parent) for genomes, parent in groups] == [(3, parents[0]), (3, parents[1])]
    assert len({genome for genomes, _ in groups for genome in genomes}) == 6
    assert offspring(some, parents, 1) == groups
    assert offspring(some, parents, 2) != groups
    assert len({genome for genomes, _ in founders(some) for genome in genomes}) == 6
    units = broods(some, 1, groups)
    assert [(unit.seed, unit.parent) for unit in units] == [
        (0, parents[0].genome), (1, parents[0].genome), (0, parents[1].genome), (1, parents[1].genome),
    ]  # fmt: skip


def test_the_best_are_parents_and_children_alike_and_of_equals_the_older():
    everybody = [variant(1, 0, 0.8), variant(0, 2, 0.8), variant(0, 1, 0.9), variant(1, 1, 0.85)]
    assert [(v.generation, v.number) for v in best_of(everybody, 3)] == [(0, 1), (1, 1), (0, 2)]


@pytest.mark.parametrize("size", [1, 8, 13])
def test_packed_labels_come_back(size):
    labels = np.random.default_rng(size).integers(0, 2, size, dtype=np.uint8)
    assert unpack(pack(labels), size).tolist() == labels.tolist()


def test_founders_learn_from_people(corpus: Corpus):
    result = Brood(3, 0, 200, 100, (SMALL, Genome(n_estimators=9, max_depth=2))).run(corpus, train_here)
    documents = streams.document_order(3, corpus.n_documents)[100:300]
    assert [unpack(text, 200).tolist() for text in result["labels"]] == 2 * [corpus.labels[documents].tolist()]
    assert result["wrong_labels"] == [0, 0]
    assert len(result["accuracy"]) == 2


def test_children_learn_a_share_of_their_parents_labels_from_a_model_trained_again(corpus: Corpus):
    order = streams.document_order(3, corpus.n_documents)
    test, documents = order[:100], order[100:300]
    human = corpus.labels[documents]
    noisy = np.where(np.arange(200) % 3 == 0, 1 - human, human).astype(np.uint8)
    parent = Genome(n_estimators=7, max_depth=3)
    child = Genome(n_estimators=5, max_depth=4, collapse_rate=0.4, min_df=2)
    brood = Brood(3, 2, 200, 100, (child,), parent, 1, pack(noisy))
    result = brood.run(corpus, train_here)

    def train(genome: Genome, labels: np.ndarray, generation: int):
        seed = streams.model_seed(3, generation)
        return train_here(TrainingSet(genome.model, genome.terms, documents, labels, seed), corpus)

    says = train(parent, noisy, 1).score(documents).labels
    labels = unpack(result["labels"][0], 200)
    changed = np.flatnonzero(labels != human)
    assert 0 < len(changed) <= 81
    assert (labels[changed] == says[changed]).all()
    replaced = streams.self_labelled(3, 2, 0.4, 200)
    assert labels[replaced].tolist() == says[replaced].tolist()
    assert labels[~replaced].tolist() == human[~replaced].tolist()
    predicted = train(child, labels, 2).score(test).labels
    assert result["accuracy"] == [(predicted == corpus.labels[test]).mean()]


def test_what_a_corpus_must_have(corpus: Corpus):
    with pytest.raises(SpecError, match="needs 20,000 documents, the corpus 'generated' has 1,500: say --train-size"):
        settings().check_corpus(corpus)
    with pytest.raises(SpecError, match="has n-grams up to 1: use --ngrams 1-3"):
        settings(train_size=500, test_size=500).check_corpus(corpus)
    with pytest.raises(SpecError, match="children: found 0"):
        settings(children=0)
