"""What a domain says of itself, so that one chain, one store and one plan serve all of them.

To add a domain, write a class like `domains.classification.Classification` and name it in `domains.catalogue`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from modelcollapse.corpora.load import load_corpus
from modelcollapse.simulation.learning.training import Train
from modelcollapse.simulation.regimes import Positions
from modelcollapse.simulation.rows import CommonRow
from modelcollapse.simulation.slots import Origins, Slots
from modelcollapse.simulation.spec import ChainSpec, Model

#: The fingerprint of data that were made of no corpus.
NO_CORPUS = "none"


@dataclass(frozen=True)
class Measure:
    """How a column is read.

    Attributes
    ----------
    words : str
        What it is called in titles.
    unit : str
        "share" for fractions in [0, 1]; "" for a number without a unit.
    better : str
        Which direction is an improvement.
    trivial : float, optional
        The value of a model that has learnt nothing, where there is one for all settings.
    """

    words: str
    unit: str
    better: Literal["more", "less", "neither"]
    trivial: float | None = None

    def text(self, value: float | None) -> str:
        """Return a value in a few characters."""
        if value is None:
            return "–"
        return f"{value:.3f}" if self.unit == "share" else f"{value:.4g}"


@dataclass(frozen=True, eq=False)
class Moment:
    """A chain between two generations: what a domain fills slots and measures by.

    Attributes
    ----------
    generation : int
    seen : ndarray of slots, shape (n_seen,)
        Everything seen so far.
    positions : ndarray of int64, shape (n_train,)
        Those of them that the model was trained on.
    human : ndarray of slots, shape (k,)
        What people would put into the next increment.
    selected : ndarray of bool, shape (k,)
        Slots of the increment that the model fills.
    memory : ndarray of uint8, or None
        What `History.measure` left of the last generation; None in the first.
    first_model : callable
        Returns generation 0's model.
    """

    generation: int
    seen: Slots
    positions: Positions
    human: Slots
    selected: npt.NDArray[np.bool_]
    memory: npt.NDArray[np.uint8] | None
    first_model: Callable[[], Any]


class History(Protocol):
    """A domain bound to the spec of one chain and to what it draws from. Positions count from the chain's first slot.

    Unless a domain says otherwise, slots are records with a field ``origin``, and models hide nothing.

    Attributes
    ----------
    slot : dtype
        Of one slot.
    """

    slot: np.dtype[Any]

    def human(self, start: int, stop: int) -> Slots:
        """Return what people put into slots; a new array."""

    def origins(self, slots: Slots) -> Origins:
        """Return where slots came from."""
        return slots["origin"]

    def train(self, generation: int, seen: Slots, positions: Positions) -> Any:
        """Return the model of a generation."""

    def look(self, model: Any, start: int, stop: int) -> Any:
        """Return the model's view of the test set and of slots to come: one pass for the two methods below."""
        return model

    def fill(self, view: Any, moment: Moment) -> Slots:
        """Return what the model puts into the selected slots."""

    def measure(self, view: Any, moment: Moment) -> tuple[Mapping[str, Any], npt.NDArray[np.uint8]]:
        """Return the domain's own columns, and what the next generation's measures need of this one."""


class Data(Protocol):
    """What chains draw from: ``data.maker(*data.arrays)`` makes it again in another process."""

    @property
    def name(self) -> str:
        """What the user calls it."""

    @property
    def fingerprint(self) -> str:
        """Equal fingerprints mean equal data; `NO_CORPUS` where nothing is needed."""

    @property
    def origin(self) -> Any:
        """How it was made, if that is known."""

    @property
    def maker(self) -> Callable[..., Data]:
        """What makes it again of its arrays; itself it is small."""

    @property
    def arrays(self) -> Sequence[npt.NDArray[Any]]:
        """What processes share."""


class Domain(Protocol):
    """What a sweep, a plan, a store and a display ask of a domain; what most of them answer alike is here.

    Attributes
    ----------
    name : str
    row : type
        The dataclass of its rows.
    slots : str
        What slots are called.
    verb : str
        What the model does with them: they are "labelled" by it, or "filled".
    measures : mapping of str to Measure
        How its columns are read: the primary one first, and then what is shown beside it.
    lacks : collection of str
        Fields of a sweep that mean nothing here; ``learners``, where models are no classifiers.
    defaults : mapping
        Fields of a sweep that are others here unless they are said.
    caveats : sequence of str
        What every report says before anybody believes it.
    """

    name: str
    row: type[CommonRow]
    slots: str
    verb: str
    measures: Mapping[str, Measure]
    lacks: Collection[str] = ()
    defaults: Mapping[str, Any] = {}
    caveats: Sequence[str] = ()

    def check_rules(self, rules: Sequence[str], models: Sequence[Model] | None = None) -> None:
        """Raise SpecError for a rule that is not there; or that one of these models cannot serve."""

    def parameter_names(self, model: str) -> Collection[str]:
        """Return the parameters of a model by its name; raise an error if there is no such model."""

    def check_model(self, model: Model, thoroughly: bool = False) -> None:
        """Raise an error if a value is impossible; thoroughly: if the model does not work as it should."""

    def identity(self, model: Model) -> Mapping[str, object]:
        """Return everything that makes a model's results, for the chain's id."""

    def needs_corpus(self, models: Sequence[str]) -> bool:
        """Return whether chains of models, given by name, draw from a corpus."""
        return True

    def load(self, **given: Any) -> Any:
        """Return a corpus from what the user says of it: see `corpora.load_corpus`."""
        return load_corpus(**given)

    def data(self, corpus: Any, sweep: Any) -> Data:
        """Return what chains of a sweep draw from; raise SpecError if the corpus does not do."""

    def bind(self, spec: ChainSpec, data: Any, train: Train) -> History:
        """Return what one chain asks."""

    def chain_bytes(self, spec: ChainSpec) -> int | None:
        """Return the memory that a chain takes beside its process; None: as learners on a corpus do."""
        return None


def primary(domain: Domain) -> tuple[str, Measure]:
    """Return the column that matters most, and how it is read."""
    return next(iter(domain.measures.items()))
