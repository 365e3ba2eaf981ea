"""The result of an experiment in one sentence, computed from its rows."""

from __future__ import annotations

import polars as pl

from modelcollapse.analysis.arms import ARM, SETTING, references, treated
from modelcollapse.analysis.caveats import fatal
from modelcollapse.analysis.differences import compare_rates
from modelcollapse.analysis.inference import mean_of
from modelcollapse.analysis.tipping import tipping
from modelcollapse.analysis.trends import tolerance
from modelcollapse.analysis.words import count, interval_pp, percent, pp, share


def headline(rows: pl.DataFrame, margin: float = 0.005) -> str:
    """Say in one sentence, with its interval, what the loop did.

    Parameters
    ----------
    rows : DataFrame
        Prepared rows of the study's loop in one experiment: one model and regime, rule ``argmax``.
    margin : float
        Loss that counts as none, for the tolerance.

    Returns
    -------
    str
        The smallest rate whose loss is established (or the largest difference, if none is), the tolerance, and what
        degenerated. Without self-labels, what more data brought. Where nothing can be concluded: why.
    """
    if wrong := fatal(rows):
        return wrong
    if treated(rows).is_empty():
        return _learning(rows)
    compared = [setting for _, setting in rows.group_by(SETTING, maintain_order=True) if _has_both(setting)]
    if not compared:
        return _without_reference(rows)
    setting = max(compared, key=lambda frame: (frame["collapse_rate"].n_unique(), frame["n_seen"].n_unique()))
    parts = [_difference(setting, margin), _tolerance(setting, margin), _degenerate(setting)]
    return "; ".join(part for part in parts if part) + "."


def _has_both(setting: pl.DataFrame) -> bool:
    grown = setting.filter(pl.col("generation") > 0)
    return not references(grown).is_empty() and not treated(grown).is_empty()


def _learning(rows: pl.DataFrame) -> str:
    ends = pl.col("n_seen").is_in([rows["n_seen"].min(), rows["n_seen"].max()])
    wide = rows.filter(ends).sort("n_seen").pivot("n_seen", index="seed", values="accuracy", aggregate_function="mean")
    sizes = [int(name) for name in wide.columns[1:]]
    if len(sizes) < 2:
        return f"With human labels only accuracy is {share(mean_of(rows['accuracy'].to_numpy()).value)}."
    both = wide.drop_nulls()
    if both.is_empty():
        return "No seed has reached the last size yet."
    gain = mean_of((both[str(sizes[1])] - both[str(sizes[0])]).to_numpy())
    low, high = gain.interval()
    return (
        f"With human labels only accuracy rises by {pp(gain.value, signed=False)} {interval_pp(low, high)} from "
        f"{count(sizes[0])} to {count(sizes[1])} documents, to {share(mean_of(both[str(sizes[1])].to_numpy()).value)}."
    )


def _without_reference(rows: pl.DataFrame) -> str:
    """Describe arms that have no human-only chain beside them: their own fall from start to end."""
    largest = treated(rows)["collapse_rate"].max()
    arms = treated(rows).filter(pl.col("collapse_rate") == largest)
    first, last = (
        pl.col("n_seen").min().over(*ARM, "seed"),
        pl.col("n_seen").max().over(*ARM, "seed"),
    )
    ends = arms.filter((first < last) & ((pl.col("n_seen") == first) | (pl.col("n_seen") == last)))
    change = (
        ends.sort("n_seen")
        .group_by(*ARM, "seed")
        .agg((pl.col("accuracy").last() - pl.col("accuracy").first()).alias("change"))
    )
    if change.is_empty():
        return "No chain has gone beyond its first generation yet."
    fall = mean_of(change.group_by("seed").agg(pl.col("change").mean())["change"].to_numpy())
    return (
        f"With {percent(float(largest))} of new labels made by the model, accuracy changes by {pp(fall.value)} "  # type: ignore[arg-type]
        f"{interval_pp(*fall.interval())} from a chain's start to its end."
    )


def _difference(setting: pl.DataFrame, margin: float) -> str:
    table = compare_rates(setting, margin=margin).filter(pl.col("generation") > 0).sort("collapse_rate")
    if table.is_empty():
        return "No rate can be compared with rate 0 yet"
    established = table.filter(pl.col("p_holm") < 0.05)
    losses = established.filter(pl.col("difference") < 0)
    found = losses if losses.height else established
    by_size = table.sort(pl.col("difference").abs(), descending=True)
    shown = (found if found.height else by_size).row(0, named=True)
    verb = "costs" if shown["difference"] < 0 else "gains"
    sign = -1 if verb == "costs" else 1
    bounds = sorted(sign * bound for bound in (shown["ci_low"], shown["ci_high"]) if bound is not None)
    amount = f"{pp(abs(shown['difference']), signed=False)} {interval_pp(*(bounds or (None, None)), signed=False)}"
    rate, after = percent(shown["collapse_rate"]), f"after {count(shown['n_seen'])} documents"
    if found.height:
        first = (
            ""
            if found.height == table.height
            else f", the smallest rate with an established {'loss' if losses.height else 'gain'}"
        )
        return f"Letting the model label {rate} of new documents {verb} {amount} of accuracy {after}{first}"
    largest = percent(table["collapse_rate"].to_list()[-1])
    return (
        f"No rate up to {largest} has an established effect on accuracy {after}; "
        f"the largest difference, at {rate}, {verb} {amount}"
    )


def _tolerance(setting: pl.DataFrame, margin: float) -> str:
    table = tolerance(setting, margin)
    if table.is_empty():
        return ""
    found = table.row(0, named=True)
    if found["ci_low"] is None:
        return ""
    words = pp(margin, signed=False)
    if found["tolerance"] is None:
        certain = percent(round(found["ci_low"], 3))
        return f"up to {percent(found['largest_rate'])} the mean loss stays within {words} (certain to {certain})"
    if found["ci_high"] is not None and found["ci_high"] < found["smallest_rate"]:
        return f"a loss of {words} is reached below {percent(found['smallest_rate'])}, the smallest rate tested"
    largest = f"more than {percent(found['largest_rate'])}"
    high = largest if found["ci_high"] is None else percent(round(found["ci_high"], 3))
    return (
        f"a loss of {words} is reached at {percent(round(found['tolerance'], 3))} "
        f"[{percent(round(found['ci_low'], 3))}, {high}]"
    )


def _degenerate(setting: pl.DataFrame) -> str:
    table = (
        tipping(treated(setting))
        .filter(pl.col("n_degenerate") > 0)
        .sort("share", "collapse_rate", descending=[True, False])
    )
    if table.is_empty():
        return ""
    worst = table.row(0, named=True)
    return (
        f"at {percent(worst['collapse_rate'])} the model ends as a constant predictor in {worst['n_degenerate']} of "
        f"{worst['n_seeds']} seeds"
    )
