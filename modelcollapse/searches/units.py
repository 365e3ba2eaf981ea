"""What both searches among parameters share: their settings, and the units of work they are made of."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.errors import SpecError, invalid
from modelcollapse.execution.tasks import Workload
from modelcollapse.names import hashed
from modelcollapse.simulation.learning.training import Train
from modelcollapse.simulation.spec import RESULTS_VERSION


class Unit(Protocol):
    """A piece of a search that one task carries out: a pure function of its fields and the corpus."""

    @property
    def workload(self) -> Workload:
        """How large its trainings are."""
        ...

    def identity(self) -> Mapping[str, object]:
        """Return everything that affects the result, apart from the corpus; JSON-serialisable."""
        ...

    def run(self, corpus: Corpus, train: Train) -> Mapping[str, Any]:
        """Do the work and return the result; JSON-serialisable."""
        ...


def unit_id(unit: Unit, corpus_fingerprint: str) -> str:
    """Return a unit's name: 24 hexadecimal digits of a hash of everything that affects its result."""
    content = [RESULTS_VERSION, corpus_fingerprint, type(unit).__name__, unit.identity()]
    return hashed(content)


class Settings(BaseModel):
    """Base of a search's settings: the defaults of ``searches.toml``, and errors of one line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def of(cls, name: str, **given: Any) -> Any:
        """Return the settings of a search with those replaced that are given and not None.

        Raises
        ------
        SpecError
            If a value is not valid.
        """
        text = resources.files("modelcollapse.searches").joinpath("searches.toml").read_text(encoding="utf-8")
        values = {**tomllib.loads(text)[name], **{key: value for key, value in given.items() if value is not None}}
        try:
            return cls(**values)
        except ValidationError as error:
            where, message = invalid(error)
            raise SpecError(f"{where or name}: {message[0].lower()}{message[1:]}.") from None
