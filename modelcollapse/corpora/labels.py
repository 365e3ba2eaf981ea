"""Labels and star ratings as people write them, and the two classes they stand for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from modelcollapse.corpora.ledger import TOLERATED, Ledger
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
    """Collects raw labels and, when all have been seen, says what they mean.

    Parameters
    ----------
    ratings : bool
        Whether the values are star ratings and not classes.
    """

    def __init__(self, ratings: bool) -> None:
        self._ratings = ratings
        self._code_of_raw: dict[str, int] = {}
        self._codes: dict[str, int] = {}
        self._first: list[tuple[str, int]] = []
        self._seen: list[npt.NDArray[np.int16]] = []

    def add(self, values: list[str], lines: list[int], file: str) -> None:
        """Note the labels of some rows.

        Raises
        ------
        CorpusError
            If there are far too many different ones.
        """
        codes = np.empty(len(values), np.int16)
        for i, value in enumerate(values):
            code = self._code_of_raw.get(value)
            if code is None:
                code = self._new(value, file, lines[i])
            codes[i] = code
        self._seen.append(codes)

    def _new(self, value: str, file: str, line: int) -> int:
        if len(self._code_of_raw) >= _MAX_DISTINCT:
            raise CorpusError(
                f"labels are not two classes: more than {_MAX_DISTINCT:,} different values, such as {value[:40]!r} "
                f"({file}, line {line}). Expected {_EXPECTED}, or stars from 1 to 5 with --rating-column."
            )
        code = self._codes.setdefault(_normal(value), len(self._codes))
        if code == len(self._first):
            self._first.append((file, line))
        self._code_of_raw[value] = code
        return code

    def classes(self, ledger: Ledger, keep_going: bool) -> npt.NDArray[np.uint8]:
        """Class (0, 1, `NEUTRAL` or `UNKNOWN`) of every row noted; the latter two are entered in the ledger.

        Raises
        ------
        CorpusError
            If there are not two classes.
        """
        seen = np.concatenate([np.empty(0, np.int16), *self._seen])
        counts = np.bincount(seen, minlength=len(self._codes))
        meaning = self._meaning(counts)
        self._check(counts, meaning, keep_going)
        for value, code in self._codes.items():
            file, line = self._first[code]
            if meaning[code] == UNKNOWN and counts[code]:
                reason = "unknown rating" if self._ratings else "unknown label"
                ledger.reject(file, line, reason, repr(value) if value else "nothing", int(counts[code]))
            elif meaning[code] == NEUTRAL:
                ledger.left_out[f"{value} stars"] += int(counts[code])
        return meaning[seen]

    def _meaning(self, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """Class of each distinct value."""
        if self._ratings:
            return np.array([class_of_stars(value) for value in self._codes], np.uint8)
        candidates = [np.array([scheme.get(v, UNKNOWN) for v in self._codes], np.uint8) for scheme in _SCHEMES]
        return max(candidates, key=lambda classes: int(counts[classes != UNKNOWN].sum()))

    def _check(self, counts: npt.NDArray[np.int64], meaning: npt.NDArray[np.uint8], keep_going: bool) -> None:
        """Refuse labels that are not two classes."""
        missing = [c for c in (0, 1) if not counts[meaning == c].sum()]
        unknown = int(counts[meaning == UNKNOWN].sum())
        if not missing and (keep_going or unknown <= TOLERATED * counts.sum()):
            return
        most = sorted(self._codes, key=lambda value: -int(counts[self._codes[value]]))
        found = ", ".join(f"{value[:20] or 'nothing'} ({counts[self._codes[value]]:,})" for value in most[:6])
        if self._ratings:
            raise CorpusError(
                f"ratings do not give two classes: found {found}{', …' if len(most) > 6 else ''}. "
                "Expected stars from 1 to 5, both good (4, 5) and bad (1, 2)."
            )
        raise CorpusError(
            f"labels are not two classes: found {found}{', …' if len(most) > 6 else ''}. "
            f"Expected {_EXPECTED}; for stars from 1 to 5 use --rating-column."
        )
