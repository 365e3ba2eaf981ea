"""The claims of the original study, each checked on a run: what was measured, and whether that bears the claim out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from modelcollapse.analysis.arms import ARM, SETTING, at_size, references, treated
from modelcollapse.analysis.differences import compare_rates, start_test
from modelcollapse.analysis.inference import holm, mean_of, rank_correlation
from modelcollapse.analysis.prior import majority_rate
from modelcollapse.analysis.tipping import peaks, tipping
from modelcollapse.analysis.trends import trend
from modelcollapse.analysis.words import count, interval_pp, listed, percent, percents, pp, share

Verdict = Literal["holds", "holds in part", "not shown", "contradicted", "cannot be checked"]
_BORNE_OUT = {"holds", "holds in part"}


@dataclass(frozen=True)
class Claim:
    """A claim with what a run says about it."""

    claim: str
    measured: str
    verdict: Verdict


def check_claims(rows: pl.DataFrame, margin: float = 0.005) -> list[Claim]:
    """Check the claims of the original study on one experiment.

    Parameters
    ----------
    rows : DataFrame
        Prepared rows of the study's loop in one experiment: one model and regime, rule ``argmax``.
    margin : float
        Differences within ± margin count as none.

    Returns
    -------
    list of Claim
        In the order of the study; claims that the run has no data for say what it would take.
    """
    setting = _widest(rows)
    checks: tuple[tuple[str, Callable[[], tuple[str, Verdict]]], ...] = (
        ("More reviews make a better model.", lambda: _more_data(rows)),
        ("Trained on its own labels alone, the model ends no better than random guessing.", lambda: _guessing(rows)),
        ("Any share of self-labels hurts.", lambda: _any_rate(setting, margin)),
        ("The more self-labels, the lower the accuracy.", lambda: _dose(setting)),
        ("With self-labels in the mix, more data can make the model worse.", lambda: _more_hurts(rows)),
        ("Arms differ already at the initial size.", lambda: _start(setting)),
    )
    return [Claim(claim, *check()) for claim, check in checks]


def _widest(rows: pl.DataFrame) -> pl.DataFrame:
    """Of several starts the one with most rates and sizes."""
    settings = [setting for _, setting in rows.group_by(SETTING, maintain_order=True)]
    return max(settings, key=lambda frame: (frame["collapse_rate"].n_unique(), frame["n_seen"].n_unique()))


def _more_data(rows: pl.DataFrame) -> tuple[str, Verdict]:
    human = _widest(references(rows)) if not references(rows).is_empty() else rows.clear()
    if human["n_seen"].n_unique() < 2:
        return "needs rate 0 at two sizes or more", "cannot be checked"
    first, last = human["n_seen"].min(), human["n_seen"].max()
    ends = human.filter(pl.col("n_seen").is_in([first, last])).sort("n_seen")
    both = ends.group_by("seed").agg(pl.len(), gain=pl.col("accuracy").last() - pl.col("accuracy").first())
    gain = mean_of(both.filter(pl.col("len") == 2)["gain"].to_numpy()) if (both["len"] == 2).any() else None
    if gain is None:
        return "no seed has reached the last size", "cannot be checked"
    low, high = gain.interval()
    words = f"{pp(gain.value)} {interval_pp(low, high)} from {count(first)} to {count(last)} documents"  # type: ignore[arg-type]
    return words, _sign_verdict(low, high)


def _guessing(rows: pl.DataFrame) -> tuple[str, Verdict]:
    alone = (
        at_size(treated(rows)).filter((pl.col("collapse_rate") == 1) & (pl.col("generation") > 0))
        if not treated(rows).is_empty()
        else rows.clear()
    )
    if alone.is_empty():
        return "needs rate 100 %", "cannot be checked"
    found = [_guessing_from(arm["initial_size"][0], arm) for _, arm in alone.group_by(ARM, maintain_order=True)]
    verdicts = {verdict for _, verdict in found}
    words = "; ".join(words for words, _ in (found[0], *found[1:][-1:]))
    return words, verdicts.pop() if len(verdicts) == 1 else "holds in part" if verdicts & _BORNE_OUT else "not shown"


def _guessing_from(start: int, arm: pl.DataFrame) -> tuple[str, Verdict]:
    accuracy = mean_of(arm["accuracy"].to_numpy())
    low, high = accuracy.interval()
    constant = majority_rate(arm) or 0.5
    bounds = "" if low is None or high is None else f" [{share(low)}, {share(high)}]"
    words = f"from {count(start)} documents: accuracy {share(accuracy.value)}{bounds}"
    words += f"; a constant predictor has {share(constant)}"
    counted = tipping(arm)
    if counted.is_empty():
        near = low is not None and low <= max(constant, 0.5) + 0.01
        return words, "holds" if near else "contradicted" if low is not None else "not shown"
    row = counted.row(0, named=True)
    words += f"; predictors degenerate to one class in {row['n_degenerate']} of {row['n_seeds']} seeds"
    auc = arm["roc_auc"].drop_nulls()
    if len(auc):
        words += f", while ROC AUC is {mean_of(auc.to_numpy()).value:.2f}"
    if row["n_degenerate"] == row["n_seeds"]:
        guesses = len(auc) and mean_of(auc.to_numpy()).value < 0.55
        return words, "holds" if guesses else "holds in part"
    return words, "holds in part" if row["n_degenerate"] else "contradicted"


def _any_rate(setting: pl.DataFrame, margin: float) -> tuple[str, Verdict]:
    table = compare_rates(setting, margin=margin).filter(pl.col("p").is_not_null()).sort("collapse_rate")
    if table.is_empty():
        return "needs rate 0 and another rate, two seeds each", "cannot be checked"
    worse = table.filter((pl.col("p_holm") < 0.05) & (pl.col("difference") < 0))
    better = table.filter((pl.col("p_holm") < 0.05) & (pl.col("difference") > 0))
    same = table.filter(pl.col("equivalent"))
    parts = [
        f"established (Holm) at {percents(worse['collapse_rate'].to_list())}"
        if worse.height
        else "established at no rate"
    ]
    if same.height:
        parts.append(
            f"equivalent to 0 % within ± {pp(margin, signed=False)} at {percents(same['collapse_rate'].to_list())}"
        )
    if better.height:
        parts.append(f"better than 0 % at {percents(better['collapse_rate'].to_list())}")
    smallest = table.row(0, named=True)
    bounds = interval_pp(smallest["ci_low"], smallest["ci_high"])
    parts.append(f"{percent(smallest['collapse_rate'])} changes accuracy by {pp(smallest['difference'])} {bounds}")
    verdict: Verdict = "holds" if worse.height == table.height else "holds in part" if worse.height else "not shown"
    return "; ".join(parts), "contradicted" if better.height and not worse.height else verdict


def _dose(setting: pl.DataFrame) -> tuple[str, Verdict]:
    table = trend(setting)
    if table.is_empty():
        return "needs three rates or more", "cannot be checked"
    found = table.row(0, named=True)
    means = at_size(setting).group_by("collapse_rate").agg(pl.col("accuracy").mean()).sort("collapse_rate")
    rho = rank_correlation(means["collapse_rate"].to_list(), means["accuracy"].to_list())
    low, high = found["ci_low_pp"], found["ci_high_pp"]
    bounds = "" if low is None else f" [{low:+.3f}, {high:+.3f}]".replace("-", "−")
    slope = f"{found['slope_pp']:+.3f}".replace("-", "−")
    words = f"{slope} pp per 1 %{bounds}"
    if rho is not None:
        words += f", rank correlation of rate and mean accuracy {rho:.2f}".replace("-", "−")
    return words, _sign_verdict(None if high is None else -high, None if low is None else -low)


def _more_hurts(rows: pl.DataFrame) -> tuple[str, Verdict]:
    table = peaks(rows).filter(pl.col("hurts").is_not_null())
    if table.is_empty():
        return "needs two seeds and two sizes with self-labels", "cannot be checked"
    p_holm = pl.Series("p_holm", holm(table["p"].to_list()))
    hurts = table.filter("hurts", p_holm < 0.05).sort("collapse_rate", "initial_size")
    if hurts.is_empty():
        return f"no fall from a peak is established in {table.height} arms", "not shown"
    first = hurts.row(0, named=True)
    words = (
        f"established (Holm) at {percents(hurts['collapse_rate'].unique().sort().to_list())}; at "
        f"{percent(first['collapse_rate'])} accuracy falls by {pp(first['drop'], signed=False)} "
        f"{interval_pp(first['ci_low'], first['ci_high'], signed=False)} from its peak at "
        f"{count(first['peak_size'])} documents"
    )
    return words, "holds"


def _start(setting: pl.DataFrame) -> tuple[str, Verdict]:
    table = start_test(setting)
    if table.is_empty():
        return "needs rate 0 and another rate", "cannot be checked"
    if table["paired"].all():
        return (
            f"nothing is self-labelled yet: the difference is exactly zero in {table['n_seeds'].sum()} pairs, so a "
            "comparison there compares nothing with nothing",
            "contradicted",
        )
    alarms = [percent(rate) for rate in table.filter(pl.col("p") < 0.05)["collapse_rate"]]
    if alarms:
        words = f"nothing is self-labelled yet, and still {listed(alarms)} differ at p < .05: chance"
    else:
        words = "nothing is self-labelled yet, and no rate differs at p < .05"
    return words, "contradicted"


def _sign_verdict(low: float | None, high: float | None) -> Verdict:
    """Verdict on "it is above 0" from an interval."""
    if low is None or high is None:
        return "not shown"
    return "holds" if low > 0 else "contradicted" if high < 0 else "not shown"
