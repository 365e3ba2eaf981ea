"""Rows of labelled text on their way from a source to the tokeniser."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

#: Rows read, tokenised and handed on together, and their characters: whichever is reached first.
BATCH_ROWS = 16_384
BATCH_CHARACTERS = 20_000_000


class SourceRow(NamedTuple):
    """A row as readers find it."""

    line: int  # at which it begins, counted from 1; the row's number in formats without lines
    text: str
    label: str  # or rating, as written
    ratings: bool  # whether it is a rating


@dataclass
class RowBatch:
    """Some usable rows of one file."""

    file: str  # name of the file they come from
    ratings: bool = False  # whether labels are star ratings
    n_characters: int = 0  # length of all texts
    texts: list[str] = field(default_factory=list)  # never blank
    labels: list[str] = field(default_factory=list)  # or ratings, as written
    lines: list[int] = field(default_factory=list)  # see `SourceRow`

    def add(self, text: str, label: str, line: int) -> None:
        """Append a row."""
        self.texts.append(text)
        self.labels.append(label)
        self.lines.append(line)
        self.n_characters += len(text)

    def __len__(self) -> int:
        return len(self.labels)
