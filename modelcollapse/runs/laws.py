"""What chains of the worlds show of the laws they must obey."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl
from scipy import stats

from modelcollapse.domains.closed_form.domain import HumanText, world_of
from modelcollapse.domains.closed_form.expectations import expectations
from modelcollapse.execution.store.record import ChainRecord
from modelcollapse.execution.tasks import ChainTask
from modelcollapse.simulation.rows import axes_of

#: Of all intervals of a world together: each is the wider, the more there are (Bonferroni).
JOINT_LEVEL = 0.95

COLUMNS = ("world", "regime", "rate", "generation", "quantity", "due", "found", "ci_low", "ci_high", "holds")


def laws_frame(judged: pl.DataFrame) -> pl.DataFrame:
    """Return what `judge` found in the columns of `runs.run.Run.laws`."""
    return judged.rename({"model": "world", "collapse_rate": "rate"}).select(COLUMNS)


def judge(chains: Iterable[tuple[ChainTask, ChainRecord]], text: HumanText | None) -> pl.DataFrame:
    """Hold chains against their laws.

    Parameters
    ----------
    chains : iterable of ChainTask and ChainRecord
        Of the domain ``closed_form``.
    text : HumanText, optional
        That the world "text" resamples; without it nothing is due there.

    Returns
    -------
    DataFrame
        ``model, model_params, initial_size, growth, regime, collapse_rate, generation, n_seen, quantity``; the value
        ``due`` and the bounds ``least, most`` within which it counts as met; ``n`` seeds, their mean ``found`` with
        ``ci_low, ci_high`` (see `JOINT_LEVEL`), and whether the law ``holds``: null where the interval cannot tell.
    """
    values = [cell for task, record in chains for cell in _cells(task, record, text)]
    arm = ["model", "model_params", "initial_size", "growth", "regime", "collapse_rate", "generation", "n_seen",
           "quantity"]  # fmt: skip
    numbers = ("due", "least", "most", "found")
    cells = pl.DataFrame(values, dict.fromkeys(arm, pl.String) | {
        "initial_size": pl.Int64, "collapse_rate": pl.Float64, "generation": pl.Int64, "n_seen": pl.Int64,
        "seed": pl.Int64, **dict.fromkeys(numbers, pl.Float64),
    }, orient="row").unique([*arm, "seed"], maintain_order=True)  # fmt: skip
    means = cells.group_by(arm, maintain_order=True).agg(
        pl.len().alias("n"), pl.col("found").std().alias("sd"), *(pl.col(name).mean() for name in numbers)
    )
    n, sd, found = (means[name].to_numpy() for name in ("n", "sd", "found"))
    n_in_world = means.select(pl.len().over("model")).to_series().to_numpy()
    with np.errstate(invalid="ignore"):
        half = stats.t.ppf(1 - (1 - JOINT_LEVEL) / 2 / n_in_world, n - 1) * sd / np.sqrt(n)
    low, high = pl.col("ci_low"), pl.col("ci_high")
    verdict = (
        pl.when((low >= pl.col("least")) & (high <= pl.col("most")))
        .then(True)
        .when((low > pl.col("most")) | (high < pl.col("least")))
        .then(False)
    )
    judged = means.with_columns(ci_low=pl.Series(found - half), ci_high=pl.Series(found + half)).fill_nan(None)
    return judged.with_columns(holds=verdict).drop("sd")


def _cells(task: ChainTask, record: ChainRecord, text: HumanText | None) -> list[tuple[Any, ...]]:
    """Return what a chain was due to give, and gave, in every generation of which something is said."""
    spec, axes = task.spec, axes_of(task.spec)
    if spec.model.name == "text" and text is None:
        return []
    due = expectations(spec, world_of(spec.model, text, spec.initial_size))
    arm = (spec.model.name, axes["model_params"], spec.initial_size, axes["growth"], spec.regime, axes["collapse_rate"])
    return [
        (*arm, g, size, one.quantity, spec.seed, one.due[g], one.least[g], one.most[g], getattr(row, one.quantity))
        for g, size in enumerate(spec.sizes())
        if (row := record.rows.get(size)) is not None
        for one in due
        if not np.isnan(one.least[g])
    ]
