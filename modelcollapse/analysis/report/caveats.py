"""What a reader must know before believing a run: few seeds, small test sets, two groups of seeds, no pairing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any

import polars as pl

from modelcollapse.analysis.formats import count, listed, percent, share, share_of_seeds, unsigned_pp
from modelcollapse.analysis.mechanism.degeneration import tipping, two_groups
from modelcollapse.analysis.statistics.arms import ARM, at_size, references, treated
from modelcollapse.analysis.statistics.compare_rates import compare_rates
from modelcollapse.analysis.statistics.seed_groups import ENOUGH_SEEDS, seed_groups

#: Fewer seeds than this and t intervals are wide, and hardly anyone can say what the spread is.
FEW_SEEDS = 5
#: A test set whose own standard error is larger than this is called small.
TEST_ERROR = 0.005
#: Test sets smaller than this measure next to nothing.
TINY_TEST = 50
#: Larger classes than this make accuracy a poor measure.
UNBALANCED = 0.8
#: Share of repeated texts that is not worth a word: they cannot raise an accuracy by more.
TOLERATED = 0.01
#: Seeds that use more of a corpus than this overlap in most of their documents.
LARGE_SHARE = 0.7


def caveats(rows: pl.DataFrame, corpus: Mapping[str, Any] | None = None) -> list[str]:
    """List, in sentences, what limits the conclusions from one experiment's prepared rows: `flaws` come last."""
    found = (ask(rows) for ask in (_seeds, _test_set, _fallen, _groups, _sides, _pairing, _rates))
    return [*filter(None, found), *flaws(rows, corpus)]


def caveats_of_many(rows: pl.DataFrame) -> list[str]:
    """Say the same, as far as it holds for more than two classes."""
    found = (ask(rows) for ask in (_seeds, _test_set, _fallen, _groups, _pairing))
    return [*filter(None, found)]


def _at(arm: Mapping[str, Any]) -> str:
    return f"{percent(arm['collapse_rate'])} ({arm['label_rule']})"


def _seeds(rows: pl.DataFrame) -> str:
    fewest = int(at_size(rows).group_by(ARM).len()["len"].min())  # type: ignore[arg-type]
    if fewest == 1:
        return "One seed: there are no intervals and no tests. Add seeds in the same folder with --seeds."
    if fewest < FEW_SEEDS:
        freedom = f"{fewest - 1} degree{'s' * (fewest > 2)} of freedom"
        return (
            f"Only {fewest} seeds in the smallest arm: intervals rest on {freedom} and are wide. "
            "More seeds can be added in the same folder with --seeds."
        )
    return ""


def _test_set(rows: pl.DataFrame) -> str:
    n_test = int(rows["n_test"].min())  # type: ignore[arg-type]
    accuracy = float(at_size(rows)["accuracy"].mean())  # type: ignore[arg-type]
    error = math.sqrt(accuracy * (1 - accuracy) / n_test)
    if error <= TEST_ERROR:
        return ""
    return (
        f"A test set of {count(n_test)} documents: each accuracy is uncertain by ± {unsigned_pp(1.96 * error)} "
        "from the test documents alone. Differences within seeds share the test set and suffer less."
    )


def _fallen(rows: pl.DataFrame) -> str:
    """Name the arm in which most seeds have degenerated, and what that does to the means of its setting."""
    known = seed_groups(at_size(rows)).filter(pl.col("n_degenerate") > 0)
    if known.is_empty():
        return ""
    worst = known.sort("share", "collapse_rate", descending=[True, False], maintain_order=True).row(0, named=True)
    is_of_many = "largest_share" in rows.columns
    most = "95 % or more of the test set one class"
    what = most if is_of_many else "fewer than 5 % or more than 95 % of the test set positive"
    words = (
        f"Seeds fall or not: at {_at(worst)} {share_of_seeds(worst['n_degenerate'], worst['all_seeds'])} call {what}."
    )
    if known["reliable"].all():
        return words
    return (
        f"{words} Where that can happen, intervals of means and equivalence are unreliable below {ENOUGH_SEEDS} seeds, "
        "at rates where no seed shows it too: with one seed in five falling, a third of all arms of five seeds show "
        "none, and two thirds of the intervals hold the true mean. Read the share of seeds, and the accuracy of the "
        "others."
    )


def _groups(rows: pl.DataFrame) -> str:
    split = pl.DataFrame() if treated(rows).is_empty() else two_groups(treated(rows)).filter("bimodal")
    if split.is_empty():
        return ""
    rates = listed([percent(rate) for rate in split["collapse_rate"].unique().sort()])
    worst = split.sort(pl.col("high_mean") - pl.col("low_mean"), descending=True).row(0, named=True)
    low, high = (f"{100 * worst[name]:.1f} %" for name in ("low_mean", "high_mean"))
    return (
        f"At {rates} the seeds fall into two groups, and the mean may describe neither: at {_at(worst)} "
        f"{share_of_seeds(worst['n_low'], worst['n_seeds'])} end near {low}, the other {worst['n_high']} near {high}. "
        "One group with a long tail is called two in 13 to 31 % of such arms."
    )


def _sides(rows: pl.DataFrame) -> str:
    """Seeds of one arm that drift to opposite classes: their mean predicted-positive rate looks healthy."""
    lean = pl.col("predicted_positive_rate")
    arms = at_size(treated(rows)).group_by(ARM).agg(low=(lean < 0.25).sum(), high=(lean > 0.75).sum(), n=pl.len())
    split = arms.filter((pl.col("low") > 0) & (pl.col("high") > 0)).sort(ARM)
    if split.is_empty():
        return ""
    worst = split.sort("low", "high", descending=True).row(0, named=True)
    return (
        f"Seeds drift to opposite sides: at {_at(worst)} {share_of_seeds(worst['low'], worst['n'])} call less than a "
        f"quarter of the test set positive, {share_of_seeds(worst['high'], worst['n'])} more than three quarters. "
        "Their mean share hides that."
    )


def _pairing(rows: pl.DataFrame) -> str:
    if treated(rows).is_empty():
        return ""
    table = compare_rates(rows)
    if table.is_empty():
        return "No rate 0 to compare with: what the self-labels cost cannot be told from what the documents gave."
    if not table["paired"].all():
        return "Rates share no seeds: differences are between independent samples, far less precise than paired."
    return ""


def _rates(rows: pl.DataFrame) -> str:
    n_tests = treated(rows)["collapse_rate"].n_unique()
    if n_tests <= 4:
        return ""
    return (
        f"{n_tests} rates are tested; p-values named Holm are corrected for that, and the headline's interval holds "
        "for all rates jointly. Other intervals, and tests of equivalence, hold each alone: of ten at once all hold in "
        "60 % of runs."
    )


def flaws(rows: pl.DataFrame, corpus: Mapping[str, Any] | None = None) -> list[str]:
    """List, in sentences, what makes accuracies say little, the worst first: constants, duplicates, few test documents.

    `corpus` is what a run knows of its corpus: its ``origin`` tells how many texts were read and repeated.
    """
    about = corpus or {}
    found = (_no_terms(rows), _constant_reference(rows), duplicates(about), _tiny_test_set(rows), _one_class(rows))
    return [words for words in (*found, _used(rows, about)) if words]


def fatal(rows: pl.DataFrame) -> str:
    """Say what leaves nothing to conclude from an experiment's prepared rows, as `flaws` does; "" if there is no such.

    There are no terms at the final size, half of the chains with human labels only end as constants, or there is
    hardly any test set.
    """
    final = at_size(rows)
    if "n_features" in rows.columns and (final["n_features"] == 0).any():
        return _no_terms(rows)
    people = references(rows)
    if not people.is_empty():
        table = tipping(people)
        if 2 * table["n_degenerate"].sum() >= table["n_seeds"].sum() > 0:
            return _constant_reference(rows)
    return _tiny_test_set(rows)


def duplicates(corpus: Mapping[str, Any]) -> str:
    """Say how many of a corpus' texts repeat another one, from what a run knows of it; "" if hardly any."""
    counts = known_counts(corpus)
    kept, repeated, left_out = (counts.get(name) for name in ("kept", "duplicates", "left_out"))
    others = left_out if isinstance(left_out, Mapping) else {}
    if not (isinstance(kept, int) and isinstance(repeated, int) and repeated > TOLERATED * kept):
        return ""
    if "duplicate" in others:
        return ""
    usable = max(kept + sum(others.values()), repeated)
    return (
        f"{count(repeated)} of {count(usable)} documents that were read ({share(repeated / usable)}) repeat the text "
        "of one before: the same texts lie in training and test sets, and accuracies are too high. Leave them out "
        "with --drop-duplicates."
    )


def _no_terms(rows: pl.DataFrame) -> str:
    n_empty = int((rows["n_features"] == 0).sum()) if "n_features" in rows.columns else 0
    if not n_empty:
        return ""
    return (
        f"In {count(n_empty)} of {count(rows.height)} generations no term is left to learn from (n_features 0), and "
        "the model is a constant. Lower --min-df."
    )


def _tiny_test_set(rows: pl.DataFrame) -> str:
    n_test = int(rows["n_test"].min())  # type: ignore[arg-type]
    if n_test >= TINY_TEST:
        return ""
    some = f"{n_test} document{'s' * (n_test > 1)}"
    return f"The test set has {some}: an accuracy moves in steps of {unsigned_pp(1 / n_test)}. Raise --test-size."


def _one_class(rows: pl.DataFrame) -> str:
    known = "train_positive_rate" in rows.columns
    positive = rows.filter(generation=0)["train_positive_rate"].mean() if known else None
    if not isinstance(positive, float) or max(positive, 1 - positive) < UNBALANCED:
        return ""
    larger, side = max(positive, 1 - positive), "positive" if positive > 0.5 else "negative"
    return (
        f"{share(larger)} of the labels are {side}: a model that always says so has that accuracy. Judge by balanced "
        "accuracy or ROC AUC, or balance the corpus with --balance."
    )


def _constant_reference(rows: pl.DataFrame) -> str:
    people = references(rows)
    table = people if people.is_empty() else tipping(people).filter(pl.col("n_degenerate") > 0)
    if table.is_empty():
        return ""
    n_ended, n_seeds = int(table["n_degenerate"].sum()), int(table["n_seeds"].sum())
    return (
        f"With human labels only the model already ends as a constant predictor in {n_ended} of {n_seeds} chains: what "
        "self-labels do to it cannot be seen there."
    )


def known_counts(corpus: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return how many documents of a corpus were read, kept and repeated; nothing where a folder does not tell."""
    origin = corpus.get("origin")  # a run's folder may come from anywhere
    counts = origin.get("rows") if isinstance(origin, Mapping) else None
    return counts if isinstance(counts, Mapping) else {}


def _used(rows: pl.DataFrame, corpus: Mapping[str, Any]) -> str:
    kept = known_counts(corpus).get("kept")
    if not isinstance(kept, int) or rows["seed"].n_unique() < 2:
        return ""
    used = int((rows["n_seen"] + rows["n_test"]).max())  # type: ignore[arg-type]
    if used <= LARGE_SHARE * kept:
        return ""
    return (
        f"Every seed uses {share(used / kept)} of the corpus' {count(kept)} documents: seeds share most of "
        "them, and intervals tell less than they seem to of other documents."
    )


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
