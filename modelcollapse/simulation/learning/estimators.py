"""Classifiers as people have them: scikit-learn compatible objects, pipelines and meta-estimators, under a name.

Chains get a model that carries the object and what makes its results (`learning.identities`); both are found out once,
where the object was given, so that code of a notebook or script is the same in every process.
"""

from __future__ import annotations

import inspect
import json
import re
from typing import Any

import cloudpickle
from sklearn.base import clone

from modelcollapse.errors import LearnerError
from modelcollapse.names import printable
from modelcollapse.simulation.learning.identities import RESERVED_PARAMS, UnidentifiableError, identity_of
from modelcollapse.simulation.learning.import_paths import refusing
from modelcollapse.simulation.learning.learners import LEARNERS
from modelcollapse.simulation.spec import Given, Model, ParameterValue

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Estimator:
    """A copy of a classifier that was given, not fitted, under its name. What was given is left as it is.

    LearnerError is raised if the name is none, or stands in the table of learners; or the object is no classifier,
    cannot be cloned, or its identity cannot be told.
    """

    def __init__(self, name: str, given: Any) -> None:
        _check_name(name)
        _check_methods(name, given)
        self.name = name
        with refusing(f"Learner '{name}' cannot be cloned"):
            self._copy = clone(given)
        with refusing(f"Learner '{name}' cannot be sent to other processes"):
            self._pickled = cloudpickle.dumps(self._copy)
        self._models: dict[str, Model] = {}
        self.model(())

    def parameter_names(self) -> frozenset[str]:
        """Return its parameters and those of its parts, apart from those that the chain sets itself."""
        with refusing(f"Learner '{self.name}' does not name its parameters"):
            params = self._copy.get_params(deep=True)
        return frozenset(param for param in params if param.rpartition("__")[2] not in RESERVED_PARAMS)

    def model(self, params: tuple[tuple[str, ParameterValue], ...]) -> Model:
        """Return it with parameters, as chains take it: always the same, also if globals of its code change meanwhile.

        Raise LearnerError if it does not take them, or what makes its results cannot be told.
        """
        exact = repr(params)  # 1, 1.0 and True are equal, but not the same
        if exact not in self._models:
            with refusing(f"Learner '{self.name}' does not take {Model(self.name, params).params_text or 'itself'}"):
                changed = clone(self._copy)
                if params:
                    changed.set_params(**dict(params))
            self._models[exact] = Model(self.name, params, Given(self._identity(changed), self._pickled, self._copy))
        return self._models[exact]

    def _identity(self, estimator: Any) -> str:
        try:
            with refusing(f"Learner '{self.name}' does not say what it is"):
                return json.dumps(identity_of(estimator))
        except UnidentifiableError as error:
            raise LearnerError(f"Learner '{self.name}' cannot be told from others: {error}.") from error


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise LearnerError(
            f"learners: found the name {printable(repr(name))[:60]}, expected letters, digits, '.', '_' and '-', "
            "as in 'my-model'."
        )
    if name in LEARNERS:
        raise LearnerError(f"learners: '{name}' is a learner of the table already; expected another name.")


def _check_methods(name: str, given: Any) -> None:
    if inspect.isclass(given):
        raise LearnerError(f"Learner '{name}' is the class {given.__name__}, expected an object: {given.__name__}(…).")
    kinds = (given, type(given))  # a stack says it cannot predict before it is fitted, its class can
    asked = ("fit", "predict", "get_params")
    if missing := [method for method in asked if not any(hasattr(kind, method) for kind in kinds)]:
        raise LearnerError(
            f"Learner '{name}' is a {type(given).__name__}, which has no {missing[0]}; expected a scikit-learn "
            "classifier, or a pipeline that ends in one."
        )
