"""The fields of a sweep: keys of spec files and options of the command line. What they mean: see `sweep.Sweep`."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

from modelcollapse.fields import Field
from modelcollapse.sweeps.parsing import (
    parse_counts,
    parse_ladder,
    parse_names,
    parse_params,
    parse_rates,
    parse_seeds,
    parse_whole,
)

#: What experiments may be called: their names become names of files.
EXPERIMENT_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"


Integers: TypeAlias = tuple[int, ...]
Names: TypeAlias = tuple[str, ...]


def _axis(words: str, parse: Callable[[Any], Any]) -> Field:
    """Return a field of one or more values, typed as text."""
    return Field(words, parse, str, min_length=1)


class SweepFields:
    """What can be said of a sweep."""

    experiment: Annotated[str, Field(pattern=EXPERIMENT_NAME)] = "sweep"
    domain: Annotated[str, Field()] = "classification"
    rates: Annotated[tuple[Decimal, ...], _axis("Collapse rates in [0, 1]: 0,0.1,0.5 or 0:0.3:0.03.", parse_rates)]
    seeds: Annotated[Integers, _axis("How many seeds, or which: 20, 3,5,8 or 7:7:1.", parse_seeds)] = (0,)
    initial_size: Annotated[Integers, _axis("Documents to begin with: 1000 or 80,800.", parse_counts)]
    final_size: Annotated[int, Field("Documents seen at the end.", parse_whole, ge=0)] = 0
    increment: Annotated[
        int | None,
        Field("Documents added in each generation.", parse_whole, ge=1, replaces=("sizes", "shared_reference")),
    ] = None
    sizes: Annotated[
        Integers | None,
        Field("A ladder instead: 80,202,507 or geometric:80:320000:10.", parse_ladder, str, replaces=("increment",)),
    ] = None
    shared_reference: Annotated[
        bool, Field("On a ladder: one chain at rate 0, from the smallest initial size.")
    ] = False  # fmt: skip
    test_size: Annotated[int, Field("Documents of the test set.", parse_whole, ge=1)] = 2500
    model: Annotated[Names, _axis("Learners or import paths: forest,naive-bayes,…", parse_names)] = ("forest",)
    model_param: Annotated[
        dict[str, tuple[Any, ...]],
        Field("A parameter and its values: max_depth=5,20,None. May be repeated.", parse_params, list[str]),
    ] = {}  # noqa: RUF012 – every sweep gets a copy
    trees: Annotated[int | None, Field("Trees of the forests.", parse_whole, ge=1)] = None
    regime: Annotated[Names, _axis("accumulate, replace, subsample, window:M.", parse_names)] = ("accumulate",)
    label_rule: Annotated[Names, _axis("argmax, prior-matched, frozen, human-only, …", parse_names)] = ("argmax",)
    min_df: Annotated[int, Field("Training documents a term must be in.", parse_whole, ge=1)] = 1
    max_ngram: Annotated[int, Field("Highest n-gram order that models see.", parse_whole, ge=1, le=3)] = 1
    max_terms: Annotated[int | None, Field("Most frequent terms that models see.", parse_whole, ge=1)] = None
