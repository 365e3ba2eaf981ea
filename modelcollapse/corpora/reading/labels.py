"""Labels and star ratings as people write them, and the two classes they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from modelcollapse.corpora.reading.batches import RowBatch
from modelcollapse.corpora.reading.read_report import TOLERATED, ReadReport
from modelcollapse.errors import CorpusError

#: Not a class: a rating that is neither good nor bad; a value that is no label at all.
NEUTRAL, UNKNOWN = 2, 3

_SCHEMES: tuple[dict[str, int], ...] = (
    {"0": 0, "1": 1},
    {"1": 0, "2": 1},
    {"-1": 0, "1": 1},
    {"neg": 0, "negative": 0, "false": 0, "no": 0, "bad": 0, "pos": 1, "positive": 1, "true": 1, "yes": 1, "good": 1},
)
_EXPECTED = "0/1, 1/2, -1/1, negative/positive or false/true"
_MAX_DISTINCT = 1_000


def _normal(value: str) -> str:
    """One spelling for each label: no case, no white space, no fastText prefix, ``1.0`` and ``+1`` as ``1``."""
    word = value.strip().lower().removeprefix("__label__")
    try:
        number = float(word)
    except ValueError:
        return word
    return str(int(number)) if number.is_integer() else word


def class_of_stars(value: str) -> int:
    """Class of a star rating: 1 for 4 to 5 stars, 0 for 1 to 2, `NEUTRAL` between, `UNKNOWN` for anything else."""
    try:
        stars = float(value)
    except ValueError:
        return UNKNOWN
    if not 1 <= stars <= 5:
        return UNKNOWN
    return 1 if stars >= 4 else 0 if stars <= 2 else NEUTRAL


class LabelColumn:
    """Collects raw labels and, when all have been seen, says what they mean."""

    def __init__(self) -> None:
        self._code_of_raw: dict[tuple[bool, str], int] = {}
        self._values: dict[tuple[bool, str], int] = {}
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
        if len(self._code_of_raw) >= _MAX_DISTINCT:
            raise CorpusError(
                f"labels are not two classes: more than {_MAX_DISTINCT:,} different values, such as {value[:40]!r} "
                f"({batch.file}, line {line}). Expected {_EXPECTED}, or stars from 1 to 5 with --rating-column."
            )
        code = self._values.setdefault((batch.ratings, _normal(value)), len(self._values))
        if code == len(self._first):
            self._first.append((batch.file, line))
        self._code_of_raw[batch.ratings, value] = code
        return code

    def classes(self, report: ReadReport, keep_going: bool) -> npt.NDArray[np.uint8]:
        """Class (0, 1, `NEUTRAL` or `UNKNOWN`) of every row noted; the latter two are entered in the report.

        Raise CorpusError if there are not two classes.
        """
        seen = np.concatenate([np.empty(0, np.int16), *self._seen])
        counts = np.bincount(seen, minlength=len(self._values))
        meaning = self._meaning(counts)
        self._check(counts, meaning, keep_going)
        for (rating, value), code in self._values.items():
            if meaning[code] == UNKNOWN:
                reason = "unknown rating" if rating else "unknown label"
                report.reject(*self._first[code], reason, repr(value) if value else "nothing", int(counts[code]))
            elif meaning[code] == NEUTRAL:
                report.left_out[f"{value} stars"] += int(counts[code])
        return meaning[seen]

    def _meaning(self, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """Class of each distinct value: of labels, in the scheme that knows most of them."""
        candidates = [
            np.array([class_of_stars(v) if rating else scheme.get(v, UNKNOWN) for rating, v in self._values], np.uint8)
            for scheme in _SCHEMES
        ]
        return max(candidates, key=lambda classes: int(counts[classes != UNKNOWN].sum()))

    def _check(self, counts: npt.NDArray[np.int64], meaning: npt.NDArray[np.uint8], keep_going: bool) -> None:
        """Refuse labels that are not two classes."""
        missing = [c for c in (0, 1) if not counts[meaning == c].sum()]
        unknown = int(counts[meaning == UNKNOWN].sum())
        if not missing and (keep_going or unknown <= TOLERATED * counts.sum()):
            return
        if not counts.any():
            raise CorpusError("there is no row with text and label. Check the file and the column names.")
        most = sorted(self._values.items(), key=lambda entry: -int(counts[entry[1]]))
        found = ", ".join(f"{value[:20] or 'nothing'} ({counts[code]:,})" for (_, value), code in most[:6])
        if any(rating for rating, _ in self._values):
            expected = "Expected stars from 1 to 5, both good (4, 5) and bad (1, 2)."
        else:
            expected = f"Expected {_EXPECTED}; for stars from 1 to 5 use --rating-column."
        raise CorpusError(f"labels are not two classes: found {found}{', …' if len(most) > 6 else ''}. {expected}")
