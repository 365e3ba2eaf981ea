"""Labels and star ratings as people write them, and the classes they stand for: two, or as many as there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from modelcollapse.corpora.reading.batches import RowBatch
from modelcollapse.corpora.reading.read_report import TOLERATED, ReadReport
from modelcollapse.errors import CorpusError

#: Not a class: a rating that is neither good nor bad; a value that is no label at all.
NEUTRAL, UNKNOWN = 65_534, 65_535

#: Names of two classes.
TWO = ("negative", "positive")

#: The most classes there may be; and the fewest rows that make a value one of them that is no usual name.
MOST_CLASSES, FEWEST_ROWS = 1_000, 10

#: What stands for a label that is not there.
_MISSING = ("", "nan")

_SCHEMES: tuple[dict[str, int], ...] = (
    {"0": 0, "1": 1},
    {"1": 0, "2": 1},
    {"-1": 0, "1": 1},
    {"neg": 0, "negative": 0, "false": 0, "no": 0, "bad": 0, "pos": 1, "positive": 1, "true": 1, "yes": 1, "good": 1},
)
_EXPECTED = "0/1, 1/2, -1/1, negative/positive or false/true"


@dataclass(frozen=True, eq=False)
class Classes:
    """What labels mean."""

    #: The place of every row's class in `names`, shape (n_rows,); `NEUTRAL` or `UNKNOWN` where it has none.
    of_rows: npt.NDArray[np.uint16]
    names: tuple[str, ...]  # `TWO`, or else as the first row has them: numbers in their order, words by code point

    @property
    def are_there(self) -> npt.NDArray[np.bool_]:
        """Of every row whether it has a class."""
        return self.of_rows < len(self.names)

    def labels(self, keep: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
        """Return the classes of those rows that are kept, as a corpus has them."""
        return self.of_rows[keep].astype(np.uint8 if len(self.names) == 2 else np.uint16)


def number_in(text: str) -> float | None:
    """Return the number that a text is, if it is one."""
    try:
        return float(text)
    except ValueError:
        return None


def _normal(value: str) -> str:
    """One spelling for each label: no case, no white space, no fastText prefix, ``1.0`` and ``+1`` as ``1``."""
    word = " ".join(value.lower().split()).removeprefix("__label__").strip()
    number = number_in(word)
    return word if number is None or not number.is_integer() else str(int(number))


def class_of_stars(value: str) -> int:
    """Class of a star rating: 1 for 4 to 5 stars, 0 for 1 to 2, `NEUTRAL` between, `UNKNOWN` for anything else."""
    stars = number_in(value)
    if stars is None or not 1 <= stars <= 5:
        return UNKNOWN
    return 1 if stars >= 4 else 0 if stars <= 2 else NEUTRAL


class LabelColumn:
    """Collects raw labels and, when all have been seen, says what they mean."""

    def __init__(self, keep_stars: bool = False, keep_going: bool = False) -> None:
        self._keep_stars = keep_stars  # every number of stars is a class of its own
        self._keep_going = keep_going  # however many rows cannot be used
        self._code_of_raw: dict[tuple[bool, str], int] = {}
        self._values: dict[tuple[bool, str], int] = {}
        self._written: list[str] = []
        self._first: list[tuple[str, int]] = []
        self._seen: list[npt.NDArray[np.int16]] = []

    def noting(self, batches: Iterable[RowBatch]) -> Iterator[RowBatch]:
        """Pass batches on, noting their labels."""
        for batch in batches:
            self.add(batch)
            yield batch

    def add(self, batch: RowBatch) -> None:
        """Note the labels of some rows; raise CorpusError if there are far too many different ones."""
        codes = np.empty(len(batch), np.int16)
        for i, value in enumerate(batch.labels):
            code = self._code_of_raw.get((batch.ratings, value))
            codes[i] = self._new(value, batch, batch.lines[i]) if code is None else code
        self._seen.append(codes)

    def _new(self, value: str, batch: RowBatch, line: int) -> int:
        if len(self._code_of_raw) >= MOST_CLASSES:
            raise CorpusError(
                f"labels are no classes: more than {MOST_CLASSES:,} different values, such as {value[:40]!r} "
                f"({batch.file}, line {line}). Expected {_EXPECTED}, other words or numbers of which each stands for "
                "many rows, or stars from 1 to 5 with --rating-column."
            )
        normal = _normal(value)
        code = self._values.setdefault((batch.ratings, normal), len(self._values))
        if code == len(self._first):
            self._first.append((batch.file, line))
            is_number = number_in(normal) is not None
            self._written.append(normal if is_number else " ".join(value.strip().removeprefix("__label__").split()))
        self._code_of_raw[batch.ratings, value] = code
        return code

    def classes(self, report: ReadReport) -> Classes:
        """Return what all labels mean; rows without a class are entered in the report.

        Raise CorpusError if there are no classes, or one alone, or too many rows cannot be used.
        """
        report.check(self._keep_going)
        seen = np.concatenate([np.empty(0, np.int16), *self._seen])
        counts = np.bincount(seen, minlength=len(self._values))
        meaning = self._two(counts)
        names: tuple[str, ...] = TWO
        if self._keep_stars or not self._are_two(counts, meaning):
            meaning, names = self._many(counts)
        for (rating, value), code in self._values.items():
            if meaning[code] == UNKNOWN:
                reason = "unknown rating" if rating else "unknown label"
                report.reject(*self._first[code], reason, repr(value) if value else "nothing", int(counts[code]))
            elif meaning[code] == NEUTRAL:
                report.left_out[f"{value} stars"] += int(counts[code])
        report.check(self._keep_going)
        return Classes(meaning[seen], names)

    def _two(self, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.uint16]:
        """Class of each distinct value if there are two: of labels, in the scheme that knows most of them."""
        candidates = [
            np.array([class_of_stars(v) if rating else scheme.get(v, UNKNOWN) for rating, v in self._values], np.uint16)
            for scheme in _SCHEMES
        ]
        return max(candidates, key=lambda classes: int(counts[classes != UNKNOWN].sum()))

    def _are_two(self, counts: npt.NDArray[np.int64], meaning: npt.NDArray[np.uint16]) -> bool:
        """Return whether labels are the two classes that they were taken for."""
        is_known = counts[meaning == UNKNOWN].sum() <= TOLERATED * counts.sum()
        return all(counts[meaning == c].sum() for c in (0, 1)) and (self._keep_going or bool(is_known))

    def _many(self, counts: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.uint16], tuple[str, ...]]:
        """Class of each distinct value, each its own, and their names; raise CorpusError if these are no classes."""
        usual = [
            code
            for (rating, value), code in self._values.items()
            if counts[code] >= FEWEST_ROWS
            and value not in _MISSING
            and (not rating or class_of_stars(value) != UNKNOWN)
        ]
        is_enough = self._keep_going or counts[usual].sum() >= (1 - TOLERATED) * counts.sum()
        has_ratings = any(rating for rating, _ in self._values)
        if len(usual) < 2 or not is_enough or (has_ratings and not self._keep_stars):
            raise self._refusal(counts)
        usual.sort(key=lambda code: _place(self._written[code]))
        meaning = np.full(len(counts), UNKNOWN, np.uint16)
        meaning[usual] = np.arange(len(usual))
        return meaning, tuple(self._written[code] for code in usual)

    def _refusal(self, counts: npt.NDArray[np.int64]) -> CorpusError:
        """Return why labels are no classes."""
        if not counts.any():
            return CorpusError("there is no row with text and label. Check the file and the column names.")
        most = sorted(self._values.items(), key=lambda entry: -int(counts[entry[1]]))
        found = ", ".join(f"{value[:20] or 'nothing'} ({counts[code]:,})" for (_, value), code in most[:6])
        if any(rating for rating, _ in self._values):
            expected = "Expected stars from 1 to 5, both good (4, 5) and bad (1, 2)."
        else:
            expected = (
                f"Expected {_EXPECTED}; or other values, each of at least {FEWEST_ROWS} rows; "
                "for stars from 1 to 5 use --rating-column."
            )
        return CorpusError(f"labels are not two classes: found {found}{', …' if len(most) > 6 else ''}. {expected}")


def _place(name: str) -> tuple[bool, float, str]:
    """Return what names of classes are sorted by: numbers first, in their order."""
    number = number_in(name)
    return number is None, number or 0.0, name
