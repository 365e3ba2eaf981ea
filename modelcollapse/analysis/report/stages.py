"""Whether a run's seeds came in stages: intervals that were looked at before more were added say too much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any


def extended_in_stages(sweeps: Sequence[Mapping[str, Any]]) -> str:
    """Say in a sentence that seeds were added to an experiment, and what that does to its intervals.

    `sweeps` are those of one experiment in the order in which they were asked for, as in a run's ``spec.json``. Empty
    where none repeats an earlier one with more seeds. Sweeps that differ in what makes another chain – a model, a label
    rule, sizes – are looked at by themselves; rates and a later end may differ.

    In simulations of normal differences at four rates without effect, five seeds and then five more until something is
    established, 30 at most, establish something in 17 % of runs instead of 5 %.
    """
    stages = sorted({numbers for group in _alike(sweeps) if len(numbers := _growing(group)) > 1})
    if not stages:
        return ""
    words = " and ".join(" → ".join(str(n) for n in numbers) for numbers in stages)
    return (
        f"Seeds were added in stages ({words}). If more were added because of what the first ones showed, ordinary "
        "intervals and p-values are too optimistic: five more until something is established, up to 30, finds "
        "something in one of six runs without any effect. What --until-ci prints allows for its two stages."
    )


def _alike(sweeps: Sequence[Mapping[str, Any]]) -> list[list[set[int]]]:
    """Seeds of the sweeps that make the same kind of chains at the same rate above 0, in order."""
    groups: dict[tuple[str, str], list[set[int]]] = {}
    for sweep in sweeps:
        kind = {name: value for name, value in sweep.items() if name not in ("seeds", "rates", "final_size")}
        for rate in sweep["rates"]:
            if float(rate) > 0:
                groups.setdefault((repr(sorted(kind.items())), str(rate)), []).append(set(sweep["seeds"]))
    return list(groups.values())


def _growing(seeds: Sequence[set[int]]) -> tuple[int, ...]:
    """How many seeds there were after each sweep that added some; one number if none did."""
    totals = list(accumulate(seeds, lambda known, more: known | more))
    return (len(totals[0]), *(len(after) for before, after in pairwise(totals) if len(after) > len(before)))
