"""One history: train → score → label the next increment, generation after generation.

A chain is a pure function of its spec and the corpus. It can be stopped after any generation and go on from the bytes
of its labels, on any machine, to the same last bit.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.simulation import label_bytes, spec, streams
from modelcollapse.simulation.label_bytes import Labels
from modelcollapse.simulation.label_rules import Increment, find_rule
from modelcollapse.simulation.learning import learners
from modelcollapse.simulation.learning.threads import one_thread
from modelcollapse.simulation.learning.training import Train, Trained, TrainingSet, train_here
from modelcollapse.simulation.metrics import prediction_metrics, training_metrics
from modelcollapse.simulation.regimes import REGIMES, Positions
from modelcollapse.simulation.rows import Row, axes_of


@dataclass(frozen=True)
class ChainState:
    """What a chain needs to go on: everything else follows from its spec.

    Attributes
    ----------
    generation : int
        The generation to run next.
    labels : ndarray of uint8, shape (n_seen - initial_size,)
        Label bytes (see `simulation.label_bytes`) of all increments that generation has seen; the initial documents
        carry human labels and need not be told.
    predictions : ndarray of uint8, shape (n_test,), or None
        The last generation's predictions on the test set.
    """

    generation: int
    labels: Labels
    predictions: npt.NDArray[np.uint8] | None


@dataclass(frozen=True)
class GenerationResult:
    """What a generation yields: its row, and what the next one needs to know.

    Attributes
    ----------
    row : Row
    new_labels : ndarray of uint8, shape (increment,)
        Label bytes of the next increment on the schedule; empty in the last generation.
    predictions : ndarray of uint8, shape (n_test,)
    """

    row: Row
    new_labels: Labels
    predictions: npt.NDArray[np.uint8]


class Chain:
    """A spec bound to a corpus: which documents it tests on, sees and in which order."""

    def __init__(self, chain_spec: spec.ChainSpec, corpus: Corpus, train: Train = train_here) -> None:
        self.spec = chain_spec
        self.corpus = corpus
        self.train = train
        self.rate = float(chain_spec.collapse_rate)
        self.sizes = chain_spec.sizes()
        self.n_scheduled = len(chain_spec.scheduled_sizes())
        order = streams.document_order(chain_spec.seed, corpus.n_documents)
        self.test, self.pool = order[: chain_spec.test_size], order[chain_spec.test_size :]
        self.initial_labels = corpus.labels[self.pool[: chain_spec.initial_size]] + np.uint8(label_bytes.HUMAN)
        self.first_model = cache(self._train_first)

    @cached_property
    def chain_id(self) -> str:
        """The chain's name."""
        return spec.chain_id(self.spec, self.corpus.fingerprint, learners.identity(self.spec.model))

    def start(self, state: ChainState | None) -> ChainState:
        """Return the state to begin with: the given one, or generation 0's.

        If the given state's generation has seen documents that were not labelled yet – the chain ended there, and now
        goes on – its last generation is run again.
        """
        if state is None:
            return ChainState(0, np.empty(0, dtype=np.uint8), None)
        labelled = self.spec.initial_size + len(state.labels)
        if state.generation < self.n_scheduled and labelled == self.sizes[state.generation]:
            return state
        again = state.generation - 1
        return ChainState(again, state.labels[: self.sizes[again] - self.spec.initial_size], None)

    def run_generation(self, state: ChainState) -> tuple[GenerationResult, ChainState]:
        """Train, score, label the next increment; return also the state to go on from."""
        generation = state.generation
        seen = np.concatenate((self.initial_labels, state.labels))
        positions = self._training_positions(generation, seen)
        started = time.perf_counter()
        trained = self._train(generation, seen, positions)
        fitted = time.perf_counter()
        next_size = self.sizes[min(generation + 1, len(self.sizes) - 1)]
        increment = self.pool[len(seen) : next_size]
        scores = trained.score(np.concatenate((self.test, increment)), n_recurring=len(self.test))
        test_scores = scores[: len(self.test)]
        new_labels = self._label(generation, seen, positions, increment, scores[len(self.test) :])
        scored = time.perf_counter()

        changed = None if state.predictions is None else float((state.predictions != test_scores.labels).mean())
        row = Row(
            chain_id=self.chain_id,
            generation=generation,
            n_seen=len(seen),
            n_features=trained.n_features,
            churn=changed,
            fit_seconds=fitted - started,
            predict_seconds=scored - fitted,
            **axes_of(self.spec),
            **training_metrics(seen[positions], self.corpus.labels[self.pool[positions]]),  # type: ignore[arg-type]
            **prediction_metrics(self.corpus.labels[self.test], test_scores),  # type: ignore[arg-type]
        )
        on_schedule = generation + 1 < self.n_scheduled
        result = GenerationResult(row, new_labels if on_schedule else new_labels[:0], test_scores.labels)
        return result, ChainState(generation + 1, np.concatenate((state.labels, new_labels)), test_scores.labels)

    def _training_positions(self, generation: int, seen: Labels) -> Positions:
        previous = self.sizes[generation - 1] if generation else 0
        random = streams.stream(self.spec.seed, "subsample", generation)
        return REGIMES[self.spec.regime](seen, previous, self.spec.initial_size, random)

    def _train_first(self) -> Trained:
        return self._train(0, self.initial_labels, self._training_positions(0, self.initial_labels))

    def _train(self, generation: int, seen: Labels, positions: Positions) -> Trained:
        training = TrainingSet(
            model=self.spec.model,
            terms=self.spec.terms,
            documents=self.pool[positions],
            labels=label_bytes.value(seen[positions]),
            seed=streams.model_seed(self.spec.seed, generation),
        )
        return self.train(training, self.corpus)

    def _label(
        self,
        generation: int,
        seen: Labels,
        positions: Positions,
        documents: npt.NDArray[np.int64],
        scores: learners.Scores,
    ) -> Labels:
        truth = self.corpus.labels[documents]
        selected = streams.self_labelled(self.spec.seed, generation, self.rate, len(documents))
        labels = truth + np.uint8(label_bytes.HUMAN)
        if not selected.any():
            return labels
        increment = Increment(
            truth=truth,
            selected=selected,
            scores=scores,
            first_scores=lambda: self.first_model().score(documents),
            human_positive_rate=self._human_positive_rate(seen, positions),
            stream=lambda purpose: streams.stream(self.spec.seed, purpose, generation),
        )
        labels[selected] = find_rule(self.spec.label_rule).label(increment)
        return labels

    def _human_positive_rate(self, seen: Labels, positions: Positions) -> float:
        """Return the positive rate of the human labels in the training set; where it has none, of all seen so far."""
        training = seen[positions]
        human = training[label_bytes.is_human(training)]
        if len(human) == 0:
            human = seen[label_bytes.is_human(seen)]
        return float(label_bytes.value(human).mean())


def run_chain(
    chain_spec: spec.ChainSpec,
    corpus: Corpus,
    state: ChainState | None = None,
    train: Train = train_here,
) -> Iterator[GenerationResult]:
    """Run a chain on one thread, from its beginning or from a state, and yield every generation.

    Parameters
    ----------
    chain_spec : ChainSpec
        What to simulate.
    corpus : Corpus
        Documents; at least ``test_size + final_size``.
    state : ChainState, optional
        Where to go on from; the beginning if None.
    train : callable
        How models are trained: see `simulation.learning.training`. It changes nothing in the results.

    Yields
    ------
    GenerationResult
        In order, the same bits whatever the state it started from; the first may be one that is known already (see
        `Chain.start`).
    """
    chain = Chain(chain_spec, corpus, train)
    current = chain.start(state)
    while current.generation < len(chain.sizes):
        with one_thread():
            result, current = chain.run_generation(current)
        yield result
