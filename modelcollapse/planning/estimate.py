"""How long sweeps take: a few trainings on this machine and corpus, and how their cost grows with size.

Times are those of one undisturbed core. What a sweep takes on several is found by giving out its chains as an executor
does: longest first, each to the core that is free first.
"""

from __future__ import annotations

import heapq
import itertools
import json
import os
import platform
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from modelcollapse import atomic
from modelcollapse.corpora.cache import default_cache
from modelcollapse.corpora.dense import AnyCorpus
from modelcollapse.domains.catalogue import run_chain
from modelcollapse.errors import CorpusError, LearnerError, describe
from modelcollapse.execution.tasks import Workload
from modelcollapse.names import short_hash
from modelcollapse.searches.generational import SearchSettings, broods, founders
from modelcollapse.searches.hyperparameters import GridSettings
from modelcollapse.simulation.learning import learners
from modelcollapse.simulation.learning.containment import contained_items
from modelcollapse.simulation.learning.learners import STUDY_FOREST
from modelcollapse.simulation.regimes import training_sizes
from modelcollapse.simulation.spec import ChainSpec, Growth, Model, TermSelection

#: A calibration ends before a training that would take it beyond this, but not before it has a few sizes.
CALIBRATION_SECONDS = 5.0
_SMALLEST = 128
_FEWEST_SIZES = 4

#: Twice the documents cost at most about this many times as much.
_NEXT_COSTS = 2.5

#: Sizes, each twice the last, used to extrapolate beyond the largest.
_SIZES_OF_GROWTH = 4

_TEST_SIZE = 5000

#: Floor, so that a logarithm is defined.
_LEAST = 1e-9


class Kind(NamedTuple):
    """What the cost of trainings hangs on beside their sizes and the corpus, which decides the domain."""

    model: Model
    terms: TermSelection = TermSelection()
    domain: str = "classification"


_Law = TypeVar("_Law", bound="CostLaw | None")


@dataclass(frozen=True)
class CostLaw:
    """Seconds of one core, by training size.

    Between the sizes that were measured it is a straight line in logarithms; beyond them a power law through the
    largest ones; below them the cost of the smallest.
    """

    sizes: tuple[int, ...]  # of training sets, ascending, at least two
    fit_seconds: tuple[float, ...]  # of one training at each size
    score_seconds: tuple[float, ...]  # of one document to score, with a model of each size; metrics included

    def generation_seconds(self, n_train: int, n_scored: int) -> float:
        """Return what training on `n_train` documents, and then scoring `n_scored`, takes."""
        return self._at(n_train, self.fit_seconds) + n_scored * self._at(n_train, self.score_seconds)

    def task_seconds(self, workload: Workload) -> float:
        """Return what one training and its test take."""
        return self.generation_seconds(workload.n_train, workload.n_test)

    def chain_seconds(self, spec: ChainSpec) -> float:
        """Return what a chain takes from beginning to end."""
        return sum(self.generations(spec))

    def generations(self, spec: ChainSpec) -> list[float]:
        """Return what each generation of a chain takes."""
        sizes = spec.sizes()
        increments = [later - size for size, later in itertools.pairwise(sizes)]
        return [
            self.generation_seconds(n_train, spec.test_size + increment)
            for n_train, increment in zip(training_sizes(spec.regime, sizes), [*increments, 0], strict=True)
        ]

    def _at(self, size: int, seconds: tuple[float, ...]) -> float:
        x, y = np.log(self.sizes), np.log(seconds)
        if size <= self.sizes[-1]:
            return float(np.exp(np.interp(np.log(max(1, size)), x, y)))
        slope = np.polyfit(x[-_SIZES_OF_GROWTH:], y[-_SIZES_OF_GROWTH:], 1)[0]
        return float(np.exp(y[-1] + max(0.0, slope) * (np.log(size) - x[-1])))


def calibrate(kind: Kind, corpus: AnyCorpus, seconds: float = CALIBRATION_SECONDS) -> CostLaw:
    """Train on 128, 256, … documents until time is up or there are no more, and return the law of what that cost.

    Raise CorpusError if the corpus has fewer than 512 documents: too few to measure anything.
    """
    test_size = min(_TEST_SIZE, corpus.n_documents // 4)
    sizes = [_SMALLEST << k for k in range(32) if (_SMALLEST << k) + test_size <= corpus.n_documents]
    if len(sizes) < 2:
        raise CorpusError(
            f"The corpus '{corpus.name}' has {corpus.n_documents:,} documents, too few to estimate times: "
            f"at least {4 * _SMALLEST:,} are needed."
        )
    learners.warm_up([kind.model])
    chain = ChainSpec(
        seed=0,
        collapse_rate=Decimal(0),
        initial_size=sizes[0],
        final_size=sizes[0],
        test_size=test_size,
        growth=Growth(),
        **kind._asdict(),
    )
    _measure(chain, corpus)  # the first time, the corpus is read from disk
    measured: list[tuple[float, float]] = []
    left = seconds
    for size in sizes:
        measured.append(_measure(replace(chain, initial_size=size, final_size=size), corpus))
        cost = measured[-1][0] + test_size * measured[-1][1]
        left -= cost
        if left < _NEXT_COSTS * cost and len(measured) >= _FEWEST_SIZES:
            break
    fit_seconds, score_seconds = zip(*measured, strict=True)
    return CostLaw(tuple(sizes[: len(measured)]), fit_seconds, score_seconds)


def _measure(chain: ChainSpec, corpus: AnyCorpus) -> tuple[float, float]:
    """Return processor seconds of one training, and of scoring one document."""
    generations = run_chain(chain, corpus)
    started = time.process_time()
    try:
        row = next(contained_items(generations)).row
    except Exception as error:
        name = chain.model.name
        raise LearnerError(f"Learner '{name}' fails on {chain.initial_size} documents: {describe(error)}.") from error
    elapsed = time.process_time() - started
    share = row.fit_seconds / (row.fit_seconds + row.predict_seconds)
    return max(share * elapsed, _LEAST), max((1 - share) * elapsed / chain.test_size, _LEAST)


def makespan(chain_seconds: Iterable[float], cores: int | Sequence[float]) -> float:
    """Return when the last chain ends if they are given out longest first, each to the core that is free first.

    `cores` is how many there are, or when each is ready, ascending.
    """
    free_at = [0.0] * cores if isinstance(cores, int) else list(cores)
    ends = [0.0]
    for seconds in sorted(chain_seconds, reverse=True):
        ends.append(free_at[0] + seconds)
        heapq.heapreplace(free_at, ends[-1])
    return max(ends)


def grid_seconds(settings: GridSettings, law: CostLaw) -> list[float]:
    """Return what each unit of a grid search takes, as if all its forests were the study's but for their trees."""
    return [
        len(unit.folds) * _share_of_trees(unit.workload.model) * law.task_seconds(unit.workload)
        for unit in settings.units()
    ]


def search_seconds(settings: SearchSettings, law: CostLaw) -> list[list[float]]:
    """Return what the units of each generation of an evolutionary search take at most, roughly.

    As if all variants were the study's forest; a brood of children trains its parent too.
    """
    units = broods(settings, 0, founders(settings))
    one = law.task_seconds(units[0].workload) * _share_of_trees(settings.first_genome().model)
    children = [(settings.children + 1) * one] * (settings.parents * settings.seeds)
    return [[len(unit.genomes) * one for unit in units], *[children] * settings.max_generations]


def _share_of_trees(model: Model | None) -> float:
    return float(dict(model.params if model else ())["n_estimators"]) / float(STUDY_FOREST["n_estimators"])  # type: ignore[arg-type]


def load_law(corpus: AnyCorpus, kind: Kind) -> CostLaw | None:
    """Return the law of a corpus, or None if it was never measured on this machine."""
    try:
        stored = json.loads(_file_of_law(corpus, kind).read_bytes())
        return CostLaw(**{key: tuple(value) for key, value in stored.items()})
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def measure_law(corpus: AnyCorpus, kind: Kind) -> CostLaw:
    """Measure the law of a corpus and keep it; where that cannot be written, it is measured again the next time."""
    law = calibrate(kind, corpus)
    file = _file_of_law(corpus, kind)
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(file, json.dumps(asdict(law)).encode())
    return law


def find_law(corpus: AnyCorpus, kind: Kind) -> CostLaw:
    """Return the law of a corpus; measured, and kept, if it never was."""
    return load_law(corpus, kind) or measure_law(corpus, kind)


def _file_of_law(corpus: AnyCorpus, kind: Kind) -> Path:
    """Return where a law is kept: a corpus built anew under its name, or counted otherwise, is another one."""
    machine = (platform.node(), platform.machine(), platform.processor(), os.cpu_count())
    versions = [version(package) for package in ("modelcollapse", "scikit-learn", "numba")]
    about = [machine, versions, corpus.fingerprint, learners.identity(kind.model), asdict(kind.terms)]
    return default_cache() / "calibrations" / f"{short_hash(about)}.json"


def law_by_chain(find: Callable[[AnyCorpus, Kind], _Law], corpus: AnyCorpus) -> Callable[[ChainSpec], _Law]:
    """Return what finds the law of a chain: chains of a kind share one, which is looked for once."""
    once = cache(partial(find, corpus))
    return lambda chain: once(Kind(chain.model, chain.terms, chain.domain))
