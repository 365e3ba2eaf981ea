"""The study's two searches among parameters: run one, open one, look at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import polars as pl

from modelcollapse import notebook
from modelcollapse.analysis.made import MadeOfFile
from modelcollapse.analysis.statistics.arms import AnalysisError
from modelcollapse.corpora import Corpus, load_corpus
from modelcollapse.corpora.dense import AnyCorpus, two_of_counts
from modelcollapse.corpora.progress import show_progress
from modelcollapse.corpora.sources.synthetic import PREFIX
from modelcollapse.execution.executors import Executor, ExecutorName, find_executor
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.store.paths import PATHS
from modelcollapse.fields import documented
from modelcollapse.names import is_file, printable
from modelcollapse.runs.figures import Figures
from modelcollapse.runs.run_spec import check_out
from modelcollapse.runs.watching import kept
from modelcollapse.searches.generational import SearchSettings, run_search
from modelcollapse.searches.hyperparameters import GridSettings, run_grid
from modelcollapse.searches.results import SearchResults, read_search
from modelcollapse.searches.settings_fields import GridFields, SearchFields

#: N-gram orders that a corpus is counted with for an evolutionary search.
NGRAMS = "1-3"


@dataclass(frozen=True, repr=False)
class Search:
    """Results of a search among parameters.

    Attributes
    ----------
    found : SearchResults
        Its name, rows and notes.
    folder : RunFolder
        Where they are, and where what is made of them goes.
    n_failed : int
        Units of work that failed in this call; why is in the folder's ``failures``.
    """

    found: SearchResults
    folder: RunFolder
    n_failed: int = 0

    @property
    def name(self) -> str:
        """Which search: "hyperparameters" or "generational"."""
        return self.found.name

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to know of results that somebody else wrote."""
        return self.found.notes

    def results(self) -> pl.DataFrame:
        """Return all rows: one per combination and fold, or one per variant."""
        return self.found.rows

    def best(self) -> pl.DataFrame:
        """Return the ranking.

        Returns
        -------
        DataFrame
            Of a grid every combination, the best first; of an evolutionary search the best variants, each with its
            parents behind it.
        """
        from modelcollapse.searches.generational_figures import lineages
        from modelcollapse.searches.hyperparameter_figures import combinations

        return combinations(self.found.rows) if self.name == "hyperparameters" else lineages(self.found.rows)

    def effects(self) -> pl.DataFrame:
        """Return, of a grid, the mean accuracies of all combinations that share a parameter's value."""
        from modelcollapse.searches.hyperparameter_figures import effects

        return effects(self.found.rows)

    def plot(self) -> Figures:
        """Draw the search.

        Returns
        -------
        Figures
            One matplotlib figure, by the search's name.
        """
        from modelcollapse.searches.generational_figures import search_figure
        from modelcollapse.searches.hyperparameter_figures import grid_figure

        draw = grid_figure if self.name == "hyperparameters" else search_figure
        return Figures({self.name: draw(self.found.rows)})

    def write_figures(self) -> list[str]:
        """Write the figure as PNG and SVG, and the lineages of an evolutionary search as CSV; return where they are."""
        lineages = {PATHS.lineages: self.best().write_csv().encode()} if self.name == "generational" else {}
        return self.plot().write(self.folder, lineages)

    def __repr__(self) -> str:
        return f"<Search {printable(str(self.folder))}: {self.name}, {self.found.rows.height:,} rows>"

    def _repr_html_(self) -> str:
        best = self.best().head(10)
        below = (notebook.table(best.columns, best.iter_rows()), *map(notebook.text, self.notes))
        return notebook.card(f"Search {self.folder}", {"search": self.name}, *below)


@documented(GridFields)
def search_hyperparameters(
    corpus: Corpus | str | Path = "movies",
    out: str | Path = "runs/hyperparameters",
    executor: ExecutorName | Executor = "ray",
    address: str | None = None,
    workers: int | None = None,
    progress: bool | None = None,
    **settings: Any,
) -> Search:
    """Score a grid of forest parameters by cross-validation. The same call goes on where it was stopped.

    Parameters
    ----------
    corpus : Corpus, str or Path
        A corpus, or what `load_corpus` takes.
    out : str or Path
        The folder, a path or any fsspec URL.
    executor, address, workers
        As for `run_sweep`.
    progress : bool, optional
        Whether it is shown; by default where somebody sees it.
    **settings
        {fields}

    Returns
    -------
    Search

    Raises
    ------
    SpecError
        If a setting is not valid, or the corpus is too small.
    CorpusError
        If there is no such corpus.
    RunFolderError
        If the folder holds something else, or a grid on other documents.

    Examples
    --------
    >>> search = search_hyperparameters(
    ...     corpus, "runs/grid", "inprocess", grid={"n_estimators": [2, 4]}, documents=60, folds=3
    ... )
    >>> search.best()["rank"].to_list()
    [1, 2, 3]
    """
    checked = GridSettings.of("hyperparameters", **settings)
    folder, where = check_out(out, PATHS.search), find_executor(executor, address=address, workers=workers)
    documents = load_corpus(corpus) if isinstance(corpus, str | Path) else corpus
    return _search("hyperparameters", partial(run_grid, checked), documents, folder, where, progress)


@documented(SearchFields)
def search_generational(
    corpus: Corpus | str | Path = "movies",
    out: str | Path = "runs/generational",
    executor: ExecutorName | Executor = "ray",
    address: str | None = None,
    workers: int | None = None,
    progress: bool | None = None,
    ngrams: str | None = None,
    **settings: Any,
) -> Search:
    r"""Breed variants of vectoriser and forest that learn from their parents. The same call goes on where it stopped.

    Parameters
    ----------
    corpus : Corpus, str or Path
        A corpus with n-grams up to 3, or what `load_corpus` takes.
    out : str or Path
        The folder, a path or any fsspec URL.
    executor, address, workers, progress
        As for `search_hyperparameters`.
    ngrams : str, optional
        N-gram orders to count in a corpus that has text; 1-3 by default.
    **settings
        {fields}

    Returns
    -------
    Search

    Raises
    ------
    SpecError
        If a setting is not valid, the corpus is too small, or has no n-grams of order 3.
    CorpusError
        If there is no such corpus.
    RunFolderError
        If the folder holds something else, or a search with other settings.

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("shop.csv").write_text("review,label\n" + "good old book,1\nbad old book,0\n" * 60)
    >>> small = {"variants": 2, "parents": 1, "children": 1, "train_size": 60, "test_size": 60, "trees": 2}
    >>> search_generational("shop.csv", "runs/bred", "inprocess", seeds=1, max_generations=0, **small)
    <Search runs/bred: generational, 2 rows>
    """
    checked = SearchSettings.of("generational", **settings)
    folder, where = check_out(out, PATHS.search), find_executor(executor, address=address, workers=workers)
    if not isinstance(corpus, str | Path):
        documents: AnyCorpus = corpus
    elif ngrams is None and str(corpus).startswith(f"{PREFIX}:"):  # no text that could be counted otherwise
        documents = load_corpus(corpus)
    else:
        documents = load_corpus(corpus, ngrams=ngrams or NGRAMS)
    return _search("generational", partial(run_search, checked), documents, folder, where, progress)


def _search(
    name: Literal["hyperparameters", "generational"],
    search: Callable[..., tuple[pl.DataFrame, int]],
    documents: AnyCorpus,
    folder: RunFolder,
    executor: Executor,
    progress: bool | None,
) -> Search:
    """Carry out a search: `run_grid` or `run_search` with its settings."""
    corpus = two_of_counts(documents, "this search")
    with kept(str(folder)), show_progress(progress) as show:
        rows, n_failed = search(corpus, folder, executor, show)
    return Search(SearchResults(name, rows), folder, n_failed)


def open_search(location: str | Path) -> Search:
    """Open the results of a search.

    Parameters
    ----------
    location : str or Path
        A search's folder (a path or any fsspec URL), or a CSV file with results: ours, or the original study's. What
        is made of a file goes into a folder beside it.

    Returns
    -------
    Search

    Raises
    ------
    AnalysisError
        If there is no search, it has no results yet, or they cannot be read.

    Examples
    --------
    >>> _ = search_hyperparameters(corpus, "runs/one", "inprocess", grid={"max_depth": [3]}, documents=60, folds=2)
    >>> open_search("runs/one")
    <Search runs/one: hyperparameters, 4 rows>
    """
    found = find_search(location)
    if found is None:
        raise AnalysisError(f"Found no results of a search in {location}: expected a search's folder or a CSV file.")
    return found


def find_search(location: str | Path) -> Search | None:
    """Return the search in a place as `open_search` does; None if there is something else, or nothing."""
    file = Path(location)
    if file.suffix == ".csv" and is_file(file):
        try:
            content = file.read_bytes()
        except OSError as error:
            raise AnalysisError(f"Cannot read {file}: {error.strerror}.") from None
        results = read_search(content, str(location))
        return None if results is None else Search(results, MadeOfFile(file))
    folder = RunFolder(location)
    if folder.read(PATHS.spec) is not None or folder.search.read() is None:
        return None  # a run, whatever else lies in its folder
    found = folder.read(PATHS.results)
    if found is None:
        raise AnalysisError(f"{folder} has no {PATHS.results} yet: run its command again, or wait for it.")
    results = read_search(found, str(location))
    if results is None:
        raise AnalysisError(
            f"{folder.path(PATHS.results)} holds no results of a search: rename it, and run the search's command again."
        )
    return Search(results, folder)
