"""The one place that knows which columns a row has: one row per generation, one schema for every chain of a domain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, get_type_hints

from modelcollapse.simulation.spec import ChainSpec

#: Raised whenever columns are added to `Row`; and in which version each of these was.
SCHEMA_VERSION = 3
ADDED: Mapping[str, int] = {"growth": 2, "min_df": 2, "max_ngram": 2, "max_terms": 2, "n_checked": 3}


@dataclass(frozen=True)
class CommonRow:
    """What all rows begin with; domains add their own columns, and ``fit_seconds, predict_seconds, growth`` of `Row`.

    Attributes
    ----------
    chain_id, seed, collapse_rate, initial_size, model, model_params, regime, label_rule
        Which chain: its identity and its place on every axis of the sweep. At rate 0 no label rule is ever asked: the
        rule is "none", and the chain is the reference of all rules.
    generation : int
        0 for the model trained on human slots alone.
    n_seen : int
        Initial size plus all increments so far: the x-axis of every curve.
    n_train : int
        Slots (documents, draws) in this generation's training set: depends on the regime and on what is left out.
    n_synthetic : int
        Those of them that the model filled.
    domain : str
        Whose rows these are (a class attribute, as the next two).
    schema_version : int
        Raised whenever columns are added.
    added : mapping of str to int
        Columns that were added, and in which version.
    """

    domain: ClassVar[str] = "classification"
    schema_version: ClassVar[int] = 1
    added: ClassVar[Mapping[str, int]] = {}

    chain_id: str
    seed: int
    collapse_rate: float
    initial_size: int
    model: str
    model_params: str
    regime: str
    label_rule: str
    generation: int
    n_seen: int
    n_train: int
    n_synthetic: int


@dataclass(frozen=True)
class Row(CommonRow):
    """The record of one generation of classification.

    Columns ending in ``_seconds`` are the only ones that are not deterministic. Rates, accuracies and recalls are
    fractions in [0, 1]. ``None`` means "not defined here", never "not computed"; only the columns of `ADDED` are None,
    too, in rows that were written before there were such columns.

    Attributes
    ----------
    n_test, n_features : int
        Test documents; terms that are active in this generation.
    accuracy, balanced_accuracy, roc_auc : float
        On the test set; ROC AUC is 0.5 for a constant predictor (null if the test set has one class).
    recall_negative, recall_positive : float
        Accuracy within each true class of the test set (null if it has no such document).
    best_threshold_accuracy : float
        Accuracy at the threshold that suits this test set best: what is only shifted, not lost.
    log_loss, brier, calibration_error : float
        Of the probabilities on the test set (null for learners without); natural logarithm; mean squared error;
        expected calibration error over ten equal-width bins of P(class 1).
    predicted_positive_rate : float
        Share of the test set predicted positive.
    train_positive_rate : float
        Share of positive labels in the training set, self-labels included (null if it is empty).
    synthetic_label_error, synthetic_error_negative, synthetic_error_positive : float
        Share of wrong labels among the self-labelled documents of the training set; the same among those whose true
        class is negative, and positive. Null where there are none.
    churn : float
        Share of the test set whose prediction changed since the last generation (null in generation 0).
    fit_seconds, predict_seconds : float
        Wall time of training; of scoring the test set and labelling the next increment.
    growth : str
        How the chain grows: see `spec.Growth.text`.
    min_df, max_ngram, max_terms : int
        Which terms the vectoriser keeps: see `spec.TermSelection`. ``max_terms`` is null without a limit.
    n_checked : int
        Labels that people have checked so far, in everything seen: what a label rule has cost. Checked labels count as
        human, not as self-labels. In rows of earlier versions 0, as there was no such rule.
    """

    schema_version: ClassVar[int] = SCHEMA_VERSION
    added: ClassVar[Mapping[str, int]] = ADDED

    n_test: int
    n_features: int
    accuracy: float
    balanced_accuracy: float
    roc_auc: float | None
    recall_negative: float | None
    recall_positive: float | None
    best_threshold_accuracy: float
    log_loss: float | None
    brier: float | None
    calibration_error: float | None
    predicted_positive_rate: float
    train_positive_rate: float | None
    synthetic_label_error: float | None
    synthetic_error_negative: float | None
    synthetic_error_positive: float | None
    churn: float | None
    fit_seconds: float
    predict_seconds: float
    growth: str | None = None
    min_df: int | None = None
    max_ngram: int | None = None
    max_terms: int | None = None
    n_checked: int = 0


def column_types(row: type[CommonRow] = Row) -> dict[str, type]:
    """Python type (str, int or float) of every column, in order, nulls aside."""
    hints = get_type_hints(row)
    return {
        f.name: next(t for t in (str, int, float) if t is hints[f.name] or hints[f.name] == (t | None))
        for f in fields(row)
    }


#: Everything that can differ between two chains on the same data, one column each: and a chain's place on it.
_PLACES: Mapping[str, Callable[[ChainSpec], Any]] = {
    "seed": lambda spec: spec.seed,
    "collapse_rate": lambda spec: float(spec.collapse_rate),
    "label_rule": lambda spec: spec.label_rule,
    "model": lambda spec: spec.model.name,
    "model_params": lambda spec: spec.model.params_text,
    "regime": lambda spec: spec.regime,
    "growth": lambda spec: spec.growth.text(spec.initial_size),
    "n_test": lambda spec: spec.test_size,
    "min_df": lambda spec: spec.terms.min_df,
    "max_ngram": lambda spec: spec.terms.max_ngram,
    "max_terms": lambda spec: spec.terms.max_terms,
    "initial_size": lambda spec: spec.initial_size,
}
AXES = tuple(_PLACES)


def axes_of(spec: ChainSpec, row: type[CommonRow] = Row) -> dict[str, Any]:
    """Return the place of a chain on every axis of its domain, as it stands in its rows."""
    columns = {field.name for field in fields(row)}
    return {axis: place(spec) for axis, place in _PLACES.items() if axis in columns}
