"""What this package made outside of a run's folder – exports, and what is drawn of them – and how it is known again."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import polars as pl
from polars.exceptions import PolarsError

from modelcollapse import atomic
from modelcollapse.analysis.statistics.arms import AnalysisError
from modelcollapse.analysis.statistics.frames import EXPORTED
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.store.paths import PATHS
from modelcollapse.execution.store.record import domain_of

#: Columns that exported rows have had from the first version on. Later versions have more.
_ALWAYS_EXPORTED = {
    "experiment", "chain_id", "seed", "collapse_rate", "initial_size", "model", "model_params", "regime", "label_rule",
    "generation", "n_seen", "n_train", "n_synthetic", "n_test", "accuracy", "fit_seconds", "predict_seconds",
}  # fmt: skip
#: What every figure says of its maker.
MAKER = "modelcollapse"
_LINEAGES = {"rank", "steps_back", "variant", "score", "sd", "collapse_rate", "wrong_labels", "changed", "has_parent"}
_CLAIMS = b"| experiment | claim of the post |"
_GENERATOR = re.compile(rb'<meta name="generator" content="modelcollapse[ "]')
_CREATOR = re.compile(rb"<dc:creator>[^/]*>" + MAKER.encode() + rb"<")

#: So many bytes say what a file is.
_HEAD = 20_000


def is_export(file: Path) -> bool:
    """Whether a CSV or Parquet file holds rows that this version or an earlier one exported, and nothing more."""
    with file.open("rb") as opened:
        if file.suffix == ".parquet":
            try:
                names = set(pl.read_parquet_schema(opened))
            except PolarsError:
                return False
        else:
            names = set(_csv_names(opened.read(_HEAD)))
    return _ALWAYS_EXPORTED <= names <= EXPORTED.keys() or domain_of(names) is not None


def write_export(rows: pl.DataFrame, file: Path) -> None:
    """Write rows to a CSV or Parquet file, whose folder is made if need be. Only an earlier export is replaced."""
    if file.suffix not in (".csv", ".parquet"):
        raise AnalysisError(f"Cannot export to '{file.name}': expected a name that ends in .csv or .parquet.")
    if re.match(r"[a-z][a-z0-9+.-]*:/", str(file)):
        raise AnalysisError(f"Cannot export to {file}: found a URL, expected a file on this machine.")
    _check_outside_of_stores(file)
    try:
        if file.exists() and not (file.is_file() and (is_export(file) or not file.stat().st_size)):
            raise AnalysisError(
                f"{file} is no earlier export, so it is not written over. Choose another file, or remove it first."
            )
        file.parent.mkdir(parents=True, exist_ok=True)
        content = io.BytesIO()  # Polars does not say why a file cannot be written
        write = rows.write_csv if file.suffix == ".csv" else rows.write_parquet
        write(content)
        atomic.write_bytes(file, content.getvalue())
    except OSError as error:
        raise AnalysisError(f"Cannot write {file}: {error.strerror}. Choose another file.") from None


def _check_outside_of_stores(file: Path) -> None:
    """Raise AnalysisError if a file would lie among the chains or units of a run or a search."""
    folder = Path(os.path.realpath(file)).parent
    is_shelf = folder.name in {shelf.name for shelf in PATHS.shelves}
    if is_shelf and any((folder.parent / spec).exists() for spec in PATHS.specs):
        raise AnalysisError(f"Cannot export to {file}: {folder} is a run's own store. Choose another file.")


class MadeOfFile(RunFolder):
    """The folder for what is made of a file's rows. It is beside the file, and has its name.

    Whoever has such a folder already may have anything in it: only what says that this package made it is replaced.
    """

    def __init__(self, file: Path) -> None:
        if not file.stem.strip("."):
            raise AnalysisError(
                f"What is made of {file} goes to a folder of its name, and '{file.stem}' is none: rename the file."
            )
        super().__init__(file.with_suffix(""))
        self._file = file

    def write(self, name: str, content: bytes) -> None:
        """Write a file as a whole (see `RunFolder.write`), but not among a run's, nor over what others made."""
        if any(self.read(spec) is not None for spec in PATHS.specs):
            raise AnalysisError(
                f"What is made of {self._file} would go to {self}, which holds a run or a search of its own "
                "(spec.json or search.json): rename the file."
            )
        found = self.read(name)
        if found is not None and not _MADE[PurePosixPath(name).suffix](found[:_HEAD]):
            raise AnalysisError(
                f"{self.path(name)} was not made by modelcollapse, so it is not written over: rename it, "
                f"or rename {self._file} – what is made of it goes to a folder of its name."
            )
        super().write(name, content)


def _csv_names(head: bytes) -> list[str]:
    lines = head.decode("utf-8-sig", errors="replace").splitlines()[:1]
    return next(csv.reader(lines), [])


_MADE: dict[str, Callable[[bytes], bool]] = {
    ".html": lambda head: _GENERATOR.search(head) is not None,
    ".md": lambda head: head.startswith(_CLAIMS),
    ".csv": lambda head: set(_csv_names(head)) >= _LINEAGES,
    ".svg": lambda head: _CREATOR.search(head) is not None,
    ".png": lambda head: b"Software\0" + MAKER.encode() in head,
}
