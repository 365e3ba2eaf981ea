"""Is it a classifier? Asked once of every model, on a handful of documents, before anything runs."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils import get_tags
from threadpoolctl import threadpool_limits

from modelcollapse.errors import FaultyLearnerError, LearnerError, describe
from modelcollapse.simulation.learning import learners
from modelcollapse.simulation.learning.containment import contained
from modelcollapse.simulation.learning.import_paths import check_texts, refusing
from modelcollapse.simulation.learning.predictors import Features
from modelcollapse.simulation.spec import Model

#: What a learner is to take: counts in a sparse matrix, rows of numbers, or one of them.
Form: TypeAlias = Literal["counts", "numbers", "any"]

#: Enough for the defaults of scikit-learn's classifiers: neighbours, and folds of folds.
_DOCUMENTS, _TERMS = 60, 40

#: An ensemble of more behaves like one of as many.
_ESTIMATORS = 8

#: Documents as a learner may want them that does not take what it is given.
_OTHER_FORMS: Mapping[str, type] = {"sparse floats": np.float64, "dense counts": np.int32, "dense floats": np.float32}
_NUMBERS = "dense floats"


def check(model: Model, form: Form = "counts") -> None:
    """Train and ask a model once, on one thread, unless that was done before in this process.

    Raise LearnerError if scikit-learn does not take it for a classifier, if it misses a library or a file, does not
    take documents in this form ("any": it is not known yet), or answers with other labels than it was taught, wrong
    shapes, or numbers that are not finite. What depends on the documents – too few for its parameters, say – is not
    asked here: it is a chain's own failure.
    """
    _check(model, repr(model.params), form)


@cache
def _check(model: Model, exact: str, form: Form) -> None:
    """Remember what was found good by how parameters are written, too: 1, 1.0 and True are equal, but not the same."""
    _check_kind(model)
    if not model.given:  # whose identity has no such texts
        params = learners.identity(model)["params"]
        assert isinstance(params, dict)
        check_texts(f"Learner '{model.name}'", params)
    if learners.learner_of(model).is_compiled:
        return  # our own: its kernels are compiled when they are used
    counts, labels = _some_documents()
    numbers = counts.toarray().astype(_OTHER_FORMS[_NUMBERS])
    error = _try(model, numbers if form == "numbers" else counts, labels)
    if isinstance(error, FaultyLearnerError):
        raise LearnerError(f"Learner '{model.name}' cannot be used: {error}.") from error
    if isinstance(error, (ImportError, OSError, MemoryError)):
        raise LearnerError(f"Learner '{model.name}' cannot be used here: {describe(error).rstrip('.')}.") from error
    if error is None or (form == "any" and _try(model, numbers, labels) is None):
        return
    if form == "numbers" and _try(model, counts, labels) is None:
        raise LearnerError(f"Learner '{model.name}' does not take rows of numbers: {describe(error).rstrip('.')}.")
    if form == "numbers":
        return
    for other_form, dtype in _OTHER_FORMS.items():
        other = counts.astype(dtype) if other_form.startswith("sparse") else counts.toarray().astype(dtype)
        if _try(model, other, labels) is None:
            raise LearnerError(
                f"Learner '{model.name}' takes {other_form}, but not documents as they are here, a sparse matrix (CSR) "
                f"of int32 counts: {describe(error).rstrip('.')}. For texts use tfidf-logistic-regression or "
                "complement-naive-bayes."
            ) from error


def check_more_classes(model: Model) -> None:
    """Train and ask a model that is known to `check` once about three classes, unless that was done before.

    Raise LearnerError if it does not take them, whichever way documents are given, or answers as no classifier does.
    """
    _check_more_classes(model, repr(model.params))


@cache
def _check_more_classes(model: Model, exact: str) -> None:
    """Remember what was found good: see `_check`."""
    counts, labels = _some_documents(3)
    if (error := _try(model, counts, labels)) is None:
        return
    error = _try(model, counts.toarray().astype(_OTHER_FORMS[_NUMBERS]), labels)
    if error is not None:
        raise LearnerError(
            f"Learner '{model.name}' does not take three classes: {describe(error).rstrip('.')}. Use one that does, or "
            "sklearn.multiclass:OneVsRestClassifier around it, in a function that makes it."
        ) from error


def takes(model: Model, what: Literal["allow_nan", "positive_only"]) -> bool:
    """Return what scikit-learn says of a model's features: whether they may be NaN, or must not be negative."""
    with refusing(f"Learner '{model.name}' does not say what it is"):
        try:
            return bool(getattr(get_tags(learners.instantiate(model)).input_tags, what))
        except AttributeError:  # a class without any tags
            return False


def _check_kind(model: Model) -> None:
    classifier = learners.instantiate(model)
    kind = getattr(classifier, "_estimator_type", None)
    with refusing(f"Learner '{model.name}' does not say what it is"), suppress(AttributeError):
        kind = get_tags(classifier).estimator_type  # a class without any has no tags
    if kind == "classifier":
        return
    found = _with_article(kind) if kind else "no classifier"
    raise LearnerError(
        f"Learner '{model.name}' is {found} to scikit-learn, expected a classifier "
        "(a class of your own: derive it from sklearn.base.ClassifierMixin and BaseEstimator, in this order)."
    )


def _with_article(kind: object) -> str:
    """Return an estimator's type as words, ``outlier_detector`` as *an outlier detector*."""
    words = str(kind).replace("_", " ")
    return f"{'an' if words[:1].lower() in tuple('aeiou') else 'a'} {words}"


def _some_documents(n_classes: int = 2) -> tuple[sparse.csr_matrix, npt.NDArray[Any]]:
    """Return counts whose terms lean towards one class or another, and labels as a corpus has them."""
    labels = np.arange(_DOCUMENTS, dtype=np.uint8 if n_classes == 2 else np.uint16) % n_classes
    leaning = np.where(np.arange(_TERMS) % n_classes == labels[:, np.newaxis], 1.5, 0.5)
    counts = np.random.default_rng(0).poisson(leaning).astype(np.int32)
    return sparse.csr_matrix(counts), labels


def _try(model: Model, counts: Features, labels: npt.NDArray[Any]) -> BaseException | None:
    """Train a model and ask it about the same documents; return what it raises."""
    small = learners.instantiate(model).get_params(deep=False).get("n_estimators")
    if isinstance(small, int) and small > _ESTIMATORS:
        model = replace(model, params=tuple({**dict(model.params), "n_estimators": _ESTIMATORS}.items()))
    with contained(silent=True), threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            trained = learners.train(model, counts.copy(), labels.copy(), seed=0, n_classes=int(labels.max()) + 1)
            trained.score(counts.copy())
        except (Exception, SystemExit) as error:
            return error
    return None
