"""Numbers as people read them: percentages, percentage points, intervals, lists; and label rules in order."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from modelcollapse.analysis.statistics.arms import LADDER, NO_RULE
from modelcollapse.analysis.statistics.inference import share_interval

NO_VALUE = "–"
#: What every interval of a report is, and what it is not.
OVER_SEEDS = (
    "Intervals: 95 %, over seeds, which reshuffle this one corpus; they do not speak of other documents. Each holds "
    "alone, not all of them jointly."
)
_RULES = (
    NO_RULE, "argmax", "sample", "mle", "temperature", "top-k", "nucleus", "greedy", "prior-matched", "frozen",
    "sampled", "confusion-noise", "random-noise", "shuffled", "human-only",
)  # fmt: skip
_DECODERS = ("temperature", "top-k", "nucleus")


def percent(fraction: float) -> str:
    """``0.3`` as ``30 %``, with as many digits as the number has (at most three)."""
    return f"{round(100 * fraction, 3):g} %"


def count(number: float) -> str:
    """``12500`` as ``12,500``."""
    return f"{round(number):,}"


def pp(fraction: float | None, *, signed: bool = True) -> str:
    """``-0.0084`` as ``−0.84 pp``: two digits, three for what would be 0.00."""
    if fraction is None:
        return NO_VALUE
    points = 100 * fraction
    digits = 1 if abs(points) >= 10 else 2
    if round(points, digits) == 0:
        return "0.00 pp"
    text = f"{points:+.{digits}f}" if signed else f"{points:.{digits}f}"
    return f"{text} pp".replace("-", "−")


def signed(number: float) -> str:
    """``-0.2841`` as ``−0.284``."""
    return f"{number:+.3f}".replace("-", "−")


def unsigned_pp(fraction: float | None) -> str:
    """``0.0084`` as ``0.84 pp``."""
    return pp(fraction, signed=False)


def interval_pp(low: float | None, high: float | None, *, signed: bool = True) -> str:
    """Two fractions as ``[−1.16, −0.52]``, in percentage points."""
    if low is None or high is None:
        return "[no interval: one seed]"
    return f"[{pp(low, signed=signed)[:-3]}, {pp(high, signed=signed)[:-3]}]"


def with_bounds(value: float | None, low: float | None, high: float | None, write: Callable[[Any], str]) -> str:
    """Write a number and its interval, where that is known; the bounds have no unit."""
    return write(value) + ("" if low is None else f" [{write(low)}, {write(high)}]".replace(" pp", ""))


def share(fraction: float | None) -> str:
    """``0.8372`` as ``83.7 %``."""
    return NO_VALUE if fraction is None else f"{100 * fraction:.1f} %"


def p_text(p: float | None) -> str:
    """Write a p-value with two digits, or ``< .001``."""
    return NO_VALUE if p is None else "< .001" if p < 0.001 else f"{p:.3f}".lstrip("0") if p < 1 else "1"


def percents(rates: Sequence[float]) -> str:
    """``[.01, .02, .05]`` as ``1, 2 and 5 %``."""
    return f"{listed([percent(rate)[:-2] for rate in rates])} %"


def listed(parts: Sequence[str]) -> str:
    """Join words as ``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else "none"


def axis_words(axis: str, value: Any) -> str:
    """Say where a setting lies on an axis of prepared rows, for titles and tables; empty for what needs no words."""
    if axis == "growth":
        return _growth_words(str(value))
    if axis == "max_terms":
        return f"at most {count(value)} terms" if value else "all terms"
    numbers = {
        "initial_size": "from {} documents",
        "n_test": "tested on {}",
        "min_df": "terms of {} documents or more",
        "max_ngram": "n-grams up to {}",
    }
    return numbers[axis].format(count(value)) if axis in numbers else str(value)


def parameters(text: str) -> list[str]:
    """Split a model's parameters as rows have them: ``a=1,b=(2, 3)`` as ``a=1`` and ``b=(2, 3)``.

    A comma separates them where a name and ``=`` follow; any other belongs to a value.
    """
    return re.split(r",(?=[^\W\d]\w*=)", text)


def _growth_words(growth: str, few: int = 5) -> str:
    """``+100`` as ``by 100``, ``202,507,1274`` as ``by ladder 202, 507, 1,274``: of a long ladder the ends."""
    if not growth:
        return "without growth"
    if re.fullmatch(r"\+[0-9]{1,15}", growth):
        return f"by {count(float(growth))}"
    if not LADDER.fullmatch(growth):  # rows may come from anywhere
        return growth
    sizes = growth.split(",")
    if len(sizes) <= few:
        return f"by ladder {', '.join(count(float(size)) for size in sizes)}"
    return f"by ladder {count(float(sizes[0]))} … {count(float(sizes[-1]))} ({len(sizes)} steps)"


def share_of_seeds(k: int, n: int, noun: str = " seeds") -> str:
    """``1`` of ``5`` as ``1 of 5 seeds [1, 72 %]``, with Clopper and Pearson's 95 % interval."""
    if n == 0:
        return NO_VALUE
    low, high = (f"{100 * bound:.0f}" for bound in share_interval(k, n))
    return f"{k} of {n}{noun} [{low}, {high} %]"


def rule_order(rule: str) -> tuple[int, str]:
    """Sort label rules: the reference, the loop, decoders, repairs, noise without structure, what is not known."""
    decoder = rule.partition(":")[0]
    name = decoder if decoder in _DECODERS else rule
    return (_RULES.index(name) if name in _RULES else len(_RULES), rule)
