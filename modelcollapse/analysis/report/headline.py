"""The result of an experiment in one sentence, computed from its rows."""

from __future__ import annotations

from typing import Any

import polars as pl

from modelcollapse.analysis.formats import (
    count,
    interval_pp,
    p_text,
    percent,
    percents,
    pp,
    share,
    share_of_seeds,
    unsigned_pp,
)
from modelcollapse.analysis.report.caveats import fatal
from modelcollapse.analysis.statistics.arms import ARM, SETTING, at_size, references, treated, widest
from modelcollapse.analysis.statistics.compare_rates import compare_rates
from modelcollapse.analysis.statistics.inference import mean_of, resolution
from modelcollapse.analysis.statistics.seed_groups import ENOUGH_SEEDS, seed_groups, split_in_two
from modelcollapse.analysis.statistics.trends import tolerance

#: Of more arms whose seeds fall, the smallest rate and the largest ones are named.
MOST_FALLING = 4


def headline(rows: pl.DataFrame, margin: float = 0.005) -> str:
    """Say in one sentence, with its interval, what the study's loop did in one experiment.

    Where seeds fall or not, the share of them and what the others have. Then the smallest rate whose loss is
    established (or the largest difference, if none is), with an interval that holds for all rates tested at once,
    because the rate was picked by what came out; rates that gain; the tolerance. Without self-labels, what more data
    brought. Where nothing can be concluded: why.
    """
    if wrong := fatal(rows):
        return wrong
    if treated(rows).is_empty():
        return _learning(rows)
    compared = [setting for _, setting in rows.group_by(SETTING, maintain_order=True) if _has_both(setting)]
    if not compared:
        return _without_reference(rows)
    setting = widest(pl.concat(compared))
    rates = compare_rates(setting, margin=margin).filter(pl.col("generation") > 0).sort("collapse_rate")
    parts = [_falling(setting), _difference(rates), _tolerance(setting, rates, margin)]
    first, *others = [part for part in parts if part]
    return "; ".join([first[0].upper() + first[1:], *others]) + "."


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
    step = resolution(rows["n_test"], "accuracy")
    gain = mean_of((both[str(sizes[1])] - both[str(sizes[0])]).to_numpy(), step)
    low, high = gain.interval()
    return (
        f"With human labels only accuracy changes by {pp(gain.value)} {interval_pp(low, high)} from "
        f"{count(sizes[0])} to {count(sizes[1])} documents, to {share(mean_of(both[str(sizes[1])].to_numpy()).value)}."
    )


def _without_reference(rows: pl.DataFrame) -> str:
    """Describe arms that have no human-only chain beside them: their own fall from start to end."""
    largest = treated(rows)["collapse_rate"].max()
    arms = treated(rows).filter(pl.col("collapse_rate") == largest)
    chains = arms.sort("n_seen").group_by(*ARM, "seed")
    accuracy = pl.col("accuracy")
    change = chains.agg(pl.col("n_seen").n_unique(), change=accuracy.last() - accuracy.first()).filter(
        pl.col("n_seen") > 1
    )
    if change.is_empty():
        return "No chain has gone beyond its first generation yet."
    changes = change.group_by("seed").agg(pl.col("change").mean())["change"].to_numpy()
    fall = mean_of(changes, resolution(rows["n_test"], "accuracy"))
    return (
        f"With {percent(float(largest))} of new labels made by the model, accuracy changes by {pp(fall.value)} "  # type: ignore[arg-type]
        f"{interval_pp(*fall.interval())} from a chain's start to its end."
    )


def _falling(setting: pl.DataFrame) -> str:
    """Tell of the arms whose seeds fall or not what a mean hides: how many, and where the others are."""
    final = at_size(setting).filter(pl.col("generation") > 0)
    table = seed_groups(final).filter(pl.col("falls") & (pl.col("collapse_rate") > 0)).sort("collapse_rate")
    if table.height > MOST_FALLING:
        table = pl.concat([table.head(1), table.tail(MOST_FALLING - 1)])
    words, called = [], ", calling fewer than 5 % or more than 95 % positive"
    for row in table.iter_rows(named=True):
        k, n, where = row["n_degenerate"] or 0, row["all_seeds"], f"at {percent(row['collapse_rate'])}"
        if k:
            others = "" if row["mean_others"] is None else f" (the others: accuracy {share(row['mean_others'])})"
            words.append(f"{where} {share_of_seeds(k, n)} end degenerate{called}{others}")
            called = ""
        else:
            arm = final.filter(pl.all_horizontal(pl.col(axis).eq_missing(row[axis]) for axis in ARM))
            split = split_in_two(arm["accuracy"].to_numpy())
            low, high = (share(float(group.mean())) for group in (split.low, split.high))
            n_low = share_of_seeds(len(split.low), arm.height)
            words.append(f"{where} the seeds fall into two groups, {n_low} near {low}, the others near {high}")
    return "; ".join(words)


def _difference(table: pl.DataFrame) -> str:
    if table.is_empty():
        return "no rate can be compared with rate 0 yet"
    established = table.filter(pl.col("p_holm") < 0.05)
    losses, gains = (established.filter(sign * pl.col("difference") > 0) for sign in (-1, 1))
    after = f"after {count(table['n_seen'][0])} documents"
    if established.is_empty():
        shown = table.sort(pl.col("difference").abs(), descending=True).row(0, named=True)
        bounds = _joint(shown["joint_low"], shown["joint_high"], shown["n_tests"])
        return (
            f"no rate up to {percent(table['collapse_rate'].to_list()[-1])} has an established effect on accuracy "
            f"{after}; the largest difference, at {percent(shown['collapse_rate'])}, is {pp(shown['difference'])} "
            f"{bounds}{_doubt(shown)}"
        )
    found = losses if losses.height else gains
    words = _established(found.row(0, named=True), after)
    if found.height < table.height:
        words += f", the smallest rate with an established {'loss' if losses.height else 'gain'}"
    if losses.height and gains.height:
        most = gains.sort("difference").row(-1, named=True)
        words += (
            f"; {percents(gains['collapse_rate'].to_list())} {'gain' if gains.height > 1 else 'gains'}, at most "
            f"{unsigned_pp(most['difference'])} "
            f"{_joint(most['joint_low'], most['joint_high'], most['n_tests'], signed=False)} at "
            f"{percent(most['collapse_rate'])}"
        )
    return words


def _established(shown: dict[str, Any], after: str) -> str:
    is_loss = shown["difference"] < 0
    low, high = shown["joint_low"], shown["joint_high"]
    bounds = _joint(*((-high, -low) if is_loss else (low, high)), shown["n_tests"], signed=False)
    amount = f"{unsigned_pp(abs(shown['difference']))} {bounds}"
    rate, verb = percent(shown["collapse_rate"]), "costs" if is_loss else "gains"
    p = p_text(shown["p_holm"])
    established = f"(p {p if p.startswith('<') else f'= {p}'} after Holm)"  # which finds more than the joint interval
    words = f"letting the model label {rate} of new documents {verb} {amount} of accuracy"
    return f"{words} {after} {established}{_doubt(shown)}"


def _joint(low: float | None, high: float | None, n_tests: int, *, signed: bool = True) -> str:
    words = interval_pp(low, high, signed=signed)
    return f"{words[:-1]}, jointly for {n_tests} rates]" if low is not None and n_tests > 1 else words


def _doubt(row: dict[str, Any]) -> str:
    """Say that a mean's interval is not to be believed, if so."""
    if row["reliable"] or row["joint_low"] is None:
        return ""
    return f" (an interval that is unreliable below {ENOUGH_SEEDS} seeds: {row['why']})"


def _tolerance(setting: pl.DataFrame, compared: pl.DataFrame, margin: float) -> str:
    """Say what loss is shown to be within the margin or beyond it; what was merely seen is called so."""
    table = tolerance(setting, margin)
    if table.is_empty() or table["ci_low"][0] is None:
        return ""
    found = table.row(0, named=True)
    words, largest = unsigned_pp(margin), percent(found["largest_rate"])
    if found["tolerance"] is None:
        # Rates are taken from the smallest up, to the first that is not within: so all hold jointly, uncorrected.
        is_within = (-pl.col("ci_low") <= margin) & pl.col("reliable") & ~pl.col("falls")
        within = compared.filter(is_within.fill_null(False).cum_min())["collapse_rate"].to_list()
        seen = f"up to {largest} no mean loss above {words} was seen"
        if not within:
            return f"{seen}, but at no rate tested is a loss within {words} shown"
        every = "every rate" if len(within) == compared.height else "the rates"
        shown = (
            f"a loss within {words} is shown at {every} tested up to {percent(within[-1])} (97.5 % confidence, jointly)"
        )
        return shown if len(within) == compared.height else f"{shown}; {seen}, which is not shown beyond"
    above = compared.filter(collapse_rate=found["above"])
    reliable = not above.is_empty() and above["reliable"][0]
    if reliable and found["ci_high"] is not None and found["ci_high"] < found["smallest_rate"]:
        return (
            f"a loss above {words} is shown at {percent(found['smallest_rate'])}, the smallest rate tested "
            "(97.5 % confidence)"
        )
    high = f"more than {largest}" if found["ci_high"] is None else percent(round(found["ci_high"], 3))
    bounds = f" [{percent(round(found['ci_low'], 3))}, {high}]" if reliable else ""
    return (
        f"the mean loss seen passes {words} between {percent(found['below'])} and {percent(found['above'])}, at about "
        f"{percent(round(found['tolerance'], 3))}{bounds} if losses are straight between the rates tested"
    )
