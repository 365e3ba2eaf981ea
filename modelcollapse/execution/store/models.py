"""The models of a sweep as a folder remembers them: who names its chains later need not import their code again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelcollapse.domains.catalogue import find_domain
from modelcollapse.errors import RunFolderError
from modelcollapse.names import printable
from modelcollapse.simulation.spec import Model
from modelcollapse.sweeps.sweep import Sweep


@dataclass(frozen=True)
class KnownModel:
    """A model, and what makes its results: see `simulation.domain.Domain.identity`."""

    model: Model
    identity: Mapping[str, object]

    def to_json(self) -> dict[str, Any]:
        """Return it as it stands in spec.json."""
        params = [list(pair) for pair in self.model.params]
        return {"name": self.model.name, "params": params, "identity": self.identity}

    @classmethod
    def from_json(cls, stored: Any) -> KnownModel:
        """Return it from what stands in spec.json (else raise ValueError); nothing is imported."""
        try:
            name, identity = stored["name"], stored["identity"]
            params = tuple((key, _value(value)) for key, value in stored["params"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError("a model lacks its name, parameters or identity") from error
        words = (name, *(key for key, _ in params))
        if not (isinstance(identity, dict) and all(isinstance(word, str) for word in words)):
            raise ValueError("a model's name, parameters or identity are of the wrong kind")
        return cls(Model(name, params), identity)


def _value(stored: Any) -> Any:
    """Return a parameter's value as it was given: JSON has no tuples."""
    if isinstance(stored, list):
        return tuple(_value(part) for part in stored)
    if isinstance(stored, dict):
        raise ValueError("found a mapping, expected a parameter's value")
    return stored


def resolve(sweep: Sweep) -> list[KnownModel]:
    """Return the models of a sweep: learners are imported, and what `Sweep.models` raises is raised."""
    identity = find_domain(sweep.domain).identity
    return [KnownModel(model, identity(model)) for model in sweep.models()]


def refreshed(stored: Sequence[Any], now: Sequence[KnownModel]) -> list[Any]:
    """Return the stored models of a folder's sweeps, each identified as it is now, where that is known.

    One model has one identity in a folder: with a library's next version its chains are others, for all sweeps.
    """
    current = {_text(model.to_json()): model.to_json() for model in now}
    return [models and [current.get(_text(model), model) for model in models] for models in stored]


def check_same_objects(stored: Sequence[Any], now: Sequence[KnownModel], where: object) -> None:
    """Raise RunFolderError if a folder has results of another object under the name of one that is given now.

    Versions of libraries may differ, as for any learner: see `refreshed`.
    """
    known = {_text(model): model["identity"] for models in stored for model in models or ()}
    for given in (model for model in now if model.model.given):
        then = known.get(_text(given.to_json()), given.identity)
        if (there := _leaves(then)) != (here := _leaves(given.identity)):
            nothing = object()  # a leaf may be None
            parts = [part for part in {**there, **here} if there.get(part, nothing) != here.get(part, nothing)]
            part = min(parts, key=lambda part: (part.count("."), part))  # the outermost
            values = (printable(str(leaves.get(part, "nothing")))[:60] for leaves in (there, here))
            raise RunFolderError(
                f"{where} holds results of another learner named '{given.model.name}' ({part}: "
                "{} there, {} here): give this one another name, or choose another --out.".format(*values)
            )


def _leaves(identity: Any, name: str = "") -> dict[str, Any]:
    """Return the leaves of an identity by their dotted names, versions left out."""
    if isinstance(identity, Mapping):
        inner = [(key, part) for key, part in identity.items() if key != "version"]
    elif isinstance(identity, list):
        inner = [(str(i), part) for i, part in enumerate(identity)]
    else:
        return {name: identity}
    return {key: leaf for key, part in inner for key, leaf in _leaves(part, f"{name}.{key}" if name else key).items()}


def _text(stored: Mapping[str, Any]) -> str:
    """Return a model's name and parameters as text: 1, 1.0 and true are not the same."""
    return json.dumps([stored["name"], stored["params"]])
