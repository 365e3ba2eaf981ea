"""What was read, kept and dropped, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from modelcollapse.corpora.reading.columns import Columns
from modelcollapse.errors import CorpusError

#: Share of unusable rows above which a file is refused.
TOLERATED = 0.01

_SHOWN = 5
_SNIPPET = 60


@dataclass(frozen=True)
class BadRow:
    """A row that could not be used.

    Attributes
    ----------
    file : str
        Name of the file.
    line : int
        Line of the file (row, in formats without lines) at which the row begins, counted from 1.
    reason : str
        What is wrong with it.
    found : str
        Its beginning.
    """

    file: str
    line: int
    reason: str
    found: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.reason}: {self.found}"


@dataclass
class Ledger:
    """Counts rows on their way from a source into a corpus.

    Attributes
    ----------
    read : int
        Rows seen.
    bad : Counter of str
        Rows that could not be used, by reason.
    left_out : Counter of str
        Rows that were left out on purpose, by reason.
    duplicates : int
        Usable rows whose text had been there before, whether they were kept or not.
    shown : list of BadRow
        The first few bad rows.
    files : list of dict
        Each file's name, form and columns, as they were recognised.
    """

    read: int = 0
    bad: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    shown: list[BadRow] = field(default_factory=list)
    files: list[dict[str, str]] = field(default_factory=list)

    def describe(
        self, file: str, form: str, columns: Columns | None = None, header: Sequence[str] | None = None
    ) -> None:
        """Note how a file was understood; without header, columns are named by their number."""
        entry = {"file": file, "form": form}
        if columns is not None:
            names = [str(i + 1) for i in range(1 + max(*columns.texts, columns.label))] if header is None else header
            entry["text"] = " + ".join(names[i] for i in columns.texts)
            entry["rating" if columns.ratings else "label"] = names[columns.label]
        self.files.append(entry)

    def reject(self, file: str, line: int, reason: str, found: str, count: int = 1) -> None:
        """Note rows that cannot be used; the first few are remembered with their line."""
        self.bad[reason] += count
        if len(self.shown) < _SHOWN:
            flat = " ".join(found.split())
            self.shown.append(BadRow(file, line, reason, flat if len(flat) <= _SNIPPET else flat[:_SNIPPET] + "…"))

    def check(self, keep_going: bool) -> None:
        """Refuse a source in which too many rows cannot be used.

        Raises
        ------
        CorpusError
            If more than 1 % of the rows are bad and `keep_going` is false.
        """
        n_bad = self.bad.total()
        if n_bad > TOLERATED * self.read and not keep_going:
            reasons = ", ".join(f"{count:,} × {reason}" for reason, count in self.bad.most_common())
            raise CorpusError(
                f"{n_bad:,} of {self.read:,} rows cannot be used ({reasons}; first: {self.shown[0]}). "
                f"Up to {TOLERATED:.0%} is accepted. Mend the file, check the column names, or use --keep-going."
            )

    def summary(self, kept: int) -> dict[str, Any]:
        """Return the counts as JSON-serialisable values."""
        return {
            "read": self.read,
            "bad": dict(self.bad),
            "left_out": dict(self.left_out),
            "duplicates": self.duplicates,
            "kept": kept,
            "bad_rows": [str(row) for row in self.shown],
            "files": self.files,
        }


def describe_lengths(lengths: npt.NDArray[np.integer[Any]]) -> dict[str, float]:
    """Distribution of the number of tokens in a document."""
    quantiles = np.quantile(lengths, [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1], method="lower")
    names = ("min", "p10", "p25", "median", "p75", "p90", "max")
    return {
        "total": int(lengths.sum()),
        "mean": float(lengths.mean()),
        **{name: int(value) for name, value in zip(names, quantiles, strict=True)},
        "empty_documents": int((lengths == 0).sum()),
    }
