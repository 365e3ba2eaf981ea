"""Two runs side by side, arm by arm; within seeds where both saw the same documents."""

from __future__ import annotations

from typing import Any

import polars as pl

from modelcollapse.analysis.statistics.arms import RULE, SETTING, AnalysisError, prepare, with_own_growth
from modelcollapse.analysis.statistics.frames import mean
from modelcollapse.analysis.statistics.inference import difference_of, mean_over_seeds


def compare_runs(first: pl.DataFrame, second: pl.DataFrame, same_corpus: bool) -> pl.DataFrame:
    """Compare two runs, arm by arm, at the largest size both have.

    Arms are matched by collapse rate and by every axis that takes several values in one of the runs; an axis with one
    value in each may differ – that is then what is compared. On the same corpus equal seeds mean equal documents: the
    difference is taken within seeds. Otherwise it is Welch's.

    Columns: the axes that arms were matched by, ``collapse_rate, n_seen``, ``quantity`` ("accuracy" or "difference to
    rate 0"), ``first, second, difference`` (second − first), ``ci_low, ci_high, p, n_seeds, paired``.
    """
    one, other = prepare(first), prepare(second)
    matched = [axis for axis in RULE if max(_values(one, axis), _values(other, axis)) > 1]
    one, other = with_own_growth(one), with_own_growth(other)  # the other run may have other starts
    keys = [*matched, "collapse_rate"]
    records = []
    human: dict[tuple[Any, ...], tuple[pl.DataFrame, pl.DataFrame]] = {}
    for key, mine in sorted(one.group_by(keys), key=lambda item: (item[0][-1], *map(str, item[0]))):
        values = dict(zip(keys, key, strict=True))
        theirs = other.filter(pl.all_horizontal(pl.col(name) == value for name, value in values.items()))
        sizes = set(mine["n_seen"]) & set(theirs["n_seen"])
        if not sizes:
            continue
        place = {**values, "n_seen": max(sizes)}
        a, b = (frame.filter(pl.col("n_seen") == max(sizes)) for frame in (mine, theirs))
        records.append({**place, "quantity": "accuracy", **_gap(a, b, same_corpus)})
        setting = tuple(value for name, value in values.items() if name not in ("label_rule", "collapse_rate"))
        if values["collapse_rate"] == 0:
            human[setting, max(sizes)] = (a, b)
        elif base := human.get((setting, max(sizes))):
            lost = _lost(a, base[0]), _lost(b, base[1])
            if lost[0].height and lost[1].height:
                records.append({**place, "quantity": "difference to rate 0", **_gap(lost[0], lost[1], same_corpus)})
    if not records:
        raise AnalysisError("The two runs have no arm and size in common: rates, sizes or axes differ throughout.")
    return pl.DataFrame(records, infer_schema_length=None).sort("quantity", *keys)


def _values(rows: pl.DataFrame, axis: str) -> int:
    values = rows.filter(pl.col("collapse_rate") > 0)[axis] if axis == "label_rule" else rows[axis]
    return values.n_unique()


def _lost(arm: pl.DataFrame, reference: pl.DataFrame) -> pl.DataFrame:
    shared = ["seed", *SETTING]
    joined = arm.join(reference.select(*shared, human="accuracy"), on=shared)
    return joined.with_columns(accuracy=pl.col("accuracy") - pl.col("human"))


def _gap(a: pl.DataFrame, b: pl.DataFrame, same_corpus: bool) -> dict[str, Any]:
    by = ["seed", "n_test"]
    pairs = a.select(*by, one="accuracy").join(b.select(*by, other="accuracy"), on=by)
    paired = same_corpus and pairs.height > 0 and bool(a["seed"].is_unique().all() and b["seed"].is_unique().all())
    if paired:
        means = (mean(pairs["one"]), mean(pairs["other"]))
        gaps = pairs.with_columns(gap=pl.col("other") - pl.col("one"))
        estimate = mean_over_seeds(gaps, "gap", "accuracy")
    else:
        one, other = mean_over_seeds(a, "accuracy"), mean_over_seeds(b, "accuracy")
        means = (one.value, other.value)
        estimate = difference_of(other, one)
    sides = {"first": means[0], "second": means[1]}
    return {**sides, **estimate.columns("difference"), "n_seeds": estimate.n, "paired": paired}
