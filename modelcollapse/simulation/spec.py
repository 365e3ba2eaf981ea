"""The full description of a chain, and its name: a hash of everything that affects its rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count, takewhile
from typing import Any

from modelcollapse.names import short_hash

#: Raised whenever the same spec would give other rows than before.
RESULTS_VERSION = 1

ParameterValue = bool | int | float | str | None


@dataclass(frozen=True)
class Given:
    """A classifier that was given as an object: see `simulation.learning.estimators`.

    Attributes
    ----------
    identity : str
        What makes its results, parameters included, as JSON.
    pickled : bytes
        Itself, unfitted; code of a notebook or script with it.
    here : estimator, optional
        Itself, in the process where it was given: there a class of a notebook must not be unpickled, which would
        change the class.
    """

    identity: str
    pickled: bytes = field(repr=False, compare=False)
    here: Any = field(default=None, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "here": None}


@dataclass(frozen=True)
class Model:
    """A learner by name or import path, with the parameters that were asked for (sorted by name).

    One that is known by no name was `given`; that folders do not keep.
    """

    name: str
    params: tuple[tuple[str, ParameterValue], ...] = ()
    given: Given | None = field(default=None, repr=False)

    @property
    def params_text(self) -> str:
        """The parameters as they stand in the rows: ``max_depth=5,n_estimators=100``."""
        return ",".join(f"{key}={value}" for key, value in self.params)


@dataclass(frozen=True)
class Growth:
    """How the number of documents seen grows: by a constant increment, or up an explicit ladder of sizes."""

    increment: int | None = None
    sizes: tuple[int, ...] | None = None

    def schedule(self, initial_size: int) -> Iterator[int]:
        """Yield the sizes after each increment, beginning with the initial size; endless for a constant increment."""
        yield initial_size
        if self.sizes is not None:
            yield from (size for size in self.sizes if size > initial_size)
        elif self.increment is not None:
            yield from count(initial_size + self.increment, self.increment)

    def text(self, initial_size: int) -> str:
        """Return how a chain grows from its initial size, as it stands in the rows.

        ``+100`` for a constant increment; for a ladder its sizes above the initial one, ``202,507,1274``; empty where
        nothing is added. Of a ladder it has the sizes that `chain_id` hashes.
        """
        if self.sizes is not None:
            return ",".join(str(size) for size in self.sizes if size > initial_size)
        return "" if self.increment is None else f"+{self.increment}"


@dataclass(frozen=True)
class TermSelection:
    """Which of the corpus' terms a refitted vectoriser would keep: see `simulation.learning.terms`."""

    min_df: int = 1
    max_ngram: int = 1
    max_terms: int | None = None


@dataclass(frozen=True)
class ChainSpec:
    """One history: everything its rows depend on, apart from the corpus.

    Attributes
    ----------
    seed : int
        Names every random stream.
    collapse_rate : Decimal
        In [0, 1]; decimal so that 0.3 is the same chain however it was computed.
    initial_size, final_size, test_size : int
        Documents. `final_size` bounds the documents seen; a longer chain begins with the same rows.
    growth : Growth
        The increments.
    model, regime, label_rule
        Axes of the sweep. `label_rule` is "none" at rate 0, where no rule is ever asked.
    terms : TermSelection
        Terms that the vectoriser keeps (in classification; as `test_size`).
    domain : str
        What slots are: see `domains.catalogue`.
    """

    seed: int
    collapse_rate: Decimal
    initial_size: int
    final_size: int
    test_size: int
    growth: Growth
    model: Model
    regime: str = "accumulate"
    label_rule: str = "argmax"
    terms: TermSelection = TermSelection()
    domain: str = "classification"

    def __post_init__(self) -> None:
        if self.collapse_rate == 0:
            object.__setattr__(self, "label_rule", "none")

    def scheduled_sizes(self) -> tuple[int, ...]:
        """Return the documents seen in each generation on the schedule, up to `final_size`."""
        return tuple(takewhile(lambda size: size <= self.final_size, self.growth.schedule(self.initial_size)))

    def sizes(self) -> tuple[int, ...]:
        """Return the documents seen in each generation.

        If `final_size` is off the schedule, it is the last of them, after a shorter increment. Nothing ever goes on
        from there.
        """
        scheduled = self.scheduled_sizes()
        return scheduled if scheduled[-1] == self.final_size else (*scheduled, self.final_size)


def rate_text(rate: Decimal) -> str:
    """Return the one decimal text of a rate: 0.3, never 0.30 or 3E-1."""
    return format(rate.normalize(), "f")


def chain_id(spec: ChainSpec, corpus_fingerprint: str, model_identity: Mapping[str, object]) -> str:
    """Return the chain's name: 24 hexadecimal digits of a hash of everything that affects its rows.

    Not part of it: `final_size` (a longer chain is a continuation) and what the experiment is called.
    """
    content: dict[str, object] = {
        "results_version": RESULTS_VERSION,
        "corpus": corpus_fingerprint,
        "seed": spec.seed,
        "collapse_rate": rate_text(spec.collapse_rate),
        "label_rule": spec.label_rule,
        "regime": spec.regime,
        "model": model_identity,
        "initial_size": spec.initial_size,
        "increment": spec.growth.increment,
        "sizes": spec.growth.sizes and [size for size in spec.growth.sizes if size > spec.initial_size],
    }
    if spec.domain != "classification":
        content["domain"] = spec.domain
    if spec.domain != "closed_form":  # whose worlds know the truth and test on nothing
        content["test_size"] = spec.test_size
    if spec.domain in ("classification", "multiclass"):
        content["terms"] = [spec.terms.min_df, spec.terms.max_ngram, spec.terms.max_terms]
    return short_hash(content)
