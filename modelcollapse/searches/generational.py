"""The evolutionary search: variants of vectoriser and forest, whose children learn partly from their parent's labels.

Generation 0 is mutated from the study's parameters and learns from people. Every later generation holds the children
of the best variants so far: a child's parameters are its parent's, mutated, and a share of its training labels – its
collapse rate, inherited and mutated too – is what its parent's model says. The parent's model is trained again from its
record; no model is ever stored.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.corpora.progress import Progress, silent
from modelcollapse.errors import SpecError
from modelcollapse.execution.executors import Executor
from modelcollapse.execution.log import run_log
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.store.paths import PATHS
from modelcollapse.execution.tasks import Workload
from modelcollapse.searches.settings_fields import SearchFields
from modelcollapse.searches.units import Settings, begin_search, run_units, stored_results
from modelcollapse.simulation import streams
from modelcollapse.simulation.learning import learners
from modelcollapse.simulation.learning.training import Train, Trained, TrainingSet
from modelcollapse.simulation.spec import Model, TermSelection

#: Highest n-gram order of a variant: mutations end here.
MAX_NGRAM = 3

#: Where collapse rates begin.
FIRST_RATE = 0.05

Labels = npt.NDArray[np.uint8]

_log = logging.getLogger(__name__)


class SearchSettings(SearchFields, Settings):
    """An evolutionary search: see `SearchFields`."""

    def check_corpus(self, corpus: Corpus) -> None:
        """Raise SpecError if the corpus has too few documents or too short n-grams."""
        needed = self.train_size + self.test_size
        if corpus.n_documents < needed:
            half = corpus.n_documents // 2
            raise SpecError(
                f"generational needs {needed:,} documents, the corpus '{corpus.name}' has {corpus.n_documents:,}: "
                f"say --train-size {half} --test-size {half}, or use a larger corpus."
            )
        longest = int(corpus.term_orders.max(initial=1))
        if longest < MAX_NGRAM:
            raise SpecError(
                f"generational mutates n-gram orders up to {MAX_NGRAM}, the corpus '{corpus.name}' has n-grams up to "
                f"{longest}: use --ngrams 1-{MAX_NGRAM}, and a corpus made of text."
            )

    def first_genome(self) -> Genome:
        """Return the study's parameters, which generation 0 is mutated from."""
        return replace(Genome(), n_estimators=self.trees or Genome().n_estimators)


@dataclass(frozen=True)
class Genome:
    """What a variant inherits and mutates: parameters of vectoriser and forest, and its collapse rate."""

    min_df: int = 1
    max_ngram: int = 1
    max_features: str = "sqrt"
    n_estimators: int = 1000
    max_depth: int = 20
    min_samples_split: int = 2
    min_samples_leaf: int = 1
    bootstrap: bool = False
    collapse_rate: float = FIRST_RATE

    def mutated(self, random: np.random.Generator) -> Genome:
        """Return a mutated copy.

        All numbers are drawn whatever becomes of them, in one order: a genome depends on its stream alone.
        """
        normal = iter(random.normal(size=7))
        flips = random.random(2)
        other = {"sqrt": "log2", "log2": "sqrt"}[self.max_features]
        return Genome(
            min_df=max(1, self.min_df + round(next(normal))),
            max_ngram=min(MAX_NGRAM, max(1, self.max_ngram + round(next(normal)))),
            max_features=other if flips[0] < 0.05 else self.max_features,
            n_estimators=max(1, self.n_estimators + round(100 * next(normal))),
            max_depth=max(1, self.max_depth + round(5 * next(normal))),
            min_samples_split=max(2, self.min_samples_split + round(next(normal))),
            min_samples_leaf=max(1, self.min_samples_leaf + round(next(normal))),
            bootstrap=self.bootstrap ^ bool(flips[1] < 0.1),
            collapse_rate=min(1.0, max(0.0, self.collapse_rate + 0.01 * float(next(normal)))),
        )

    @property
    def model(self) -> Model:
        """The forest."""
        return Model("forest", tuple((name, getattr(self, name)) for name in sorted(learners.STUDY_FOREST)))

    @property
    def terms(self) -> TermSelection:
        """The vectoriser."""
        return TermSelection(min_df=self.min_df, max_ngram=self.max_ngram)


#: What a variant inherits besides its collapse rate.
GENES = tuple(field.name for field in fields(Genome) if field.name != "collapse_rate")


@dataclass(frozen=True)
class Variant:
    """A variant's record, by generation and number: enough to train its model again, on each seed."""

    generation: int
    number: int
    genome: Genome
    parent: tuple[int, int] | None  # generation and number; None in generation 0
    labels: tuple[str, ...]  # what it was last trained on: see `pack`
    accuracies: tuple[float, ...]  # on the test set
    wrong_labels: tuple[float, ...]  # share of its training labels that differ from people's

    @property
    def score(self) -> float:
        """Mean accuracy over seeds."""
        return float(np.mean(self.accuracies))

    @property
    def collapse_rate(self) -> float:
        """The share of its labels that were its parent's: none in generation 0, whatever it hands down."""
        return 0.0 if self.parent is None else self.genome.collapse_rate


#: Genomes of one generation with the same parent; it is None in generation 0.
Group: TypeAlias = tuple[Sequence[Genome], Variant | None]


@dataclass(frozen=True)
class Brood:
    """Variants of one generation with the same parent, on one seed: the unit of work. The parent is trained once."""

    seed: int
    generation: int
    train_size: int
    test_size: int
    genomes: tuple[Genome, ...]
    parent: Genome | None = None
    parent_generation: int = 0
    parent_labels: str = ""  # its record on this seed

    @property
    def workload(self) -> Workload:
        """See `units.Unit`."""
        largest = max(self.genomes, key=lambda genome: genome.n_estimators)
        return Workload(largest.model, self.train_size, self.test_size)

    def identity(self) -> Mapping[str, object]:
        """See `units.Unit`."""
        return asdict(self)

    def run(self, corpus: Corpus, train: Train) -> dict[str, list[Any]]:
        """Train and score every variant: ``accuracy``, ``labels`` (trained on, packed), ``wrong_labels`` (share)."""
        order = streams.document_order(self.seed, corpus.n_documents)
        test, documents = order[: self.test_size], order[self.test_size :][: self.train_size]
        human = corpus.labels[documents]

        def trained(genome: Genome, labels: Labels, generation: int) -> Trained:
            seed = streams.model_seed(self.seed, generation)
            return train(TrainingSet(genome.model, genome.terms, documents, labels, seed), corpus)

        parent_labels = human
        if self.parent is not None:
            labels = unpack(self.parent_labels, self.train_size)
            parent_labels = trained(self.parent, labels, self.parent_generation).score(documents).labels
        result: dict[str, list[Any]] = {"accuracy": [], "labels": [], "wrong_labels": []}
        for genome in self.genomes:
            rate = 0.0 if self.parent is None else genome.collapse_rate
            replaced = streams.self_labelled(self.seed, self.generation, rate, self.train_size)
            labels = np.where(replaced, parent_labels, human).astype(np.uint8)
            predicted = trained(genome, labels, self.generation).score(test).labels
            result["accuracy"].append(float((predicted == corpus.labels[test]).mean()))
            result["labels"].append(pack(labels))
            result["wrong_labels"].append(float((labels != human).mean()))
        return result


def pack(labels: Labels) -> str:
    """Return labels, 0 or 1, as text: eight to a byte, base 64."""
    return base64.b64encode(np.packbits(labels).tobytes()).decode()


def unpack(text: str, size: int) -> Labels:
    """Return what was packed."""
    return np.unpackbits(np.frombuffer(base64.b64decode(text), dtype=np.uint8), count=size)


def founders(settings: SearchSettings) -> list[Group]:
    """Return generation 0, in groups as large as a brood."""
    first = settings.first_genome()
    genomes = [first.mutated(_stream(0, number)) for number in range(settings.variants)]
    return [(genomes[i : i + settings.children], None) for i in range(0, len(genomes), settings.children)]


def offspring(settings: SearchSettings, parents: Sequence[Variant], generation: int) -> list[Group]:
    """Return the children of every parent."""
    return [
        ([p.genome.mutated(_stream(generation, i * settings.children + j)) for j in range(settings.children)], p)
        for i, p in enumerate(parents)
    ]


def broods(settings: SearchSettings, generation: int, groups: Sequence[Group]) -> list[Brood]:
    """Return the units of a generation: every group on every seed, seeds innermost."""
    units = []
    for genomes, parent in groups:
        for seed in range(settings.seeds):
            brood = Brood(seed, generation, settings.train_size, settings.test_size, tuple(genomes))
            if parent is not None:
                labels = parent.labels[seed]
                brood = replace(brood, parent=parent.genome, parent_generation=parent.generation, parent_labels=labels)
            units.append(brood)
    return units


def best_of(variants: Sequence[Variant], n: int) -> list[Variant]:
    """Return the best variants; of equal ones the older."""
    return sorted(variants, key=lambda variant: (-variant.score, variant.generation, variant.number))[:n]


def _stream(generation: int, number: int) -> np.random.Generator:
    return streams.stream(number, "genome", generation)


def run_search(
    settings: SearchSettings, corpus: Corpus, folder: RunFolder, executor: Executor, progress: Progress = silent
) -> tuple[pl.DataFrame, int]:
    """Run what a folder does not have yet of an evolutionary search, and write ``results.csv``.

    The search ends when no child is among the best any more, after ``max_generations``, or when units failed: the same
    call then tries those again.

    Return one row for every variant: ``generation, number, parent_generation, parent_number, score`` (mean accuracy
    over seeds), ``sd, collapse_rate`` (of its labels; 0 in generation 0), ``inherited_rate`` (what it hands down),
    ``wrong_labels``, its parameters, and ``is_best`` (among the best in the end); and how many units failed.
    """
    settings.check_corpus(corpus)
    everybody: list[Variant] = []
    best: list[Variant] = []
    n_failed = 0
    with folder.locked(PATHS.search), run_log(folder):
        searches = begin_search("generational", settings, corpus, folder, may_differ=("max_generations",))
        last = max(asked["max_generations"] for asked in searches)
        for generation in range(last + 1):
            groups = offspring(settings, best, generation) if generation else founders(settings)
            units = broods(settings, generation, groups)
            if generation > settings.max_generations and None in stored_results(units, corpus, folder):
                break  # an earlier search was asked for more, but did not come so far
            results = run_units(
                units, corpus, folder, executor, partial(progress, f"broods of generation {generation}")
            )
            n_failed = sum(result is None for result in results)
            if n_failed:
                break
            born = _born(settings, generation, groups, results)
            everybody += born
            best = best_of([*best, *born], settings.parents)
            folder.write(PATHS.results, _table(everybody, best).write_csv().encode())
            _log.info("generation %d: best %.5f", generation, best[0].score)
            if not any(variant.generation == generation for variant in best):
                break
    return _table(everybody, best), n_failed


def _born(settings: SearchSettings, generation: int, groups: Sequence[Group], results: Sequence[Any]) -> list[Variant]:
    """Gather the variants of a generation from its units: seeds innermost, as they were given out."""
    born: list[Variant] = []
    for i, (genomes, parent) in enumerate(groups):
        by_seed = results[i * settings.seeds : (i + 1) * settings.seeds]
        for j, genome in enumerate(genomes):
            labels, accuracies, wrong = (
                tuple(result[key][j] for result in by_seed) for key in ("labels", "accuracy", "wrong_labels")
            )
            name = None if parent is None else (parent.generation, parent.number)
            born.append(Variant(generation, len(born), genome, name, labels, accuracies, wrong))
    return born


def _table(everybody: Sequence[Variant], best: Sequence[Variant]) -> pl.DataFrame:
    rows = []
    for variant in everybody:
        genome = asdict(variant.genome)
        rows.append(
            {
                "generation": variant.generation,
                "number": variant.number,
                "parent_generation": variant.parent and variant.parent[0],
                "parent_number": variant.parent and variant.parent[1],
                "score": variant.score,
                "sd": pl.Series(variant.accuracies).std(),
                "collapse_rate": variant.collapse_rate,
                "inherited_rate": genome.pop("collapse_rate"),
                "wrong_labels": sum(variant.wrong_labels) / len(variant.wrong_labels),
                **genome,
                "is_best": variant in best,
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)
