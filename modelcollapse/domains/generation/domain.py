"""Text generation as a domain: a slot is a block of tokens; the next model is trained on what the last one wrote."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from modelcollapse.corpora.block_cache import BlockCorpus
from modelcollapse.corpora.blocks import load_blocks
from modelcollapse.domains.generation.measures import BANDS, HumanText, text_measures
from modelcollapse.domains.generation.model_check import check
from modelcollapse.domains.generation.models import AnyModel, identity, memory, model_of, parameter_names, takes
from modelcollapse.domains.generation.rules import FROZEN, HUMAN_ONLY, SHUFFLED, decoder_of
from modelcollapse.errors import SpecError
from modelcollapse.simulation import streams
from modelcollapse.simulation.domain import Domain, History, Measure, Moment
from modelcollapse.simulation.learning.training import Train
from modelcollapse.simulation.regimes import Positions, training_sizes
from modelcollapse.simulation.rows import CommonRow
from modelcollapse.simulation.slots import HUMAN, LEFT_OUT, SYNTHETIC, Slots
from modelcollapse.simulation.spec import ChainSpec, Model

#: Human blocks whose trigrams and words count as known: the first of a seed's order, apart from the test set.
KNOWN_BLOCKS = 10_000


@dataclass(frozen=True)
class GenerationRow(CommonRow):
    """The record of one generation.

    What is said of written text is measured on as many blocks as the test set has, which this generation's model writes
    for that purpose as the rule says (controls: as the model itself would), at every rate.

    Attributes
    ----------
    n_test : int
        Human test blocks.
    cross_entropy, perplexity : float
        Of the test blocks, in nats a token; its exponential.
    n_types : int
        Different tokens written.
    entropy : float
        Of the shares of tokens written, in nats.
    distinct_2 : float
        Different pairs of neighbours, as a share of all pairs.
    tail_share : float
        Share of tokens that people use at most twice in generation 0's training set.
    zipf_slope : float
        Of log frequency on log rank; null if fewer than three tokens are written twice.
    unseen_trigrams, unseen_trigrams_human : float
        Share of trigrams written that none of 10,000 human blocks has; the same of the human test blocks.
    repetition : float
        Share of 4-grams that stand in their block before.
    fit_seconds, predict_seconds : float
        Wall time of training; of writing the next increment.
    growth : str
        How the chain grows: see `spec.Growth.text`.
    kept_0, kept_10, kept_100, kept_1000 : float
        Of the words that people use less than 10, 10 to 100, 100 to 1,000, 1,000 times or more in a million (of 10,000
        human blocks): share that is written at all. Null if there are none.
    kept_0_human, kept_10_human, kept_100_human, kept_1000_human : float
        Share that the human test blocks have, which are as many as those written.
    """

    domain: ClassVar[str] = "generation"
    schema_version: ClassVar[int] = 2
    added: ClassVar[Mapping[str, int]] = {f"kept_{least}{who}": 2 for who in ("", "_human") for least in BANDS}

    n_test: int
    cross_entropy: float
    perplexity: float
    n_types: int
    entropy: float
    distinct_2: float
    tail_share: float
    zipf_slope: float | None
    unseen_trigrams: float
    unseen_trigrams_human: float
    repetition: float
    fit_seconds: float
    predict_seconds: float
    growth: str
    kept_0: float | None = None
    kept_10: float | None = None
    kept_100: float | None = None
    kept_1000: float | None = None
    kept_0_human: float | None = None
    kept_10_human: float | None = None
    kept_100_human: float | None = None
    kept_1000_human: float | None = None


class Generation(Domain):
    """See `simulation.domain.Domain`."""

    name = "generation"
    row: type[CommonRow] = GenerationRow
    slots = "blocks"
    verb = "filled"
    measures: Mapping[str, Measure] = {
        "cross_entropy": Measure("cross-entropy", "nats", "less"),
        "perplexity": Measure("perplexity", "", "less"),
        "n_types": Measure("types written", "types", "neither"),
        "entropy": Measure("entropy", "nats", "neither"),
        "distinct_2": Measure("distinct pairs", "share", "neither"),
        "tail_share": Measure("rare words", "share", "neither"),
        "kept_10": Measure("uncommon words kept", "share", "neither"),
        "zipf_slope": Measure("Zipf slope", "", "neither"),
        "unseen_trigrams": Measure("unseen trigrams", "share", "neither"),
        "repetition": Measure("repetition", "share", "neither"),
    }
    lacks: Collection[str] = ("trees", "min_df", "max_ngram", "max_terms", "learners")
    defaults: Mapping[str, Any] = {"label_rule": "sample", "model": "ngram", "test_size": 500}
    caveats: Sequence[str] = (
        "Of n-gram models: they show mechanisms, and say nothing of how much a large language model loses.",
        "Neighbouring blocks may come from one text, so test and training blocks are not wholly independent.",
    )

    def check_rules(self, rules: Sequence[str], models: Sequence[Model] | None = None) -> None:
        """See `Domain`."""
        for rule in rules:
            decoder = decoder_of(rule)
            for model in models or ():
                if not takes(model, decoder):
                    raise SpecError(
                        f"label_rule: '{rule}' needs a model that can be told how to draw tokens, and {model.name} "
                        "has a sample without the argument decoder; expected ngram, or the rule sample."
                    )

    def parameter_names(self, model: str) -> Collection[str]:
        """See `Domain`."""
        return parameter_names(model)

    def check_model(self, model: Model, thoroughly: bool = False) -> None:
        """See `Domain`."""
        identity(model)
        if thoroughly:
            check(model)

    def identity(self, model: Model) -> Mapping[str, object]:
        """See `Domain`."""
        return identity(model)

    def load(self, **given: Any) -> BlockCorpus:
        """See `Domain`."""
        return load_blocks(**given)

    def data(self, corpus: Any, sweep: Any) -> BlockCorpus:
        """See `Domain`."""
        if not isinstance(corpus, BlockCorpus):
            found = "none" if corpus is None else f"a {type(corpus).__name__}"
            raise SpecError(f"corpus: found {found}, expected blocks of tokens: corpus=load_blocks(…).")
        return corpus

    def bind(self, spec: ChainSpec, data: BlockCorpus, train: Train) -> Writing:
        """See `Domain`."""
        return Writing(spec, data)

    def chain_bytes(self, spec: ChainSpec) -> int | None:
        """See `Domain`: the model, and the known trigrams.

        Blocks are taken to have 128 tokens, since the corpus is not known here.
        """
        sizes = spec.sizes()
        blocks = max(*training_sizes(spec.regime, sizes), *training_sizes("replace", sizes))  # trained on, or written
        return memory(spec.model, 128 * (blocks + spec.test_size)) + 128 * 60 * KNOWN_BLOCKS


class Writing(History):
    """A chain's blocks: which it tests on, sees, and in which order. See `simulation.domain.History`."""

    def __init__(self, spec: ChainSpec, corpus: BlockCorpus) -> None:
        self.spec, self.corpus = spec, corpus
        self.n_types, self.length = int(corpus.n_types[0]), corpus.blocks.shape[1]
        self.slot: np.dtype[Any] = np.dtype([("origin", "u1"), ("tokens", corpus.blocks.dtype, (self.length,))])
        order = streams.document_order(spec.seed, corpus.n_documents)
        self.test, self.pool = order[: spec.test_size], order[spec.test_size :]
        self.decoder = decoder_of(spec.label_rule)

    @cached_property
    def people(self) -> HumanText:
        """What written text is held against."""
        first, known = (self.corpus.blocks[self.pool[:n]] for n in (self.spec.initial_size, KNOWN_BLOCKS))
        return HumanText(first, known, self.corpus.blocks[self.test], self.n_types)

    def human(self, start: int, stop: int) -> Slots:
        """See `History`."""
        slots = np.empty(max(0, stop - start), dtype=self.slot)
        slots["origin"], slots["tokens"] = HUMAN, self.corpus.blocks[self.pool[start:stop]]
        return slots

    def train(self, generation: int, seen: Slots, positions: Positions) -> AnyModel:
        """See `History`."""
        model = model_of(self.spec.model, self.n_types)
        return model.fit(seen["tokens"][positions], streams.model_seed(self.spec.seed, generation))

    def fill(self, view: AnyModel, moment: Moment) -> Slots:
        """See `History`: a block is the same at all rates at which it is written."""
        rule, chosen = self.spec.label_rule, np.flatnonzero(moment.selected)
        slots = np.zeros(len(chosen), dtype=self.slot)
        slots["origin"] = LEFT_OUT if rule == HUMAN_ONLY else SYNTHETIC
        draw = streams.stream(self.spec.seed, "drawn", moment.generation)
        if rule == SHUFFLED:
            places = np.argsort(draw.random((len(moment.selected), self.length)), axis=1)[chosen]
            slots["tokens"] = np.take_along_axis(moment.human["tokens"][chosen], places, axis=1)
        elif rule != HUMAN_ONLY:
            model: AnyModel = moment.first_model() if rule == FROZEN else view
            slots["tokens"] = model.sample(len(moment.selected), self.length, draw, self.decoder, chosen)
        return slots

    def measure(self, view: AnyModel, moment: Moment) -> tuple[Mapping[str, Any], npt.NDArray[np.uint8]]:
        """See `History`: nothing is remembered."""
        draw = streams.stream(self.spec.seed, "written", moment.generation)
        written = view.sample(len(self.test), self.length, draw, self.decoder)
        cross_entropy = float(-view.log_prob(self.people.held_out).mean())
        perplexity = float(np.exp(cross_entropy))
        columns = {"cross_entropy": cross_entropy, "perplexity": perplexity, **text_measures(written, self.people)}
        return columns, np.empty(0, dtype=np.uint8)
