"""The worlds as a domain: a slot holds one draw for each replicate, and people draw from the truth."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from modelcollapse.corpora.dense import AnyCorpus, DenseCorpus
from modelcollapse.domains.closed_form.worlds import WORLDS, Text, World
from modelcollapse.errors import LearnerError, SpecError
from modelcollapse.simulation import streams
from modelcollapse.simulation.domain import NO_CORPUS, Domain, History, Measure, Moment
from modelcollapse.simulation.learning.training import Train
from modelcollapse.simulation.regimes import Positions
from modelcollapse.simulation.rows import CommonRow
from modelcollapse.simulation.slots import HUMAN, LEFT_OUT, SYNTHETIC, Slots
from modelcollapse.simulation.spec import ChainSpec, Model

#: Who puts what into the selected slots: the model draws, generation 0's model draws, or they are left out.
RULES = ("sampled", "frozen", "human-only")


@dataclass(frozen=True)
class ClosedFormRow(CommonRow):
    """The record of one generation: means over a chain's replicates; null where a world has no such column.

    Attributes
    ----------
    risk : float
        The model's expected error beyond the truth's own; of logistic regression the log-loss on the test set.
    diversity, types_left : float
        Probability that two draws of the model differ; categories that it can still draw.
    variance, log_variance : float
        Of a Gaussian, and its natural logarithm.
    fit_seconds, predict_seconds : float
        Wall time of fitting; of drawing the next increment.
    growth : str
        How the chain grows: see `spec.Growth.text`.
    """

    domain: ClassVar[str] = "closed_form"

    risk: float
    diversity: float | None
    types_left: float | None
    variance: float | None
    log_variance: float | None
    fit_seconds: float
    predict_seconds: float
    growth: str


@dataclass(frozen=True, eq=False)
class HumanText:
    """What people wrote, for the world `Text`; nothing for the other worlds. See `simulation.domain.Data`.

    Attributes
    ----------
    words : ndarray of int32, shape (n_words,)
        Term of every word, one document after the other; within a document as its counts are sorted.
    fingerprint, name, origin
        The corpus'.
    """

    words: npt.NDArray[np.int32]
    fingerprint: str = NO_CORPUS
    name: str = "none"
    origin: Any = None

    @property
    def maker(self) -> Callable[..., HumanText]:
        """See `Data`."""
        return partial(HumanText, fingerprint=self.fingerprint)

    @property
    def arrays(self) -> tuple[npt.NDArray[Any]]:
        """See `Data`."""
        return (self.words,)

    @classmethod
    def of(cls, corpus: AnyCorpus, n_words: int) -> HumanText:
        """Return the first words of a corpus' documents; raise SpecError if it has fewer, or numbers."""
        if isinstance(corpus, DenseCorpus):
            raise SpecError(f"corpus: '{corpus.name}' has numbers, expected text.")
        is_word = corpus.term_orders[corpus.indices] == 1
        terms, counts = corpus.indices[is_word], corpus.data[is_word]
        n_terms = int(np.searchsorted(np.cumsum(counts), n_words)) + 1
        words = np.repeat(terms[:n_terms], counts[:n_terms])[:n_words]
        if len(words) < n_words:
            raise SpecError(
                f"initial_size: found a text of {n_words:,} words, but the corpus '{corpus.name}' has {len(words):,}."
            )
        return cls(words.astype(np.int32), corpus.fingerprint, corpus.name, corpus.origin)


class ClosedForm(Domain):
    """See `simulation.domain.Domain`."""

    name = "closed_form"
    row: type[CommonRow] = ClosedFormRow
    slots = "draws"
    verb = "filled"
    measures: Mapping[str, Measure] = {
        "risk": Measure("risk", "", "less"),
        "diversity": Measure("diversity", "", "more"),
        "types_left": Measure("types left", "types", "more"),
        "variance": Measure("variance", "", "neither"),
        "log_variance": Measure("log-variance", "", "neither"),
    }
    lacks: Collection[str] = ("test_size", "trees", "min_df", "max_ngram", "max_terms", "learners")
    defaults: Mapping[str, Any] = {"label_rule": "sampled", "model": "discrete"}

    def check_rules(self, rules: Sequence[str], models: Sequence[Model] | None = None) -> None:
        """See `Domain`."""
        for rule in rules:
            if rule not in RULES:
                raise SpecError(
                    f"label_rule: found '{rule}', which the domain '{self.name}' does not have; expected one of "
                    f"{', '.join(RULES)}."
                )

    def parameter_names(self, model: str) -> Collection[str]:
        """See `Domain`."""
        return [field.name for field in fields(_world_class(model)) if field.name != "text"]

    def check_model(self, model: Model, thoroughly: bool = False) -> None:
        """See `Domain`."""
        world_of(model)

    def identity(self, model: Model) -> Mapping[str, object]:
        """See `Domain`: scikit-learn fits and splits for one world, so its version counts there."""
        world = world_of(model)
        params = {name: getattr(world, name) for name in sorted(self.parameter_names(model.name))}
        library = world.library and ".".join(importlib.metadata.version(world.library).split(".")[:2])
        return {"world": model.name, "params": params, "version": library}

    def needs_corpus(self, models: Sequence[str]) -> bool:
        """See `Domain`: only the world `Text` does."""
        return "text" in models

    def data(self, corpus: AnyCorpus | None, sweep: Any) -> HumanText:
        """See `Domain`."""
        if corpus is None:
            if self.needs_corpus(sweep.model):
                raise SpecError("corpus: found none, but the world 'text' resamples a text: name a corpus.")
            return HumanText(np.empty(0, np.int32))
        return HumanText.of(corpus, max(sweep.initial_size) if self.needs_corpus(sweep.model) else 0)

    def bind(self, spec: ChainSpec, data: HumanText, train: Train) -> Drawing:
        """See `Domain`."""
        return Drawing(spec, world_of(spec.model, data, spec.initial_size))

    def chain_bytes(self, spec: ChainSpec) -> int | None:
        """See `Domain`: draws of people and the models, seen and trained on, and copies of them."""
        world = world_of(spec.model)
        return 8 * spec.final_size * (np.dtype(world.dtype).itemsize * world.replicates + 100)


class Drawing(History):
    """A chain's world, and what people draw in it. See `simulation.domain.History`."""

    def __init__(self, spec: ChainSpec, world: World) -> None:
        self.spec, self.world = spec, world
        self.slot = np.dtype([("origin", "u1"), ("drawn", world.dtype, (world.replicates,))])
        n = spec.sizes()[-1]
        n_inputs = spec.initial_size if world.repeats_inputs else n
        inputs = world.draw_inputs(n_inputs, streams.stream(spec.seed, "inputs"))
        self.inputs = np.resize(inputs, (n, inputs.shape[1]))
        self.truth = world.human(self.inputs, streams.stream(spec.seed, "human"))

    def human(self, start: int, stop: int) -> Slots:
        """See `History`."""
        slots = np.empty(stop - start, dtype=self.slot)
        slots["origin"], slots["drawn"] = HUMAN, self.truth[start:stop]
        return slots

    def train(self, generation: int, seen: Slots, positions: Positions) -> Any:
        """See `History`: the fitted parameters of every replicate."""
        if not len(positions):
            raise ValueError("there is nothing to fit: every draw was left out")
        return self.world.fit(self.inputs[positions], seen["drawn"][positions])

    def fill(self, view: Any, moment: Moment) -> Slots:
        """See `History`: draws for the whole increment, of which the selected are taken: the same at all rates."""
        slots = np.zeros(int(moment.selected.sum()), dtype=self.slot)
        if self.spec.label_rule == "human-only":
            slots["origin"] = LEFT_OUT
            return slots
        fitted = moment.first_model() if self.spec.label_rule == "frozen" else view
        start = len(moment.seen)
        inputs = self.inputs[start : start + len(moment.human)]
        drawn = self.world.draw(fitted, inputs, streams.stream(self.spec.seed, "drawn", moment.generation))
        slots["origin"], slots["drawn"] = SYNTHETIC, drawn[moment.selected]
        return slots

    def measure(self, view: Any, moment: Moment) -> tuple[Mapping[str, Any], npt.NDArray[np.uint8]]:
        """See `History`: nothing is remembered."""
        columns = dict.fromkeys(ClosedForm.measures)
        return {**columns, **self.world.measure(view)}, np.empty(0, dtype=np.uint8)


def _world_class(name: str) -> Any:
    if name not in WORLDS:
        raise LearnerError(f"Found no world '{name}'. Expected one of {', '.join(WORLDS)}.")
    return WORLDS[name]


def world_of(model: Model, text: HumanText | None = None, n_words: int = 1) -> World:
    """Return the world of a model; raise LearnerError if there is none, or a parameter is impossible.

    The world "text" resamples the first words of a text; without one it has a single word, and nothing is drawn.
    """
    kind = _world_class(model.name)
    try:
        if kind is Text:
            words = np.zeros(1, np.int32) if text is None else text.words[:n_words]
            return Text(words, **dict(model.params))  # type: ignore[arg-type]
        return kind(**dict(model.params))
    except (TypeError, ValueError) as error:
        raise LearnerError(f"World '{model.name}' does not take {model.params_text}: {error}.") from None
