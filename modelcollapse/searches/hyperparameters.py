"""The grid of forest parameters: every combination is scored by cross-validation on a few documents."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import polars as pl
from pydantic import field_validator, model_validator
from sklearn.model_selection import StratifiedKFold

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.corpora.progress import Progress, silent
from modelcollapse.errors import SpecError
from modelcollapse.execution.executors import Executor
from modelcollapse.execution.log import run_log
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.store.paths import PATHS
from modelcollapse.execution.tasks import Workload
from modelcollapse.searches.settings_fields import GridFields
from modelcollapse.searches.units import Settings, begin_search, run_units, stored_results
from modelcollapse.simulation import streams
from modelcollapse.simulation.learning import learners
from modelcollapse.simulation.learning.training import Train, TrainingSet
from modelcollapse.simulation.spec import Model, TermSelection


class GridSettings(GridFields, Settings):
    """A grid search: see `GridFields`. Parameters that are not named have the study's value."""

    @field_validator("grid")
    @classmethod
    def _check_names(cls, grid: dict[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
        for name in grid:
            if name not in learners.STUDY_FOREST:
                raise ValueError(f"found '{name}', expected one of {', '.join(learners.STUDY_FOREST)}")
        return grid

    @model_validator(mode="after")
    def _check_folds(self) -> GridSettings:
        if self.folds > self.documents // 2:
            raise ValueError(f"found {self.folds} folds of {self.documents} documents, expected two documents a fold")
        return self

    def models(self) -> list[Model]:
        """Return every combination, and first the study's own parameters."""
        values = {name: self.grid.get(name, (default,)) for name, default in learners.STUDY_FOREST.items()}
        names = sorted(values)
        combinations = itertools.product(*(values[name] for name in names))
        models = [Model("forest", tuple(zip(names, combination, strict=True))) for combination in combinations]
        return list(dict.fromkeys([study_model(), *models]))

    def units(self) -> Iterator[FoldGroup]:
        """Yield the units of work."""
        for model in self.models():
            for first in range(0, self.folds, self.folds_per_task):
                folds = tuple(range(first, min(first + self.folds_per_task, self.folds)))
                yield FoldGroup(model, folds, self.folds, self.documents, self.seed)

    def check_corpus(self, corpus: Corpus) -> None:
        """Raise SpecError if the corpus has too few documents."""
        if corpus.n_documents < self.documents:
            raise SpecError(
                f"hyperparameters needs {self.documents:,} documents, the corpus '{corpus.name}' has "
                f"{corpus.n_documents:,}: say --documents {corpus.n_documents}, or use a larger corpus."
            )


def study_model() -> Model:
    """Return the forest of the study with all parameters named."""
    return Model("forest", tuple(sorted(learners.STUDY_FOREST.items())))


@dataclass(frozen=True)
class FoldGroup:
    """One combination of parameters on some of the folds of a search."""

    model: Model
    folds: tuple[int, ...]
    n_folds: int
    n_documents: int
    seed: int

    @property
    def workload(self) -> Workload:
        """See `units.Unit`."""
        n_test = self.n_documents // self.n_folds
        return Workload(self.model, self.n_documents - n_test, n_test)

    def identity(self) -> Mapping[str, object]:
        """See `units.Unit`."""
        return {**asdict(self), "model": learners.identity(self.model)}

    def run(self, corpus: Corpus, train: Train) -> dict[str, list[Any]]:
        """Train and score on every fold: ``fold``, ``accuracy``, ``seconds`` (of both)."""
        documents = streams.document_order(self.seed, corpus.n_documents)[: self.n_documents]
        labels = corpus.labels[documents]
        parts = list(StratifiedKFold(self.n_folds).split(documents, labels))
        result: dict[str, list[Any]] = {"fold": [], "accuracy": [], "seconds": []}
        for fold in self.folds:
            inside, outside = parts[fold]
            started = time.perf_counter()
            seed = streams.model_seed(self.seed, fold)
            training = TrainingSet(self.model, TermSelection(), documents[inside], labels[inside], seed)
            predicted = train(training, corpus).score(documents[outside]).labels
            result["fold"].append(fold)
            result["accuracy"].append(float((predicted == labels[outside]).mean()))
            result["seconds"].append(time.perf_counter() - started)
        return result


def run_grid(
    settings: GridSettings, corpus: Corpus, folder: RunFolder, executor: Executor, progress: Progress = silent
) -> tuple[pl.DataFrame, int]:
    """Run what a folder does not have yet of a grid search, and write ``results.csv``.

    Return one row for every combination of parameters and fold: the parameters as text, ``is_study``, ``fold``,
    ``accuracy``, ``seconds``; earlier grids in the folder included. And the number of units that failed.
    """
    settings.check_corpus(corpus)
    with folder.locked(PATHS.search), run_log(folder):
        searches = begin_search("hyperparameters", settings, corpus, folder, may_differ=("grid", "folds_per_task"))
        units = list(settings.units())
        results = run_units(units, corpus, folder, executor, partial(progress, "combinations and folds"))
        earlier = [unit for asked in searches[:-1] for unit in GridSettings.of("hyperparameters", **asked).units()]
        stored = stored_results(earlier, corpus, folder)
        frame = _table([*units, *earlier], [*results, *stored])
        folder.write(PATHS.results, frame.write_csv().encode())
    return frame, sum(result is None for result in results)


def _table(units: Sequence[FoldGroup], results: Sequence[Mapping[str, Any] | None]) -> pl.DataFrame:
    rows: dict[tuple[Model, int], dict[str, Any]] = {}
    for unit, result in zip(units, results, strict=True):
        if result is None:
            continue
        names = {name: str(value) for name, value in unit.model.params}
        for fold, accuracy, seconds in zip(result["fold"], result["accuracy"], result["seconds"], strict=True):
            row = {**names, "is_study": unit.model == study_model(), "fold": fold}
            rows.setdefault((unit.model, fold), {**row, "accuracy": accuracy, "seconds": seconds})
    return pl.DataFrame(list(rows.values()))
