"""Opening results, wherever they are."""

from __future__ import annotations

from pathlib import Path

from modelcollapse.names import is_file
from modelcollapse.runs.results import FileResults, Results
from modelcollapse.runs.run import open_run
from modelcollapse.runs.searching import find_search


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
    """
    from modelcollapse.analysis.statistics.arms import AnalysisError

    if search := find_search(location):
        raise AnalysisError(
            f"{location} holds the results of a search ({search.name}), which has no curves. "
            f"Look at it with: modelcollapse plot {location}"
        )
    file = Path(location)
    if file.suffix in (".csv", ".parquet") and is_file(file):
        return FileResults(file)
    return open_run(location)
