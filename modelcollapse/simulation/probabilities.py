"""What labels follow from probabilities: of two classes those of class 1, shape (n,); of more a column for each class.

More than two classes generalise what is done of two, and that stays to the last bit as it was.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

Probabilities = npt.NDArray[np.float64]

#: Documents that are matched at once: the work grows with the square of their number, and more.
_BLOCK = 500


def confidence(probability: Probabilities) -> npt.NDArray[np.float64]:
    """Return the probability of the likeliest class, shape (n,)."""
    if probability.ndim == 1:
        return np.maximum(probability, 1 - probability)
    return probability.max(axis=1)


def least_sure_first(probability: Probabilities) -> npt.NDArray[np.int64]:
    """Order documents by the probability of their likeliest class, smallest first; of equals the first."""
    sure = np.abs(probability - 0.5) if probability.ndim == 1 else confidence(probability)
    return np.argsort(sure, kind="stable")


def drawn(probability: Probabilities, uniform: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
    """Draw labels, by one uniform number in [0, 1) for each document: of many classes the first whose sum is above."""
    if probability.ndim == 1:
        return (uniform < probability).astype(np.uint8)
    sums = np.cumsum(probability, axis=1)
    places = (uniform[:, np.newaxis] * sums[:, -1:] >= sums).sum(axis=1)
    return np.minimum(places, probability.shape[1] - 1).astype(np.uint16)


def matched(probability: Probabilities, shares: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
    """Label documents so that every class has the share of them that it is to have.

    Of two classes the threshold is a quantile of P(class 1). Of more, each class has a quota of documents – its share
    of them, rounded so that all quotas sum up – and labels are those of the largest sum of probabilities that keep the
    quotas: an assignment problem, solved exactly (Crouse 2016) in blocks of at most 500 documents in their order.
    Of two classes that would be the same labels, a document at the threshold aside. Shares sum up to 1.
    """
    if probability.ndim == 1:
        return (probability > np.quantile(probability, 1 - shares[1])).astype(np.uint8)
    n = len(probability)
    labels = np.empty(n, np.uint16)
    given = np.zeros(len(shares), np.int64)
    for first in range(0, n, _BLOCK):
        last = min(n, first + _BLOCK)
        quota = _rounded(shares * last - given, last - first)
        columns = np.repeat(np.arange(len(shares)), quota)
        rows, places = linear_sum_assignment(probability[first:last][:, columns], maximize=True)
        labels[first + rows] = columns[places]
        given += quota
    return labels


def _rounded(wanted: npt.NDArray[np.float64], total: int) -> npt.NDArray[np.int64]:
    """Round numbers so that they sum up to a total: the largest remainders are rounded up; none becomes negative."""
    least = np.maximum(np.floor(wanted), 0).astype(np.int64)
    rest = total - int(least.sum())
    order = np.argsort(-(wanted - least), kind="stable")
    if rest >= 0:
        least[order[:rest]] += 1
    else:  # earlier blocks gave some classes more than their share: the others wait
        for place in order[::-1]:
            taken = min(-rest, int(least[place]))
            least[place] -= taken
            rest += taken
    return least
