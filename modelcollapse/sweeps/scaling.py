"""The same sweep on fewer documents, or on more."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from modelcollapse.errors import SpecError
from modelcollapse.sweeps.sweep import Sweep

#: Fields of a sweep that a scale multiplies.
SIZES = ("initial_size", "final_size", "increment", "sizes", "test_size")


def scale(values: Mapping[str, Any], factor: float) -> dict[str, Any]:
    """Return a sweep's values with all sizes multiplied, rounded up; the number of generations stays.

    Sizes that differ stay different, however small they become: a ladder keeps its rungs. Raise SpecError if the factor
    is not above 0, or the values are not valid.
    """
    if not (math.isfinite(factor) and factor > 0):
        raise SpecError(f"scale: found {factor}, expected a number above 0.")
    exact = Decimal(str(factor))
    sweep = Sweep(**values)
    steps = sweep.sizes or ()
    scaled = _scaled_apart((*sweep.initial_size, *steps, sweep.final_size), exact)
    result = {
        **values,
        "initial_size": [scaled[size] for size in sweep.initial_size],
        "final_size": scaled[sweep.final_size],
    }
    if sweep.documents_needed:
        result["test_size"] = math.ceil(sweep.test_size * exact)
    if sweep.sizes is not None:
        result["sizes"] = [scaled[size] for size in sweep.sizes]
    if sweep.increment is not None:
        result["increment"] = math.ceil(sweep.increment * exact)
        n_increments = math.ceil((sweep.final_size - min(sweep.initial_size)) / sweep.increment)
        result["final_size"] = min(result["initial_size"]) + n_increments * result["increment"]
    return result


def fitting_scale(sweep: Sweep, n_documents: int) -> Decimal | None:
    """Return the largest factor, with two digits, by which a sweep that is too large fits a corpus; None for none."""
    values = sweep.model_dump()
    share = Decimal(n_documents) / sweep.documents_needed
    step = Decimal(1).scaleb(share.adjusted() - 1)
    factor = (share // step) * step
    while factor > 0:
        if Sweep(**scale(values, float(factor))).documents_needed <= n_documents:
            return factor.normalize()
        factor -= step
    return None


def _scaled_apart(sizes: Iterable[int], factor: Decimal) -> dict[int, int]:
    """Multiply sizes, rounding up; sizes that differ stay apart."""
    scaled: dict[int, int] = {}
    last = 0
    for size in sorted(set(sizes)):
        last = scaled[size] = max(math.ceil(size * factor), last + 1)
    return scaled
