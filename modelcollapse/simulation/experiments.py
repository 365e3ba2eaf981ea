"""Experiments: named sweeps, kept as data in ``experiments.toml``. To add one, write its table there."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any

from modelcollapse.errors import SpecError


def load_experiments() -> dict[str, dict[str, Any]]:
    """Return the fields of every experiment's sweep, with its ``description``, in the order of the file."""
    text = resources.files("modelcollapse.simulation").joinpath("experiments.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def experiment_values(name: str) -> Mapping[str, Any]:
    """Return the fields of an experiment's sweep.

    Raises
    ------
    SpecError
        If there is no such experiment.
    """
    experiments = load_experiments()
    if name not in experiments:
        raise SpecError(
            f"Found no experiment and no spec file '{name}'. Expected one of {', '.join(experiments)}, or a TOML file."
        )
    values = experiments[name]
    del values["description"]
    return {"experiment": name, **values}
