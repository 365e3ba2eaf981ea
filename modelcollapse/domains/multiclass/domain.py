"""The study's loop with more than two classes: what a sweep of classification becomes on such a corpus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from modelcollapse.corpora.dense import AnyCorpus
from modelcollapse.domains import features
from modelcollapse.domains.classification import Classification, Labelling
from modelcollapse.domains.multiclass.measures import prediction_measures, training_measures
from modelcollapse.errors import SpecError
from modelcollapse.simulation.domain import Measure
from modelcollapse.simulation.label_bytes import Labels
from modelcollapse.simulation.label_rules import find_rule
from modelcollapse.simulation.learning.predictors import Scores
from modelcollapse.simulation.learning.training import Train
from modelcollapse.simulation.rows import CommonRow
from modelcollapse.simulation.spec import ChainSpec, Model


@dataclass(frozen=True)
class MulticlassRow(CommonRow):
    """The record of one generation.

    What is said of each class is a JSON object: a number in [0, 1] by the class' name, null where it is not defined.

    Attributes
    ----------
    n_test, n_features, n_classes : int
        Test documents; terms that are active, or columns; classes of the corpus.
    accuracy, balanced_accuracy, least_recall : float
        On the test set; means and least of the recalls of those classes that it has.
    roc_auc : float
        Mean over classes of each against all others; 0.5 for a constant predictor.
    log_loss, brier, calibration_error : float
        Of the probabilities on the test set (null for learners without): in nats; half the mean squared distance to the
        true classes; of the likeliest class, over ten bins of equal width.
    largest_share : float
        Share of the test set that is predicted to be of the commonest of the predicted classes.
    classes_predicted : int
        Classes that are predicted at all.
    share_distance : float
        Between shares of predicted and of true classes of the test set: half the sum of absolute differences.
    synthetic_label_error : float
        Share of wrong labels among the self-labelled documents of the training set (null where there are none).
    churn : float
        Share of the test set whose prediction changed since the last generation (null in generation 0).
    fit_seconds, predict_seconds : float
        Wall time of training; of scoring the test set and labelling the next increment.
    recalls, predicted_shares, true_shares : str
        On the test set, by class.
    trained_shares, synthetic_errors : str
        In the training set, by class: shares of its labels; shares of wrong self-labels, by the true class.
    growth, min_df, max_ngram, max_terms, n_checked
        As in `simulation.rows.Row`.
    """

    domain: ClassVar[str] = "multiclass"

    n_test: int
    n_features: int
    n_classes: int
    accuracy: float
    balanced_accuracy: float
    least_recall: float
    roc_auc: float | None
    log_loss: float | None
    brier: float | None
    calibration_error: float | None
    largest_share: float
    classes_predicted: int
    share_distance: float
    synthetic_label_error: float | None
    churn: float | None
    fit_seconds: float
    predict_seconds: float
    recalls: str
    predicted_shares: str
    true_shares: str
    trained_shares: str
    synthetic_errors: str
    growth: str
    min_df: int
    max_ngram: int
    max_terms: int | None
    n_checked: int


class Multiclass(Classification):
    """See `simulation.domain.Domain`."""

    name = "multiclass"
    row: type[CommonRow] = MulticlassRow
    measures: Mapping[str, Measure] = {
        "accuracy": Measure("accuracy", "share", "more"),
        "balanced_accuracy": Measure("balanced accuracy", "share", "more"),
        "least_recall": Measure("recall of the worst class", "share", "more"),
        "largest_share": Measure("largest share of predictions", "share", "neither"),
        "classes_predicted": Measure("classes predicted", "classes", "neither"),
        "share_distance": Measure("drift of predicted shares", "share", "less"),
        "roc_auc": Measure("ROC AUC, mean of classes", "share", "more", 0.5),
        "log_loss": Measure("log-loss", "nats", "less"),
        "brier": Measure("Brier score", "", "less"),
        "calibration_error": Measure("calibration error", "share", "less"),
        "synthetic_label_error": Measure("wrong self-labels", "share", "less"),
        "churn": Measure("changed predictions", "share", "neither"),
    }
    caveats: Sequence[str] = (
        "Accuracy counts documents, so it hides what becomes of rare classes: look at recall by class.",
    )

    def check_rules(self, rules: Sequence[str], models: Sequence[Model] | None = None) -> None:
        """See `Domain`."""
        super().check_rules(rules, models)
        if soft := [rule for rule in rules if find_rule(rule).is_soft]:
            raise SpecError(
                f"label_rule: '{soft[0]}' counts a document for both of two classes, and here are more; expected "
                "another rule, such as sampled."
            )

    def data(self, corpus: Any, sweep: Any) -> AnyCorpus:
        """See `Domain`: chains draw from the corpus itself."""
        known = features.checked(corpus, sweep)
        if len(known.classes) < 3:
            raise SpecError(f"corpus: '{known.name}' has two classes, expected more: leave out the domain {self.name}.")
        return known

    def bind(self, spec: ChainSpec, data: AnyCorpus, train: Train) -> ClassLabelling:
        """See `Domain`."""
        return ClassLabelling(spec, data, train)


class ClassLabelling(Labelling):
    """A chain's documents, measured class by class. See `simulation.domain.History`."""

    def _of_training(self, labels: Labels, truth: Labels) -> Mapping[str, Any]:
        return training_measures(labels, truth, self.corpus.classes)

    def _of_predictions(self, truth: Labels, scores: Scores) -> Mapping[str, Any]:
        return prediction_measures(truth, scores, self.corpus.classes)
