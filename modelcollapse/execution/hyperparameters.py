"""The grid of forest parameters, run in a folder."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.execution.executors import Executor
from modelcollapse.execution.folder import RunFolder
from modelcollapse.execution.log import run_log
from modelcollapse.execution.run import ExecutorName, find_executor
from modelcollapse.execution.units import Tell, begin_search, run_units
from modelcollapse.simulation.hyperparameters import GridSettings, parameters, study_model

RESULTS = "results.csv"


def run_grid(
    settings: GridSettings,
    corpus: Corpus,
    out: str | Path,
    executor: ExecutorName | Executor = "ray",
    tell: Tell = lambda n_done, n_all: None,
) -> tuple[pl.DataFrame, int]:
    """Run what a folder does not have yet of a grid search, and write ``results.csv``.

    Parameters
    ----------
    settings : GridSettings
    corpus : Corpus
    out : str or Path
        The folder, a path or any fsspec URL.
    executor : {"ray", "inprocess"} or Executor
    tell : callable
        Told how many units are finished.

    Returns
    -------
    DataFrame, int
        One row for every combination of parameters and fold: the parameters as text, ``is_study``, ``fold``,
        ``accuracy``, ``seconds``; and the number of units that failed.

    Raises
    ------
    SpecError
        If the corpus is too small.
    RunFolderError
        If the folder holds something else.
    """
    settings.check_corpus(corpus)
    folder = RunFolder(out)
    with folder.locked(), run_log(folder):
        begin_search("hyperparameters", settings, corpus, folder)
        units = list(settings.units())
        results = run_units(units, corpus, folder, find_executor(executor), tell)
        rows = [
            {
                **{name: str(value) for name, value in parameters(unit.model).items()},
                "is_study": unit.model == study_model(),
                "fold": fold,
                "accuracy": accuracy,
                "seconds": seconds,
            }
            for unit, result in zip(units, results, strict=True)
            if result is not None
            for fold, accuracy, seconds in zip(result["fold"], result["accuracy"], result["seconds"], strict=True)
        ]
        frame = pl.DataFrame(rows)
        folder.write(RESULTS, frame.write_csv().encode())
    return frame, sum(result is None for result in results)
