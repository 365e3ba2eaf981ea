"""The claims of the original study, each checked on a run: what was measured, and whether that bears the claim out.

A verdict is a test's, corrected (Holm) over the claims that a run can test, and inside a claim over its rates, arms or
starts. How often each verdict is given, in per cent of simulated runs of five seeds, five rates and 20,000 test
documents, where a claim is not true (null) and where it is by 1 percentage point (300 runs each)::

    claim             null: holds in part contradicted   1 pp: holds in part contradicted
    more data                 1.0     0.0          0.0          77.3     0.0          0.0
    guessing                  0.0     0.0          1.7          27.0     0.0          0.0
    any share                 0.0     0.0          0.7          26.0    63.3          0.0
    the more the less         0.3     0.0          0.3          45.7    20.0          0.0
    more data hurts           1.0     0.0          0.0          34.0     0.0          0.0
    differ at start           0.0     0.0          0.0          32.3     0.0          0.0

A loss of 1 point at 100 % alone (the more the less) and guessing 1 point inside the bound of `GUESSING` are hard to see
with five seeds; differences at the start can arise only where rates share no seeds. What rests on no test: that seeds
of one arm degenerate and others do not is counted ("holds in part"). The simulation is `tests/analysis/claim_rates.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import polars as pl

from modelcollapse.analysis.formats import count, interval_pp, percent, percents, pp, share, share_of_seeds, unsigned_pp
from modelcollapse.analysis.mechanism.amplification import majority_rate
from modelcollapse.analysis.mechanism.degeneration import peaks
from modelcollapse.analysis.statistics.arms import ARM, at_size, references, treated, widest
from modelcollapse.analysis.statistics.compare_rates import compare_rates, start_test
from modelcollapse.analysis.statistics.frames import with_holm
from modelcollapse.analysis.statistics.inference import Estimate, mean_of, mean_over_seeds, rank_correlation
from modelcollapse.analysis.statistics.seed_groups import seed_groups
from modelcollapse.analysis.statistics.trends import trend

#: Error rate of all verdicts of a run together.
LEVEL = 0.05
#: Accuracy up to this much above the constant predictor's counts as guessing.
GUESSING = 0.02
#: A ranking whose ROC AUC is known to lie above this is no guess.
RANKS = 0.55

Verdict = Literal["holds", "holds in part", "not shown", "contradicted", "cannot be checked"]
_BORNE_OUT = {"holds", "holds in part"}


@dataclass(frozen=True)
class Claim:
    """A claim with what a run says about it."""

    claim: str
    measured: str
    verdict: Verdict


@dataclass(frozen=True)
class _Finding:
    """What was measured, the verdict at a level, and the smallest level at which that is one (None: no test)."""

    measured: str
    verdict: Callable[[float], Verdict]
    p: float | None = None


def check_claims(rows: pl.DataFrame, margin: float = 0.005) -> list[Claim]:
    """Check the claims of the original study on its loop in one experiment: one model and regime, rule ``argmax``.

    Claims are in the order of the study; those that the run has no data for say what it would take. The error rates of
    the verdicts stand at the head of this module.
    """
    setting = widest(rows)
    compared = compare_rates(setting, margin=margin).filter(pl.col("p").is_not_null()).sort("collapse_rate")
    found = {
        "More reviews make a better model.": _more_data(rows),
        "Trained on its own labels alone, the model ends no better than random guessing.": _guessing(rows),
        "Any share of self-labels hurts.": _any_rate(compared, margin),
        "The more self-labels, the lower the accuracy.": _dose(setting, compared),
        "With self-labels in the mix, more data can make the model worse.": _more_hurts(rows),
        "Arms differ already at the initial size.": _start(setting, margin),
    }
    levels = _levels([finding.p for finding in found.values()])
    n_tests = sum(finding.p is not None for finding in found.values())
    return [_claim(claim, found[claim], level, n_tests) for claim, level in zip(found, levels, strict=True)]


def _levels(p_values: Sequence[float | None]) -> list[float]:
    """Level of each test by Holm's steps from the smallest p up; from the first that fails on the level stays."""
    known = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    levels, level = [LEVEL] * len(p_values), 0.0
    for rank, (_, i) in enumerate(known):
        if rank == 0 or known[rank - 1][0] < level:
            level = LEVEL / (len(known) - rank)
        levels[i] = level
    return levels


def _claim(claim: str, finding: _Finding, level: float, n_tests: int) -> Claim:
    verdict = finding.verdict(level)
    words = finding.measured
    if verdict != finding.verdict(LEVEL):
        words += f"; corrected over the {n_tests} claims tested: {verdict}"
    return Claim(claim, words, verdict)


def _always(measured: str, verdict: Verdict) -> _Finding:
    return _Finding(measured, lambda level: verdict)


def _more_data(rows: pl.DataFrame) -> _Finding:
    human = widest(references(rows))
    if human["n_seen"].n_unique() < 2:
        return _always("needs rate 0 at two sizes or more", "cannot be checked")
    first, last = human["n_seen"].min(), human["n_seen"].max()
    ends = human.filter(pl.col("n_seen").is_in([first, last])).sort("n_seen")
    both = ends.group_by("seed", "n_test").agg(pl.len(), gain=pl.col("accuracy").last() - pl.col("accuracy").first())
    both = both.filter(pl.col("len") == 2).sort("seed")
    if both.is_empty():
        return _always("no seed has reached the last size", "cannot be checked")
    gain = mean_over_seeds(both, "gain", "accuracy")
    words = f"{pp(gain.value)} {interval_pp(*gain.interval())} from {count(first)} to {count(last)} documents"  # type: ignore[arg-type]
    p = gain.p_value()

    def verdict(level: float) -> Verdict:
        return "not shown" if p is None or p >= level else "holds" if gain.value > 0 else "contradicted"

    return _Finding(words, verdict, p)


def _guessing(rows: pl.DataFrame) -> _Finding:
    alone = at_size(treated(rows)).filter((pl.col("collapse_rate") == 1) & (pl.col("generation") > 0))
    if alone.is_empty():
        return _always("needs rate 100 %", "cannot be checked")
    found = [_guessing_from(arm["initial_size"][0], arm) for _, arm in alone.group_by(ARM, maintain_order=True)]
    words = "; ".join(finding.measured for finding in (found[0], *found[1:][-1:]))
    p_values = [finding.p for finding in found if finding.p is not None]

    def verdict(level: float) -> Verdict:
        verdicts = {finding.verdict(level / max(1, len(p_values))) for finding in found}
        if len(verdicts) == 1:
            return verdicts.pop()
        return "holds in part" if verdicts & _BORNE_OUT else "not shown"

    return _Finding(words, verdict, min(1.0, len(p_values) * min(p_values)) if p_values else None)


def _guessing_from(start: int, arm: pl.DataFrame) -> _Finding:
    """Test accuracy against that of the constant predictor and `GUESSING`; then whether the ranking is guessed too."""
    accuracy = mean_over_seeds(arm, "accuracy")
    low, high = accuracy.interval()
    constant = majority_rate(arm) or 0.5
    beyond = replace(accuracy, value=accuracy.value - constant - GUESSING)
    bounds = "" if low is None or high is None else f" [{share(low)}, {share(high)}]"
    words = f"from {count(start)} documents: accuracy {share(accuracy.value)}{bounds}"
    words += f"; a constant predictor has {share(constant)} (guessing: up to {unsigned_pp(GUESSING)} more)"
    kind = seed_groups(arm).row(0, named=True)
    k, n = kind["n_degenerate"] or 0, kind["all_seeds"]
    if n:
        words += f"; predictors degenerate to one class in {share_of_seeds(k, n)}"
    auc = arm["roc_auc"].drop_nulls().to_numpy()
    auc_low = mean_of(auc).interval()[0] if len(auc) else None
    if len(auc):
        words += f", while ROC AUC is {auc.mean():.2f}"
    ranks = auc_low is not None and auc_low > RANKS

    def verdict(level: float) -> Verdict:
        if 0 < k < n:
            return "holds in part"
        p = beyond.p_value()
        if p is None or p >= level:
            return "not shown"
        return "contradicted" if beyond.value > 0 else "holds in part" if ranks else "holds"

    return _Finding(words, verdict, None if 0 < k < n else beyond.p_value())


def _any_rate(table: pl.DataFrame, margin: float) -> _Finding:
    if table.is_empty():
        return _always("needs rate 0 and another rate, two seeds each", "cannot be checked")
    is_worse, is_better = pl.col("difference") < 0, pl.col("difference") > 0
    may_be_equal = (table["reliable"] & ~table["falls"]).all()
    p_equal = float(table["p_equivalent"].max()) if may_be_equal else 1.0  # type: ignore[arg-type]

    def verdict(level: float) -> Verdict:
        found = table.filter(pl.col("p_holm") < level)
        worse, better = found.filter(is_worse).height, found.filter(is_better).height
        if worse:
            return "holds" if worse == table.height else "holds in part"
        return "contradicted" if better or p_equal < level else "not shown"

    p = min(float(table["p_holm"].min()), p_equal)  # type: ignore[arg-type]
    return _Finding("; ".join(_any_rate_words(table, margin)), verdict, p)


def _any_rate_words(table: pl.DataFrame, margin: float) -> Iterator[str]:
    found = table.filter(pl.col("p_holm") < LEVEL)
    worse, better = (found.filter(sign * pl.col("difference") > 0)["collapse_rate"].to_list() for sign in (-1, 1))
    same = table.filter("equivalent")["collapse_rate"].to_list()
    smallest = table.row(0, named=True)
    if len(worse) == table.height:
        words = "at every rate tested" if table.height > 1 else "at the one rate tested"
        yield f"established (Holm) {words} (from {percent(worse[0])} on)"
    else:
        yield f"established (Holm) at {percents(worse)}" if worse else "established at no rate"
    if same:
        beyond = f"beyond ± {unsigned_pp(margin)}"
        yield f"equivalent to 0 % at {percents(same)}, where an effect {beyond} is contradicted"
    if better:
        yield f"better than 0 % at {percents(better)}"
    bounds = interval_pp(smallest["ci_low"], smallest["ci_high"])
    yield f"{percent(smallest['collapse_rate'])} changes accuracy by {pp(smallest['difference'])} {bounds}"
    for row in table.filter("falls").head(1).iter_rows(named=True):
        if row["n_degenerate"]:
            fallen = share_of_seeds(row["n_degenerate"], row["n_seeds"])
            yield f"at {percent(row['collapse_rate'])} {fallen} are degenerate, so means hide how seeds end"


def _dose(setting: pl.DataFrame, compared: pl.DataFrame) -> _Finding:
    """Test the slope, and within seeds the rank correlation of rate and accuracy, and look for rates that gain."""
    table = trend(setting)
    if table.is_empty():
        return _always("needs three rates or more", "cannot be checked")
    found = table.row(0, named=True)
    low, high = found["ci_low_pp"], found["ci_high_pp"]
    bounds = "" if low is None else f" [{low:+.3f}, {high:+.3f}]"
    words = f"{found['slope_pp']:+.3f} pp per 1 %{bounds}"
    rank = _rank_over_rates(setting)
    if rank is not None:
        ends = rank.interval()
        bounds = "" if ends[0] is None or ends[1] is None else f" [{max(-1, ends[0]):.2f}, {min(1, ends[1]):.2f}]"
        words += f", rank correlation of rate and accuracy {rank.value:.2f}{bounds}"
    gains = compared.filter((pl.col("difference") > 0) & (pl.col("p_holm") < LEVEL))["collapse_rate"].to_list()
    if gains:
        words += f"; but {percents(gains)} {'gain' if len(gains) > 1 else 'gains'}"

    def verdict(level: float) -> Verdict:
        if found["p"] is None or found["p"] >= level:
            return "not shown"
        if found["slope_pp"] > 0:
            return "contradicted"
        p_rank = None if rank is None else rank.p_value()
        is_ranked = rank is not None and rank.value < 0 and (p_rank is None or p_rank < level)
        return "holds" if is_ranked and not gains else "holds in part"

    return _Finding(words.replace("-", "−"), verdict, found["p"])


def _rank_over_rates(setting: pl.DataFrame) -> Estimate | None:
    """Rank correlation of rate and accuracy: the mean over seeds that have all rates, or that of the means."""
    final = at_size(setting).filter(pl.col("generation") > 0)
    rates = final["collapse_rate"].unique().sort().to_list()
    wide = (
        final.sort("collapse_rate")
        .pivot("collapse_rate", index=["seed", "n_test"], values="accuracy", aggregate_function="mean")
        .drop_nulls()
    )
    if wide.is_empty():
        means = final.group_by("collapse_rate").agg(pl.col("accuracy").mean()).sort("collapse_rate")
        rho = rank_correlation(rates, means["accuracy"].to_list())
        return None if rho is None else mean_of([rho])
    known = [rank_correlation(rates, list(row[2:])) for row in wide.iter_rows()]
    # Among k rates a rank correlation moves in steps of 12 / (k³ − k): it has no less spread than that.
    step = 12 / (len(rates) ** 3 - len(rates))
    return mean_of([rho or 0.0 for rho in known], step)


def _more_hurts(rows: pl.DataFrame) -> _Finding:
    table = peaks(rows).filter(pl.col("hurts").is_not_null())
    if table.is_empty():
        return _always("needs two seeds and two sizes with self-labels", "cannot be checked")
    beside = table.filter(pl.col("p_both").is_not_null())
    if beside.is_empty():
        falls = with_holm(table).filter(pl.col("hurts") & (pl.col("p_holm") < LEVEL))
        rates = percents(falls["collapse_rate"].unique().sort().to_list())
        seen = f"accuracy falls from its peak at {rates}" if falls.height else "no fall from a peak is established"
        return _always(f"{seen}, but without rate 0 beside it: human labels alone might fall as much", "not shown")
    corrected = with_holm(beside, p="p_both")
    hurts = corrected.filter(pl.col("p_holm") < LEVEL).sort("collapse_rate", "initial_size")
    if hurts.is_empty():
        words = f"in none of {beside.height} arms a fall from a peak is established that human labels do not have too"
    else:
        first = hurts.row(0, named=True)
        words = (
            f"established (Holm) at {percents(hurts['collapse_rate'].unique().sort().to_list())}; at "
            f"{percent(first['collapse_rate'])} accuracy falls by {unsigned_pp(first['drop'])} "
            f"{interval_pp(first['ci_low'], first['ci_high'], signed=False)} from its peak at "
            f"{count(first['peak_size'])} documents, {pp(first['relative_drop'])} "
            f"{interval_pp(first['relative_low'], first['relative_high'])} more than rate 0 does"
        )
    p = float(corrected["p_holm"].min())  # type: ignore[arg-type]
    return _Finding(words, lambda level: "holds" if p < level else "not shown", p)


def _start(setting: pl.DataFrame, margin: float) -> _Finding:
    table = start_test(setting, margin=margin)
    if table.is_empty():
        return _always("needs rate 0 and another rate", "cannot be checked")
    if table["paired"].all():
        if (table["difference"] != 0).any():
            return _always("alarm: arms of one seed differ where nothing is self-labelled: broken rows", "holds")
        return _always(
            f"nothing is self-labelled yet: the difference is exactly zero in {table['n_seeds'].sum()} pairs, so a "
            "comparison there compares nothing with nothing",
            "contradicted",
        )
    known = with_holm(table).drop_nulls("p_holm")
    if known.is_empty():
        return _always("nothing is self-labelled yet, and one seed tells no difference", "not shown")
    alarms = known.filter(pl.col("p_holm") < LEVEL)["collapse_rate"].to_list()
    by_chance = known.filter(pl.col("p") < LEVEL).height
    if alarms:
        words = f"alarm: nothing is self-labelled yet, and still {percents(alarms)} differ (Holm): the data differ"
    else:
        words = f"nothing is self-labelled yet; {by_chance} of {known.height} rates differ at p < .05, none after Holm"
    p = float(known["p_holm"].min())  # type: ignore[arg-type]
    p_equal = float(known["p_equivalent"].max()) if known.height == table.height else 1.0  # type: ignore[arg-type]
    if p_equal < LEVEL:
        words += f"; all are equal within ± {unsigned_pp(margin)}"

    def verdict(level: float) -> Verdict:
        return "holds" if p < level else "contradicted" if p_equal < level else "not shown"

    return _Finding(words, verdict, min(p, p_equal))
