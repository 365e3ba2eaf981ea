"""What was read, kept and dropped, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from modelcollapse.corpora.reading.columns import Columns
from modelcollapse.errors import CorpusError

#: Share of unusable rows above which a file is refused.
TOLERATED = 0.01

_SHOWN = 5
_SNIPPET = 60


@dataclass
class ReadReport:
    """Counts rows on their way from a source into a corpus; stored with the corpus."""

    read: int = 0  # rows seen
    bad: Counter[str] = field(default_factory=Counter)  # rows that could not be used, by reason
    left_out: Counter[str] = field(default_factory=Counter)  # rows that were left out on purpose, by reason
    duplicates: int = 0  # usable rows whose text had been there before, whether they were kept or not
    kept: int = 0  # documents of the corpus
    #: The first few bad rows: file, line (row, in formats without lines; counted from 1), reason and beginning.
    bad_rows: list[str] = field(default_factory=list)
    files: list[dict[str, str]] = field(default_factory=list)  # name, form and columns, as they were recognised

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
        if len(self.bad_rows) < _SHOWN:
            flat = " ".join(found.split())
            snippet = flat if len(flat) <= _SNIPPET else flat[:_SNIPPET] + "…"
            self.bad_rows.append(f"{file}, line {line}: {reason}: {snippet}")

    def check(self, keep_going: bool) -> None:
        """Raise CorpusError if more than 1 % of the rows are bad and `keep_going` is false."""
        n_bad = self.bad.total()
        if n_bad > TOLERATED * self.read and not keep_going:
            reasons = ", ".join(f"{count:,} × {reason}" for reason, count in self.bad.most_common())
            raise CorpusError(
                f"{n_bad:,} of {self.read:,} rows cannot be used ({reasons}; first: {self.bad_rows[0]}). "
                f"Up to {TOLERATED:.0%} is accepted. Mend the file, check the column names, or use --keep-going."
            )
