"""How a corpus was made: stored with it, and in every run on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter

from modelcollapse.corpora.reading.read_report import ReadReport


@dataclass(frozen=True)
class Lengths:
    """Distribution of the number of words in a document."""

    total: int
    mean: float
    min: int
    p10: int
    p25: int
    median: int
    p75: int
    p90: int
    max: int
    empty_documents: int

    @classmethod
    def of(cls, lengths: npt.NDArray[np.integer[Any]]) -> Lengths:
        """Summarise the lengths of documents; quantiles are lengths that occur."""
        quantiles = map(int, np.quantile(lengths, [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1], method="lower"))
        low, p10, p25, median, p75, p90, high = quantiles
        n_empty = int((lengths == 0).sum())
        return cls(int(lengths.sum()), float(lengths.mean()), low, p10, p25, median, p75, p90, high, n_empty)


@dataclass(frozen=True)
class BayesError:
    """Error of the best possible classifier, known for synthetic reviews."""

    error: float
    standard_error: float


@dataclass(frozen=True)
class Origin:
    """How a corpus was made."""

    source: dict[str, Any]  # all that identifies it: its kind, hashes of files, options or parameters, versions
    rows: ReadReport  # what was read, kept and dropped
    tokens: Lengths | None  # words a document; None where documents are no texts
    bayes_error: BayesError | None = None  # of synthetic reviews

    @classmethod
    def from_json(cls, values: Any) -> Origin:
        """Read what `to_json` returned; raise ValueError if it is something else."""
        return _ADAPTER.validate_python(values)

    def to_json(self) -> dict[str, Any]:
        """Return JSON-serialisable values."""
        values: dict[str, Any] = _ADAPTER.dump_python(self, mode="json")
        if self.bayes_error is None:
            del values["bayes_error"]
        return values


_ADAPTER = TypeAdapter(Origin)
