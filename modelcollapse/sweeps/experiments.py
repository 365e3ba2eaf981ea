"""Experiments: named sweeps, kept as data in ``experiments.toml``. To add one, write its table there."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cache
from importlib import resources
from typing import Any

from modelcollapse.errors import SpecError
from modelcollapse.sweeps.scaling import scale
from modelcollapse.sweeps.sweep import Sweep

#: The steps of the study's post.
STUDY = ("baseline", "total-collapse", "collapse-rates", "low-rates", "fine-rates")

#: Experiments that are run together, in one folder, by the name of the set.
SETS: Mapping[str, tuple[str, ...]] = {
    "laws": ("laws-discrete", "laws-gaussian", "laws-least-squares", "laws-logistic", "laws-text")
}

#: Experiments of the study that are searches among parameters: commands of their own.
SEARCHES = ("hyperparameters", "generational")

#: Training costs about documents to this power.
_GROWTH = 1.1


@cache
def _parsed() -> dict[str, dict[str, Any]]:
    text = resources.files("modelcollapse.sweeps").joinpath("experiments.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def load_experiments() -> dict[str, dict[str, Any]]:
    """Return the fields of every experiment's sweep, with its ``description``, in the order of the file."""
    return deepcopy(_parsed())


def experiment_values(name: str) -> dict[str, Any]:
    """Return the fields of an experiment's sweep; raise SpecError if there is no such experiment."""
    experiments = load_experiments()
    if name in SEARCHES:
        raise SpecError(f"'{name}' is no sweep of chains. It is a command of its own: modelcollapse {name}.")
    if name in SETS:
        raise SpecError(f"'{name}' is a set of experiments: {', '.join(SETS[name])}. Expected one of them.")
    if name not in experiments:
        raise SpecError(
            f"Found no experiment and no spec file '{name}'. Expected one of {', '.join(experiments)}, or a TOML file."
        )
    values = experiments[name]
    del values["description"]
    return {"experiment": name, **values}


def sweeps_of(names: Sequence[str], factor: float | None = None, **given: Any) -> list[Sweep]:
    """Return experiments as sweeps.

    `factor` multiplies all sizes: see `scaling.scale`. Fields that are given, and not None, replace those of each.
    """
    changes = {key: value for key, value in given.items() if value is not None}
    of_all = [experiment_values(name) for name in names]
    scaled = of_all if factor is None else [scale(values, factor) for values in of_all]
    return [Sweep(**{**values, **changes}) for values in scaled]


def cost(sweep: Sweep) -> float:
    """Return about what a sweep costs, in a unit of its own: to run the cheapest first."""
    return sum(size**_GROWTH for chain in sweep.chains() for size in chain.sizes())
