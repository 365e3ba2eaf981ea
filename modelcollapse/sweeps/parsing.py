"""Parse numbers, ranges, ladders, seeds, names and parameters, as typed or as Python values.

Every function raises ValueError with "found …, expected …"; the caller names the field.
"""

from __future__ import annotations

import ast
import math
import numbers
import re
import warnings
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from modelcollapse.simulation.spec import ParameterValue, rate_text

#: More values than this in one range is a slip of the pen.
MAX_VALUES = 100_000

#: Most digits of a number before the point, and most zeros after it.
MAX_DIGITS = 15

#: Counts of documents, and seeds, are below this.
LIMIT = 2**40

#: Decimal places that survive in a rate given as a binary float: 0.1 + 0.2 is 0.3.
RATE_PLACES = 9


def parse_numbers(given: Any) -> list[Decimal]:
    """Return the numbers of ``"0,0.1"``, of ``"0:0.3:0.03"`` (both ends included), of a number, or of an iterable."""
    if isinstance(given, str):
        return [number for part in given.split(",") for number in _parse_part(part.strip())]
    if isinstance(given, Iterable):
        return [number for item in given for number in parse_numbers(item)]
    if isinstance(given, bool) or not isinstance(given, (numbers.Real, Decimal)):
        raise ValueError(f"found {given!r}, expected numbers")
    return [_decimal(given)]


def _decimal(given: Any) -> Decimal:
    try:
        number = Decimal(str(given))
    except InvalidOperation:
        raise ValueError(f"found '{given}', expected a number or a range a:b:step") from None
    if not number.is_finite():
        raise ValueError(f"found {given}, expected a finite number")
    if number and not -MAX_DIGITS <= number.adjusted() <= MAX_DIGITS:  # 1e999999999 would take for ever to write out
        raise ValueError(f"found {given}, expected a number of ordinary size")
    return round(number, RATE_PLACES) if isinstance(given, float) else number


def _parse_part(part: str) -> list[Decimal]:
    if ":" not in part:
        return [_decimal(part)]
    bounds = [_decimal(text) for text in part.split(":")]
    if len(bounds) != 3 or bounds[2] <= 0 or bounds[1] < bounds[0]:
        raise ValueError(f"found '{part}', expected a range a:b:step with a ≤ b and a positive step")
    first, last, step = bounds
    count = int((last - first) / step) + 1
    if count > MAX_VALUES:
        raise ValueError(f"found '{part}', a range of {count:,} values, expected at most {MAX_VALUES:,}")
    return [first + i * step for i in range(count)]


def parse_sizes(given: Any) -> list[Decimal] | None:
    """Return a ladder of sizes: a list of numbers, or ``geometric:FIRST:LAST:COUNT``."""
    if given is None:
        return None
    if isinstance(given, str) and (match := re.fullmatch(r"geometric:(\d+):(\d+):(\d+)", given.strip())):
        first, last, count = (int(group) for group in match.groups())
        if not (0 < first < last and 2 <= count <= MAX_VALUES):
            raise ValueError(f"found '{given}', expected geometric:FIRST:LAST:COUNT, 0 < FIRST < LAST and COUNT ≥ 2")
        ratio = math.log(last / first) / (count - 1)
        return [Decimal(round(first * math.exp(ratio * i))) for i in range(count)]
    return parse_numbers(given)


def _integers(found: list[Decimal]) -> tuple[int, ...]:
    for number in found:
        if number != int(number):
            raise ValueError(f"found {number}, expected a whole number")
    return tuple(int(number) for number in found)


def distinct(values: Iterable[Any]) -> tuple[Any, ...]:
    """Return the values without repetition, in order."""
    return tuple(dict.fromkeys(values))


def parse_integers(given: Any) -> tuple[int, ...]:
    """Return distinct whole numbers from what `parse_numbers` takes."""
    return distinct(_integers(parse_numbers(given)))


def parse_whole(given: Any) -> Any:
    """Let a number be one, or text of one: true and false are none."""
    if isinstance(given, bool):
        raise ValueError(f"found {given}, expected a whole number")
    return given


def parse_counts(given: Any) -> tuple[int, ...]:
    """Return distinct numbers of documents."""
    return _from(1, parse_integers(given))


def parse_ladder(given: Any) -> tuple[int, ...] | None:
    """Return the sizes of a ladder, ascending; None for none."""
    found = parse_sizes(given)
    return None if found is None else _from(1, tuple(sorted(set(_integers(found)))))


def parse_rates(given: Any) -> tuple[Decimal, ...]:
    """Return distinct rates in [0, 1], each in its one form: 0.3, never 0.30."""
    rates = parse_numbers(given)
    for rate in rates:
        if not 0 <= rate <= 1:
            raise ValueError(f"found {rate}, expected rates in [0, 1]")
    return distinct(Decimal(rate_text(rate)) for rate in rates)


def parse_seeds(given: Any) -> tuple[int, ...]:
    """Return seeds: ``20`` means 0 … 19; ``"3,5"`` and ``"7:7:1"`` mean what they say."""
    if isinstance(given, (bool, float)):
        raise ValueError(f"found {given}, expected how many seeds, or a list of seeds")
    if isinstance(given, int) or (isinstance(given, str) and given.strip().isdecimal()):
        if int(given) > MAX_VALUES:
            raise ValueError(f"found {given} seeds, expected at most {MAX_VALUES:,}")
        return _from(0, tuple(range(int(given))))
    return _from(0, parse_integers(given))


def _from(least: int, values: tuple[int, ...]) -> tuple[int, ...]:
    for value in values:
        if not least <= value < LIMIT:
            raise ValueError(f"found {value}, expected whole numbers from {least} up")
    return values


def parse_names(given: Any) -> tuple[str, ...]:
    """Return distinct names from ``"a,b"`` or from an iterable of names."""
    parts = given.split(",") if isinstance(given, str) else given
    if not isinstance(parts, Iterable):
        raise ValueError(f"found {given!r}, expected names")
    return distinct(str(part).strip() for part in parts)


def parse_params(given: Any) -> dict[str, tuple[ParameterValue, ...]]:
    """Return parameter values from ``{"max_depth": [5, None]}`` or ``["max_depth=5,None", …]``.

    A name that comes again adds its values; every value stands once.
    """
    if isinstance(given, str):
        given = [given]
    if not isinstance(given, Iterable):
        raise ValueError(f"found {given!r}, expected NAME=VALUE[,VALUE…]")
    pairs: list[tuple[str, Any]] = []
    if isinstance(given, Mapping):
        pairs += given.items()
    else:
        for item in given:
            key, equals, text = str(item).partition("=")
            if not (equals and key.strip()):
                raise ValueError(f"found '{key}', expected NAME=VALUE[,VALUE…]")
            pairs.append((key.strip(), text))
    params: dict[str, dict[str, ParameterValue]] = {}
    for key, values in pairs:
        known = params.setdefault(key, {})
        values = values.split(",") if isinstance(values, str) else values
        for value in values if isinstance(values, (list, tuple)) else [values]:
            parsed = _parse_value(value)
            known.setdefault(repr(parsed), parsed)  # 1, 1.0 and True are equal, but not the same
    return {key: tuple(known.values()) for key, known in sorted(params.items())}


def _parse_value(given: Any) -> ParameterValue:
    if getattr(given, "ndim", None) == 0:  # NumPy's scalars
        given = given.item()
    if isinstance(given, str) and not given.isprintable():
        raise ValueError(f"found {given!r}, expected text without control characters")
    if not isinstance(given, str):
        if given is None or isinstance(given, (bool, int, float)):
            return given
        raise ValueError(f"found {given!r}, expected a number, a word, true, false or none")
    text = given.strip()
    if text.lower() in ("true", "false", "none"):
        return {"true": True, "false": False, "none": None}[text.lower()]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # of what only looks like a number
            value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    return value if isinstance(value, (int, float, str)) else text
