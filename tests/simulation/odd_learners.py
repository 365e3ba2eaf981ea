"""Learners with one vice each, and good ones that look odd. `ODD` says what becomes of each."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import BaggingClassifier
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

#: So many documents are no trial any more.
MANY = 90


#: One object, returned every time it is asked for.
_NESTED = make_pipeline(
    TfidfTransformer(), BaggingClassifier(DecisionTreeClassifier(max_features="sqrt"), n_estimators=4, n_jobs=2)
)


def make_nested() -> Any:
    return _NESTED


def make_nothing() -> None:
    return None


def make_with(depth: int) -> Any:
    return DecisionTreeClassifier(max_depth=depth)


class Good(ClassifierMixin, BaseEstimator):
    """Naive Bayes by hand: hard labels and nothing else."""

    def fit(self, counts: Any, labels: Any) -> Good:
        self.inner_ = MultinomialNB().fit(counts, labels)
        self.n_ = counts.shape[0]
        return self

    def predict(self, counts: Any) -> Any:
        return self.inner_.predict(counts)


class Probable(Good):
    """Has probabilities."""

    def fit(self, counts: Any, labels: Any) -> Probable:
        super().fit(counts, labels)
        self.classes_ = self.inner_.classes_
        return self

    def predict_proba(self, counts: Any) -> Any:
        return self.inner_.predict_proba(counts)


class Deciding(Good):
    """Has a decision function."""

    def fit(self, counts: Any, labels: Any) -> Deciding:
        super().fit(counts, labels)
        self.classes_ = self.inner_.classes_
        return self

    def decision_function(self, counts: Any) -> Any:
        both = self.inner_.predict_joint_log_proba(counts)
        return both[:, 1] - both[:, 0]


class Reversed(Probable):
    def fit(self, counts: Any, labels: Any) -> Reversed:
        super().fit(counts, labels)
        self.classes_ = np.array([1, 0])
        return self

    def predict_proba(self, counts: Any) -> Any:
        return super().predict_proba(counts)[:, ::-1]


class ReversedDecision(Deciding):
    def fit(self, counts: Any, labels: Any) -> ReversedDecision:
        super().fit(counts, labels)
        self.classes_ = np.array([1, 0])
        return self

    def decision_function(self, counts: Any) -> Any:
        return -super().decision_function(counts)


class Column(Good):
    def predict(self, counts: Any) -> Any:
        return super().predict(counts)[:, np.newaxis]


class Booleans(Good):
    def predict(self, counts: Any) -> Any:
        return super().predict(counts).astype(bool).tolist()


class Overdrawn(Probable):
    def predict_proba(self, counts: Any) -> Any:
        return super().predict_proba(counts) * (1 + 1e-9)


class Mutating(Good):
    def fit(self, counts: Any, labels: Any) -> Mutating:
        super().fit(counts.copy(), labels.copy())
        counts.data[:] = 0
        labels[:] = 7
        return self

    def predict(self, counts: Any) -> Any:
        found = super().predict(counts.copy())
        counts.data[:] = 0
        return found


class Unpicklable(Good):
    def __init__(self) -> None:
        self.lock = threading.Lock()

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {}


class NothingReturned(Good):
    def fit(self, counts: Any, labels: Any) -> None:  # type: ignore[override]
        super().fit(counts, labels)


class Printing(Good):
    def predict(self, counts: Any) -> Any:
        print("WORDS of Python")  # noqa: T201
        sys.__stdout__.write("WORDS of Python's own\n")  # type: ignore[union-attr]
        os.write(1, b"WORDS of C\n")
        subprocess.run(["echo", "WORDS of a subprocess"], check=True)
        return super().predict(counts)


class Wandering(Good):
    def predict(self, counts: Any) -> Any:
        os.chdir("/")
        return super().predict(counts)


class Forking(Good):
    def predict(self, counts: Any) -> Any:
        child = os.fork()
        if child:
            os.waitpid(child, 0)
        return super().predict(counts)


class ForkingAndRaising(Good):
    def predict(self, counts: Any) -> Any:
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            return super().predict(counts)
        raise KeyboardInterrupt


class Pooling(Good):
    def predict(self, counts: Any) -> Any:
        with multiprocessing.get_context("fork").Pool(2) as pool:
            pool.map(abs, range(4))
        return super().predict(counts)


class Duck:
    """No scikit-learn in it."""

    _estimator_type = "classifier"

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {}

    def fit(self, counts: Any, labels: Any) -> None:
        self.inner = MultinomialNB().fit(counts, labels)

    def predict(self, counts: Any) -> Any:
        return self.inner.predict(counts)


class PlusMinus(Good):
    def predict(self, counts: Any) -> Any:
        return 2 * super().predict(counts).astype(int) - 1


class Fractions(Good):
    def predict(self, counts: Any) -> Any:
        return 0.9 * super().predict(counts)


class Strings(Good):
    def predict(self, counts: Any) -> Any:
        return super().predict(counts).astype(str)


class Undecided(Good):
    def predict(self, counts: Any) -> Any:
        return [None] * counts.shape[0]


class TooFew(Good):
    def predict(self, counts: Any) -> Any:
        return super().predict(counts)[:-1]


class SparseLabels(Good):
    def predict(self, counts: Any) -> Any:
        return sparse.csr_matrix(super().predict(counts)[:, np.newaxis])


class Ragged(Good):
    def predict(self, counts: Any) -> Any:
        return [[0]] + [0] * (counts.shape[0] - 1)


class NotANumber(Probable):
    def predict_proba(self, counts: Any) -> Any:
        return super().predict_proba(counts) * np.nan


class OneColumn(Probable):
    def predict_proba(self, counts: Any) -> Any:
        return super().predict_proba(counts)[:, 1:]


class BeyondOne(Probable):
    def predict_proba(self, counts: Any) -> Any:
        return super().predict_proba(counts) * 1.5


class Written(Probable):
    def predict_proba(self, counts: Any) -> Any:
        return super().predict_proba(counts).astype(str)


class Nameless(Probable):
    def fit(self, counts: Any, labels: Any) -> Nameless:
        super().fit(counts, labels)
        del self.classes_
        return self


class Renaming(Probable):
    def fit(self, counts: Any, labels: Any) -> Renaming:
        super().fit(counts, labels)
        self.classes_ = np.array(["0", "1"])
        return self


class TwoDecisions(Deciding):
    def decision_function(self, counts: Any) -> Any:
        return self.inner_.predict_joint_log_proba(counts)


class Dense(Good):
    def fit(self, counts: Any, labels: Any) -> Dense:
        if sparse.issparse(counts):
            raise TypeError("I want an array")
        super().fit(counts, labels)
        return self


class FloatsOnly(Good):
    def fit(self, counts: Any, labels: Any) -> FloatsOnly:
        if counts.dtype.kind != "f":
            raise TypeError("I want floats")
        super().fit(counts, labels)
        return self


class NeedsAFile(Good):
    def fit(self, counts: Any, labels: Any) -> NeedsAFile:
        Path("/nowhere/weights.bin").read_bytes()
        return self


class NeedsALibrary(Good):
    def fit(self, counts: Any, labels: Any) -> NeedsALibrary:
        import no_such_library  # type: ignore[import-not-found]  # noqa: F401

        return self


class NeedsArguments(Good):
    def __init__(self, depth: int) -> None:
        self.depth = depth


class AnyArguments(Good):
    def __init__(self, *depths: int) -> None:
        self.depths = depths


class NotMade(Good):
    def __init__(self) -> None:
        raise RuntimeError("no,\nnever")


class EndsWhenMade(Good):
    def __init__(self) -> None:
        sys.exit(0)


class Addressed(Good):
    """Its parameter has another text in every process."""

    def __init__(self, how: Any = object()) -> None:  # noqa: B008
        self.how = how


class Untyped(BaseEstimator):
    def fit(self, counts: Any, labels: Any) -> Untyped:
        return self

    def predict(self, counts: Any) -> Any:
        return np.zeros(counts.shape[0], dtype=int)


class Exiting(Good):
    def fit(self, counts: Any, labels: Any) -> Exiting:
        sys.exit(0)


class Raising(Good):
    def fit(self, counts: Any, labels: Any) -> Raising:
        raise RuntimeError("boom")


class Beyond(BaseException):
    """No error."""


class RaisingNoError(Probable):
    def predict(self, counts: Any) -> Any:
        if self.n_ > MANY:
            raise Beyond("all")
        return super().predict(counts)


class Unspeakable(Exception):
    def __init__(self, one: int, two: int) -> None:
        self.lock = threading.Lock()

    def __str__(self) -> str:
        raise RuntimeError


class RaisingTheUnspeakable(Good):
    def fit(self, counts: Any, labels: Any) -> RaisingTheUnspeakable:
        raise Unspeakable(1, 2)


class LaterMinus(Good):
    def predict(self, counts: Any) -> Any:
        return super().predict(counts).astype(int) - (self.n_ > MANY)


class LaterColumns(Probable):
    def predict_proba(self, counts: Any) -> Any:
        return super().predict_proba(counts)[:, : 1 if self.n_ > MANY else 2]


class LaterInfinite(Deciding):
    def decision_function(self, counts: Any) -> Any:
        return super().decision_function(counts) + (np.inf if self.n_ > MANY else 0)


class Interrupting(Good):
    def predict(self, counts: Any) -> Any:
        if self.n_ > MANY:
            raise KeyboardInterrupt
        return super().predict(counts)


#: Exit code of a run, and what it says or writes down: 0 is a run like `Good`'s; 2 is refused before anything runs; 1
#: is a failed chain's reason.
ODD: dict[str, tuple[int, str]] = {
    **{
        vice.__name__: (0, "")
        for vice in (
            Good,
            Probable,
            Deciding,
            Reversed,
            ReversedDecision,
            Column,
            Booleans,
            Overdrawn,
            Mutating,
            Unpicklable,
            NothingReturned,
            Printing,
            Wandering,
            Forking,
            ForkingAndRaising,
            Pooling,
            Duck,
        )
    },
    "PlusMinus": (2, "its predict gave -1, expected the classes taught, 0 and 1"),
    "Fractions": (2, "its predict gave 0.9, expected the classes taught, 0 and 1"),
    "Strings": (2, "its predict gave '0', '1', expected the classes taught, 0 and 1"),
    "Undecided": (2, "its predict gave None, expected the classes taught, 0 and 1"),
    "TooFew": (2, "its predict has the shape (59,), expected (60,)"),
    "SparseLabels": (2, "its predict has the shape (), expected (60,)"),
    "Ragged": (2, "its predict gave no array: "),
    "NotANumber": (2, "its predict_proba gave numbers that are not finite"),
    "OneColumn": (2, "its predict_proba has the shape (60, 1), expected (60, 2)"),
    "BeyondOne": (2, "expected probabilities in [0, 1]"),
    "Written": (2, "expected numbers"),
    "Nameless": (2, "it has no classes_"),
    "Renaming": (2, "its classes_ gave '0', '1', expected the classes taught, 0 and 1"),
    "TwoDecisions": (2, "its decision_function has the shape (60, 2), expected (60,)"),
    "Dense": (2, "takes dense counts, but not documents as they are here, a sparse matrix (CSR) of int32 counts"),
    "FloatsOnly": (2, "takes sparse floats, but not documents as they are here"),
    "NeedsAFile": (2, "cannot be used here: FileNotFoundError: [Errno 2] No such file"),
    "NeedsALibrary": (2, "cannot be used here: ModuleNotFoundError: No module named 'no_such_library'"),
    "NeedsArguments": (2, "cannot be made without arguments"),
    "AnyArguments": (2, "cannot be made without arguments: RuntimeError: scikit-learn estimators should always"),
    "NotMade": (2, "cannot be made without arguments: RuntimeError: no, never."),
    "EndsWhenMade": (2, "it called for the end of the program (SystemExit 0)"),
    "Addressed": (2, "whose text differs from process to process"),
    "Untyped": (2, "is no classifier to scikit-learn, expected a classifier"),
    "Exiting": (1, "it called for the end of the program (SystemExit 0)"),
    "Raising": (1, "RuntimeError: boom"),
    "RaisingNoError": (1, "it raised Beyond: all"),
    "RaisingTheUnspeakable": (1, "Unspeakable"),
    "LaterMinus": (1, "its predict gave -1, expected the classes taught, 0 and 1"),
    "LaterColumns": (1, "its predict_proba has the shape (200, 1), expected (200, 2)"),
    "LaterInfinite": (1, "its decision_function gave numbers that are not finite"),
    "Interrupting": (130, "Interrupted. What was computed is kept"),
}
