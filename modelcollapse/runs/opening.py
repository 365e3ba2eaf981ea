"""Opening results, wherever they are: in a run's folder, or in a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from modelcollapse.analysis.exported_rows import read_rows
from modelcollapse.analysis.made import MadeOfFile
from modelcollapse.analysis.statistics.arms import AnalysisError
from modelcollapse.analysis.study.published import is_original_file, read_original
from modelcollapse.atomic import readable
from modelcollapse.domains.catalogue import find_domain
from modelcollapse.execution.store.record import domain_of
from modelcollapse.names import is_file, printable
from modelcollapse.runs.results import Look, Results
from modelcollapse.runs.run import open_run
from modelcollapse.runs.searching import find_search
from modelcollapse.simulation.domain import Domain

if TYPE_CHECKING:
    from modelcollapse.analysis.report.page import About


class FileResults(Results):
    """Rows of a file: exported by us, or a result file of the original study.

    What is made of them goes into a folder beside the file that has its name.

    Parameters
    ----------
    file : Path
        Ends in ``.csv`` or ``.parquet``.

    Raises
    ------
    AnalysisError
        If it cannot be read, or holds something else.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.folder = MadeOfFile(file)
        self._rows = read_original(file) if is_original_file(file) else read_rows(file)

    @property
    def name(self) -> str:
        """The file's name."""
        return readable(self.file.stem)

    @property
    def corpus(self) -> Mapping[str, Any]:
        """Nothing: rows do not say it."""
        return {}

    @property
    def domain(self) -> Domain:
        """The domain that has these columns."""
        return find_domain(domain_of(self._rows.columns) or "classification")

    def results(self) -> pl.DataFrame:
        """Return all rows, one per generation."""
        return self._rows

    def about(self) -> About:
        """Return what a report says besides the rows: nothing but themselves is known."""
        from modelcollapse.analysis.report.page import about_file

        return about_file(self._rows, self.name)

    def _look(self) -> Look:
        """Return everything there is: the file was read when it was opened."""
        facts = {
            "experiments": ", ".join(self._rows["experiment"].unique(maintain_order=True)),
            "chains": f"{self._rows['chain_id'].n_unique():,}",
            "generations": f"{self._rows.height:,}",
        }
        return Look(self._rows, self.about(), facts)

    def __repr__(self) -> str:
        return f"<FileResults {printable(readable(str(self.file)))}: {self._rows.height:,} rows>"


def open_results(location: str | Path) -> Results:
    """Open a run's folder, an exported file, or a result file of the original study.

    Parameters
    ----------
    location : str or Path
        A folder (a path or any fsspec URL), or a CSV or Parquet file. What is made of a file goes into a folder beside
        it that has its name.

    Returns
    -------
    Run or FileResults

    Raises
    ------
    AnalysisError
        If a file cannot be read or holds something else, or there are the results of a search.
    RunFolderError
        If a folder holds no run.

    Examples
    --------
    >>> _ = run.export("rows.parquet")
    >>> open_results("rows.parquet")
    <FileResults rows.parquet: 18 rows>
    """
    if search := find_search(location):
        raise AnalysisError(
            f"{location} holds the results of a search ({search.name}), which has no curves. "
            f"Look at it with: modelcollapse plot {location}"
        )
    file = Path(location)
    if file.suffix in (".csv", ".parquet") and is_file(file):
        return FileResults(file)
    return open_run(location)
