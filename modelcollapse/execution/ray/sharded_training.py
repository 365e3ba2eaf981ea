"""A forest grown by many Ray tasks, some trees each: for few long chains on many cores.

A tree depends on the training set, the seed and its own number, and votes are integers: the sum of the shards' votes is
the forest's to the last bit. The trees stay where they were grown; only votes travel.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.corpora.dense import AnyCorpus
from modelcollapse.execution.tasks import Workload
from modelcollapse.forest.shards import Trees
from modelcollapse.simulation.learning import learners
from modelcollapse.simulation.learning.forests import Counts, ForestPlan, Questions, scores_of
from modelcollapse.simulation.learning.predictors import Scores
from modelcollapse.simulation.learning.training import Trained, TrainingSet, train_here
from modelcollapse.simulation.spec import Model, TermSelection

#: Trees times documents that are worth a task of their own: about a second.
WORTHWHILE = 10_000_000


def can_be_sharded(model: Model | None) -> bool:
    """Return whether a model is a forest that can be grown in parts."""
    return model is not None and learners.is_our_forest(model)


def useful_shards(workload: Workload, n_idle_cores: int) -> int:
    """Return over how many tasks trainings are worth being split, given cores that would idle."""
    if n_idle_cores < 2 or workload.model is None or not can_be_sharded(workload.model):
        return 1
    n_trees = learners.instantiate(workload.model).n_estimators
    return max(1, min(n_idle_cores, n_trees, n_trees * workload.n_train // WORTHWHILE))


class ShardedTraining:
    """A way to train (see `simulation.learning.training`): forests in parts, by Ray tasks; everything else here.

    It is used inside a worker: `arrays` are references to the corpus' counts (data, indices, indptr).
    """

    def __init__(self, ray: Any, arrays: list[Any], n_shards: int, options: dict[str, Any]) -> None:
        self._ray, self._arrays, self._n_shards = ray, arrays, n_shards
        self._grow = ray.remote(_grow).options(**options)
        self._vote = ray.remote(_vote).options(**options)

    def __call__(self, training: TrainingSet, corpus: AnyCorpus) -> Trained:
        """See `simulation.learning.training.Train`."""
        if not (can_be_sharded(training.model) and isinstance(corpus, Corpus)):
            return train_here(training, corpus)
        plan = ForestPlan.of(training, corpus)
        if plan is None:
            return train_here(training, corpus)
        bounds = np.linspace(0, plan.n_trees, self._n_shards + 1).astype(int).tolist()
        shared = self._ray.put(plan)
        shards = [(start, stop) for start, stop in pairwise(bounds) if start < stop]
        parts = [self._grow.remote(*shard, shared, *self._arrays) for shard in shards]
        self._ray.wait(parts, num_returns=len(parts), fetch_local=False)  # so that the clock of fitting is right
        return _ShardedForest(
            self._ray, self._vote, parts, self._arrays, corpus, training.terms, plan.n_features, plan.n_trees
        )


@dataclass(frozen=True, eq=False)
class _ShardedForest:
    """A forest whose trees are elsewhere."""

    ray: Any
    vote: Any
    parts: list[Any]
    arrays: list[Any]
    corpus: Corpus
    terms: TermSelection
    n_features: int
    n_trees: int

    def score(self, documents: npt.NDArray[np.int64], n_recurring: int = 0) -> Scores:
        """Score documents, given as rows of the corpus."""
        questions = self.ray.put(Questions.of(documents, n_recurring, self.corpus, self.terms))
        votes = [self.vote.remote(part, questions, *self.arrays) for part in self.parts]
        return scores_of(sum(self.ray.get(votes)), self.n_trees)


def _grow(tree_start: int, tree_stop: int, plan: ForestPlan, *counts: *Counts) -> Trees:
    return plan.grow(counts, tree_start, tree_stop)


def _vote(trees: Trees, questions: Questions, *counts: *Counts) -> npt.NDArray[np.int64]:
    return questions.votes(trees, counts)
