"""The study's domain: a slot is a review's label, and what is trained is a classifier of word counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from modelcollapse.corpora.dense import AnyCorpus
from modelcollapse.domains import features
from modelcollapse.errors import SpecError
from modelcollapse.simulation import label_bytes, streams
from modelcollapse.simulation.domain import Domain, History, Measure, Moment
from modelcollapse.simulation.label_bytes import Labels
from modelcollapse.simulation.label_rules import Increment, find_rule
from modelcollapse.simulation.learning import learner_check, learners
from modelcollapse.simulation.learning.predictors import Scores
from modelcollapse.simulation.learning.training import Train, Trained, TrainingSet
from modelcollapse.simulation.metrics import prediction_metrics, training_metrics
from modelcollapse.simulation.regimes import Positions
from modelcollapse.simulation.rows import CommonRow, Row
from modelcollapse.simulation.slots import HUMAN, LEFT_OUT, Origins, Slots
from modelcollapse.simulation.spec import ChainSpec, Model


class Classification(Domain):
    """See `simulation.domain.Domain`."""

    name = "classification"
    row: type[CommonRow] = Row
    slots = "documents"
    verb = "labelled"
    measures: Mapping[str, Measure] = {
        "accuracy": Measure("accuracy", "share", "more", 0.5),
        "predicted_positive_rate": Measure("predicted positive", "share", "neither"),
        "balanced_accuracy": Measure("balanced accuracy", "share", "more", 0.5),
        "roc_auc": Measure("ROC AUC", "share", "more", 0.5),
        "recall_negative": Measure("recall of the negative class", "share", "more"),
        "recall_positive": Measure("recall of the positive class", "share", "more"),
        "best_threshold_accuracy": Measure("accuracy at the best threshold", "share", "more", 0.5),
        "log_loss": Measure("log-loss", "nats", "less", float(np.log(2))),
        "brier": Measure("Brier score", "", "less", 0.25),
        "calibration_error": Measure("calibration error", "share", "less"),
        "train_positive_rate": Measure("positive labels in the training set", "share", "neither"),
        "synthetic_label_error": Measure("wrong self-labels", "share", "less"),
        "synthetic_error_negative": Measure("wrong self-labels of the negative class", "share", "less"),
        "synthetic_error_positive": Measure("wrong self-labels of the positive class", "share", "less"),
        "churn": Measure("changed predictions", "share", "neither"),
    }

    def check_rules(self, rules: Sequence[str], models: Sequence[Model] | None = None) -> None:
        """See `Domain`."""
        needing = [rule for rule in rules if find_rule(rule).needs_probabilities]
        weighing = [rule for rule in rules if find_rule(rule).needs_weights]
        for model in models or ():
            if needing and not learners.has_probabilities(model):
                raise SpecError(
                    f"label_rule: '{needing[0]}' needs probabilities, which {model.name} does not give; "
                    "expected a learner with predict_proba, or another rule."
                )
            if weighing and not learners.take_weights(model):
                raise SpecError(
                    f"label_rule: '{weighing[0]}' gives documents weights, which {model.name} does not take; "
                    "expected a learner whose fit has sample_weight, or another rule."
                )

    def parameter_names(self, model: str) -> Collection[str]:
        """See `Domain`."""
        return learners.parameter_names(model)

    def check_model(self, model: Model, thoroughly: bool = False) -> None:
        """See `Domain`."""
        if thoroughly:
            learner_check.check(model, "any")  # which one it is, the corpus says
        else:
            learners.instantiate(model)

    def identity(self, model: Model) -> Mapping[str, object]:
        """See `Domain`."""
        return learners.identity(model)

    def data(self, corpus: Any, sweep: Any) -> AnyCorpus:
        """See `Domain`: chains draw from the corpus itself."""
        known = features.checked(corpus, sweep)
        if len(known.classes) != 2:
            raise SpecError(
                f"corpus: '{known.name}' has {len(known.classes):,} classes, which are of the domain multiclass: "
                "run sweep.on(corpus)."
            )
        return known

    def bind(self, spec: ChainSpec, data: AnyCorpus, train: Train) -> Labelling:
        """See `Domain`."""
        return Labelling(spec, data, train)


class Labelling(History):
    """A chain's documents: which it tests on, sees, and in which order. See `simulation.domain.History`.

    A slot is the number of a label and its origin (see `simulation.label_bytes`), of any number of classes; under the
    rule ``soft``, which is of two, with the probability of class 1.
    """

    def __init__(self, spec: ChainSpec, corpus: AnyCorpus, train: Train) -> None:
        self.spec, self.corpus, self._train = spec, corpus, train
        self.rule = find_rule("argmax" if spec.collapse_rate == 0 else spec.label_rule)
        alone = corpus.labels.dtype
        self.slot: np.dtype[Any] = np.dtype([("label", "u1"), ("positive", "<f4")] if self.rule.is_soft else alone)
        order = streams.document_order(spec.seed, corpus.n_documents)
        if spec.regime == "accumulate" and not learners.is_our_forest(spec.model):
            # put in order once, training sets are neighbouring rows, which need not be gathered in every generation
            self.corpus = corpus.rows(order[: spec.test_size + spec.final_size])
            order = np.arange(self.corpus.n_documents)
        self.test, self.pool = order[: spec.test_size], order[spec.test_size :]

    def human(self, start: int, stop: int) -> Slots:
        """See `History`: people's labels, those left out that a detector of the label rule mistakes for a model's."""
        labels = label_bytes.coded(self.corpus.labels[self.pool[start:stop]], HUMAN)
        if start and self.rule.mistaken_for_synthetic:
            uniform = streams.stream(self.spec.seed, "mistaken", start).random(len(labels))
            labels[uniform < self.rule.mistaken_for_synthetic] = LEFT_OUT
        return self._slots(labels, label_bytes.value(labels))

    def _slots(self, labels: Labels, positive: npt.NDArray[Any]) -> Slots:
        """Return slots of label bytes and, where slots hold it, P(class 1)."""
        if not self.rule.is_soft:
            return labels
        slots = np.empty(len(labels), self.slot)
        slots["label"], slots["positive"] = labels, positive
        return slots

    def _labels(self, slots: Slots) -> Labels:
        """Return the label bytes of slots."""
        return slots["label"] if self.rule.is_soft else slots

    def origins(self, slots: Slots) -> Origins:
        """See `History`."""
        return label_bytes.origins(self._labels(slots))

    def train(self, generation: int, seen: Slots, positions: Positions) -> Trained:
        """See `History`."""
        slots = seen[positions]
        training = TrainingSet(
            model=self.spec.model,
            terms=self.spec.terms,
            documents=self.pool[positions],
            labels=label_bytes.value(self._labels(slots)),
            seed=streams.model_seed(self.spec.seed, generation),
            weights=self._weights(slots),
            synthetic=label_bytes.is_synthetic(self._labels(slots)),
        )
        return self._train(training, self.corpus)

    def _weights(self, slots: Slots) -> npt.NDArray[np.float64] | None:
        """Return how much each document counts (of two classes: for each); None where all count alike.

        Before anything is self-labelled they do: generation 0 is the same for all rules.
        """
        labels = self._labels(slots)
        synthetic = label_bytes.is_synthetic(labels)
        if not self.rule.needs_weights or not synthetic.any():
            return None
        weight = np.where(synthetic, self.rule.weight, 1.0) if self.rule.weight is not None else np.ones(len(labels))
        if len(self.corpus.classes) > 2:
            return weight
        positive = slots["positive"].astype(np.float64) if self.rule.is_soft else label_bytes.value(labels)
        return np.column_stack((weight * (1.0 - positive), weight * positive))

    def look(self, model: Trained, start: int, stop: int) -> tuple[Scores, int]:
        """See `History`: the scores of the test set and then of the increment; and the number of terms."""
        documents = np.concatenate((self.test, self.pool[start:stop]))
        return model.score(documents, n_recurring=len(self.test)), model.n_features

    def fill(self, view: tuple[Scores, int], moment: Moment) -> Slots:
        """See `History`: let the label rule label."""
        start, n_test = len(moment.seen), len(self.test)
        documents = self.pool[start : start + len(moment.human)]
        increment = Increment(
            truth=self.corpus.labels[documents],
            selected=moment.selected,
            scores=view[0][n_test:],
            first_scores=lambda: moment.first_model().score(documents),
            human_shares=_human_shares(self._labels(moment.seen), moment.positions, len(self.corpus.classes)),
            stream=lambda purpose: streams.stream(self.spec.seed, purpose, moment.generation),
            whole=lambda share, size: streams.whole(self.spec.seed, moment.generation, share, size, "checked"),
        )
        labels = self.rule.label(increment)
        return self._slots(labels, increment.probability[moment.selected]) if self.rule.is_soft else labels

    def measure(self, view: tuple[Scores, int], moment: Moment) -> tuple[Mapping[str, Any], npt.NDArray[np.uint8]]:
        """See `History`: what is remembered are the predictions on the test set."""
        scores, n_features = view
        scores = scores[: len(self.test)]
        seen = self._labels(moment.seen)
        last = None if moment.memory is None else moment.memory.view(scores.labels.dtype)
        columns = {
            "n_features": n_features,
            "n_checked": int(label_bytes.is_checked(seen).sum()),
            "churn": None if last is None else float((last != scores.labels).mean()),
            **self._of_training(seen[moment.positions], self.corpus.labels[self.pool[moment.positions]]),
            **self._of_predictions(self.corpus.labels[self.test], scores),
        }
        return columns, scores.labels.view(np.uint8)

    def _of_training(self, labels: Labels, truth: Labels) -> Mapping[str, Any]:
        """Return what is measured of the labels of a training set, which has the true ones beside them."""
        return training_metrics(labels, truth)

    def _of_predictions(self, truth: Labels, scores: Scores) -> Mapping[str, Any]:
        """Return what is measured on the test set."""
        return prediction_metrics(truth, scores)


def _human_shares(seen: Labels, positions: Positions, n_classes: int) -> npt.NDArray[np.float64]:
    """Return the share of every class among the human labels of the training set; without any, of all seen so far."""
    training = seen[positions]
    human = training[label_bytes.is_human(training)]
    if len(human) == 0:
        human = seen[label_bytes.is_human(seen)]
    return np.bincount(label_bytes.value(human), minlength=n_classes) / len(human)
