"""Learners: what is trained in every generation. To add one, name its class and its parameters in `LEARNERS`.

Any other scikit-learn classifier works by its import path, ``package.module:Class``, and so does whatever a function
without arguments returns, a pipeline say: ``package.module:make_model``. An object is a model of its own: see
`simulation.learning.estimators`.
"""

from __future__ import annotations

import inspect
import json
import pickle
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.utils.validation import has_fit_parameter

from modelcollapse.errors import FaultyLearnerError, LearnerError
from modelcollapse.simulation.learning import import_paths
from modelcollapse.simulation.learning.identities import RESERVED_PARAMS
from modelcollapse.simulation.learning.import_paths import refusing
from modelcollapse.simulation.learning.predictors import (
    ClassPredictor,
    ConstantClassPredictor,
    ConstantPredictor,
    Features,
    Guarded,
    Predictor,
)
from modelcollapse.simulation.learning.surroundings import seeded
from modelcollapse.simulation.spec import Given, Model, ParameterValue


@dataclass(frozen=True)
class Learner:
    """A classifier class with the parameters it has unless asked otherwise.

    Attributes
    ----------
    path : str
        ``package.module:Class`` of a scikit-learn classifier, or ``package.module:function`` that returns one.
    params : mapping
        Parameters that differ from the class' own defaults.
    predicts_by_probability : bool
        Whether `predict` is exactly the first class of largest `predict_proba`: then one pass gives both.
    is_compiled : bool
        Whether its first use on a machine takes long: see `warm_up`.
    """

    path: str
    params: Mapping[str, ParameterValue] = field(default_factory=dict)
    predicts_by_probability: bool = False
    is_compiled: bool = False


#: The forest of the original study.
STUDY_FOREST: Mapping[str, ParameterValue] = {
    "n_estimators": 1000,
    "max_depth": 20,
    "max_features": "sqrt",
    "min_samples_split": 2,
    "min_samples_leaf": 1,
    "bootstrap": False,
}

LEARNERS: Mapping[str, Learner] = {
    "forest": Learner(
        "modelcollapse.forest:SparseForestClassifier", STUDY_FOREST, predicts_by_probability=True, is_compiled=True
    ),
    "forest-sklearn": Learner("sklearn.ensemble:RandomForestClassifier", STUDY_FOREST, predicts_by_probability=True),
    "naive-bayes": Learner("sklearn.naive_bayes:MultinomialNB"),
    "logistic-regression": Learner("sklearn.linear_model:LogisticRegression", {"max_iter": 1000}),
    "tfidf-logistic-regression": Learner("modelcollapse.simulation.learning.pipelines:tfidf_logistic_regression"),
    "linear-svm": Learner("modelcollapse.simulation.learning.pipelines:linear_svm"),
    "complement-naive-bayes": Learner("sklearn.naive_bayes:ComplementNB"),
    "gradient-boosting": Learner("sklearn.ensemble:HistGradientBoostingClassifier"),
    "self-training": Learner("modelcollapse.simulation.learning.pipelines:self_training"),
}


#: The label of documents without one, to scikit-learn.
UNLABELLED = -1


def train(
    model: Model,
    counts: Features,
    labels: npt.NDArray[Any],
    seed: int,
    weights: npt.NDArray[np.float64] | None = None,
    synthetic: npt.NDArray[np.bool_] | None = None,
    n_classes: int = 2,
) -> Predictor:
    """Train a model on one thread.

    Parameters
    ----------
    model : Model
    counts : csr_matrix of int32 or ndarray of float32, shape (n_train, n_columns)
    labels : ndarray of integers, shape (n_train,)
        In [0, n_classes). A single class is a valid state: the result is the constant predictor of that class.
    seed : int
        For learners that draw random numbers.
    weights : ndarray of float64, shape (n_train,), optional
        What documents weigh; for learners that `take_weights`.
    synthetic : ndarray of bool, shape (n_train,), optional
        Documents whose labels are the models' own, for learners that take them as unlabelled; if all are,
        FaultyLearnerError is raised.
    n_classes : int
        Of the corpus; some may be missing here.
    """
    classifier = _found_once(model, repr(model.params))()
    taught, told = labels, labels
    surroundings: AbstractContextManager[Any] = nullcontext()
    if takes_unlabelled(classifier):
        unlabelled = np.zeros(len(labels), bool) if synthetic is None else synthetic
        taught, told = labels[~unlabelled], np.where(unlabelled, UNLABELLED, labels.astype(np.int64))
        if len(labels) and not len(taught):
            raise FaultyLearnerError("it learns from human labels, of which its training set has none")
        if not unlabelled.any():
            surroundings = warnings.catch_warnings(action="ignore", category=UserWarning)  # which says just that
    if nothing_to_learn(counts.shape[1], taught):
        return _constant(taught, weights, n_classes)
    _prepare(classifier, seed)
    with draws_of(model, seed), surroundings:
        classifier.fit(counts, told, **({} if weights is None else {"sample_weight": weights}))
    by_probability = learner_of(model).predicts_by_probability
    if not is_known(model):
        classifier = Guarded(classifier)
    if n_classes == 2:
        return Predictor(classifier, by_probability)
    return ClassPredictor(classifier, by_probability, n_classes, np.unique(taught))


def _constant(labels: npt.NDArray[Any], weights: npt.NDArray[np.float64] | None, n_classes: int) -> Predictor:
    """Return what is learnt of labels alone."""
    if n_classes == 2:
        return ConstantPredictor(float(np.average(labels, weights=weights)) if len(labels) else 0.5)
    counted = np.bincount(labels, weights, n_classes) if len(labels) else np.ones(n_classes)
    return ConstantClassPredictor(counted / counted.sum())


def is_known(model: Model) -> bool:
    """Return whether a model is of the table: it draws from its own generators alone, and writes to no documents."""
    return model.name in LEARNERS


def draws_of(model: Model, *seed: int) -> AbstractContextManager[None]:
    """Seed what a model may draw from the process' own generators."""
    return nullcontext() if is_known(model) else seeded(*seed)


def takes_unlabelled(classifier: Any) -> bool:
    """Return whether a classifier is scikit-learn's self-training, alone or at the end of a pipeline.

    It is told which labels are people's, and labels the other documents by itself, however the chain labelled them.
    """
    last = classifier.steps[-1][1] if isinstance(classifier, Pipeline) else classifier
    return isinstance(last, SelfTrainingClassifier)


def _prepare(classifier: Any, seed: int) -> None:
    """Give a classifier its seed, every estimator within it one that follows from it, and each one thread."""
    ours = {}
    for name, value in sorted(classifier.get_params(deep=True).items()):
        own = name.rpartition("__")[2]
        if own == "random_state":
            ours[name] = seed if name == own else _inner_seed(seed, name)
        elif own == "n_jobs" and value is not None:  # None is one thread already
            ours[name] = 1
    if ours:  # classes without either may lack set_params
        classifier.set_params(**ours)


def _inner_seed(seed: int, name: str) -> int:
    """Return the seed, in [0, 2³¹), of an estimator's parameter that is part of another."""
    return int(np.random.SeedSequence([seed, *name.encode()]).generate_state(1)[0] >> 1)


def nothing_to_learn(n_terms: int, labels: npt.NDArray[Any]) -> bool:
    """Return whether a training set has no documents, no terms, or a single class."""
    return n_terms == 0 or len(labels) == 0 or bool(labels.min() == labels.max())


def warm_up(models: Iterable[Model]) -> None:
    """Train compiled learners on two documents: once here, and not by many workers at once."""
    counts = sparse.csr_matrix(np.eye(2, dtype=np.int32))
    for model in models:
        if learner_of(model).is_compiled:
            small = Model(model.name, tuple({**dict(model.params), "n_estimators": 1}.items()))
            train(small, counts, np.array([0, 1], dtype=np.uint8), seed=0).score(counts)


def find_learner(name: str) -> Learner:
    """Return the learner of a name or an import path; raise LearnerError if it is neither."""
    if name in LEARNERS:
        return LEARNERS[name]
    if ":" not in name:
        raise LearnerError(
            f"Found no learner '{name}'. Expected one of {', '.join(LEARNERS)}, or the import path of a scikit-learn "
            "classifier such as sklearn.linear_model:SGDClassifier."
        )
    known = (learner for learner in LEARNERS.values() if learner.path == name)
    return replace(next(known, Learner(name)), params={})


def learner_of(model: Model) -> Learner:
    """Return the learner of a model; that of an object is in no table, and has no path."""
    return Learner("") if model.given else find_learner(model.name)


def is_our_forest(model: Model) -> bool:
    """Return whether a model is the project's own forest, which grows and scores on the corpus' arrays."""
    return learner_of(model).path == LEARNERS["forest"].path


def parameter_names(name: str) -> frozenset[str]:
    """Return the parameters that a learner takes, apart from those that the chain sets itself.

    Of what a function makes, those of its parts: ``logisticregression__C``.
    """
    make = _maker(name)
    with refusing(f"Learner '{name}' does not name its parameters"):
        params = make().get_params(deep=not inspect.isclass(make))
    return frozenset(param for param in params if param.rpartition("__")[2] not in RESERVED_PARAMS)


def has_probabilities(model: Model) -> bool:
    """Return whether the model, with its parameters, gives probabilities."""
    with refusing(f"Learner '{model.name}' does not say whether it has predict_proba"):
        return hasattr(instantiate(model), "predict_proba")


def take_weights(model: Model) -> bool:
    """Return whether documents may have weights in a model's training."""
    if is_our_forest(model):
        return True
    with refusing(f"Learner '{model.name}' does not say whether it takes weights"):
        return bool(has_fit_parameter(instantiate(model), "sample_weight"))


def identity(model: Model) -> dict[str, object]:
    """Return what makes this model's results: class, every parameter, and the library's major.minor version.

    Of what a function makes, the classes and versions of all its parts, too. Our own learners carry no
    version here: their results are part of `spec.RESULTS_VERSION`. Of an object, what was told when it was given.
    """
    if model.given:
        return json.loads(model.given.identity)
    return _identity(model, repr(model.params))


@cache
def _identity(model: Model, exact: str) -> dict[str, object]:
    """Remember identities by how parameters are written, too: 1, 1.0 and True are equal, but not the same."""
    path = find_learner(model.name).path
    with refusing(f"Learner '{model.name}' does not name its parameters"):
        classifier = instantiate(model)
        params = classifier.get_params(deep=True)
        texts = {key: repr(value) for key, value in sorted(params.items()) if key not in RESERVED_PARAMS}
    known: dict[str, object] = {
        "class": path,
        "params": texts,
        "version": import_paths.library_version(path),
    }
    if not inspect.isclass(_maker(model.name)):
        known["parts"] = {key: import_paths.class_and_version(type(part)) for key, part in _parts(classifier).items()}
    return known


def instantiate(model: Model) -> Any:
    """Return the untrained classifier of a model, with its parameters but without a seed.

    Raise LearnerError if a parameter is unknown, or impossible as far as the class tells without documents.
    """
    make = partial(_unpacked, model.given) if model.given else _maker(model.name)
    params = {**learner_of(model).params, **dict(model.params)}
    with refusing(f"Learner '{model.name}' does not take {model.params_text or 'its parameters'}"):
        if inspect.isclass(make):
            classifier: Any = make(**params)
            parts = {"": classifier}
        else:
            classifier = clone(make())  # it may be the same object every time
            if params:
                classifier.set_params(**params)
            parts = _parts(classifier)
        for part in parts.values():
            if hasattr(type(part), "_parameter_constraints") or "_validate_params" in vars(type(part)):
                part._validate_params()  # what scikit-learn's `fit` does first
    return classifier


@lru_cache(maxsize=32)
def _found_once(model: Model, exact: str) -> Callable[[], Any]:
    """Return what makes a model's classifier, looked for and checked once in a process; see `_identity` for `exact`."""
    classifier = instantiate(model)
    make = None if model.given else _maker(model.name)
    if inspect.isclass(make):  # not every one can be cloned
        return partial(make, **{**learner_of(model).params, **dict(model.params)})
    return partial(clone, classifier)


@lru_cache(maxsize=32)
def _unpacked(given: Given) -> Any:
    return pickle.loads(given.pickled) if given.here is None else given.here


def _parts(classifier: Any) -> dict[str, Any]:
    """Return an estimator, and those within it by the names of their parameters."""
    params = sorted(classifier.get_params(deep=True).items())
    return {"": classifier, **{name: part for name, part in params if hasattr(part, "get_params")}}


def _maker(name: str) -> Any:
    """Return the class of a learner, or the function that makes it."""
    path = find_learner(name).path
    make: Any = import_paths.imported(path, "learner")
    with refusing(f"Found no learner at '{path}'"):
        is_class = inspect.isclass(make)
        is_one = _is_estimator(make) if is_class else _may_be_called(make, path)
    what = "a scikit-learn classifier (fit, predict, get_params)"
    if not is_one:
        raise LearnerError(f"Found '{path}', expected {what}, or a function without arguments that returns one.")
    with refusing(f"Learner '{path}' cannot be made without arguments"):
        made = make()
        if not is_class and (inspect.isclass(made) or not _is_estimator(made)):
            raise LearnerError(f"Found '{path}', which returns {made!r:.60}, expected {what}.")
        made.get_params(deep=False)
    return make


def _is_estimator(thing: object) -> bool:
    return all(hasattr(thing, method) for method in ("fit", "predict", "get_params"))


def _may_be_called(thing: object, path: str) -> bool:
    """Return whether this is a function without required arguments.

    Of scikit-learn's and our own only those of the table: a stranger's folder may name any of them, and classes do
    nothing when they are made, but functions download, write, or run sweeps.
    """
    if not inspect.isfunction(thing):
        return False
    if path.partition(".")[0].partition(":")[0] in ("sklearn", "modelcollapse"):
        return any(learner.path == path for learner in LEARNERS.values())
    free = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = inspect.signature(thing).parameters.values()
    return all(each.default is not each.empty or each.kind in free for each in parameters)
