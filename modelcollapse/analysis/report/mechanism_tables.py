"""The tables of the mechanism: which collapse, by what causes, what became of the predictor, where more data hurts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl

from modelcollapse.analysis.formats import (
    NO_VALUE,
    OVER_SEEDS,
    count,
    p_text,
    pp,
    share,
    share_of_seeds,
    signed,
    unsigned_pp,
)
from modelcollapse.analysis.mechanism.amplification import amplification_bound
from modelcollapse.analysis.mechanism.decomposition import decomposition
from modelcollapse.analysis.mechanism.degeneration import peaks
from modelcollapse.analysis.profile.profile import NOT_MEASURABLE, profile
from modelcollapse.analysis.report.cells import (
    NOTHING,
    Cell,
    Column,
    Table,
    Writer,
    axes_columns,
    estimate,
    make_table,
    number,
    text,
)
from modelcollapse.analysis.statistics.arms import ARM, NO_RULE, at_size, treated
from modelcollapse.simulation.metrics import CALIBRATION_BINS


def profile_table(rows: pl.DataFrame, margin: float) -> Table | None:
    """Show every arm of prepared rows by every definition; None if nothing is self-labelled."""
    columns: list[Column] = [
        *axes_columns(rows),
        ("definition", lambda row: Cell(f"{row['definition']} {row['meaning']}", row["definition"], is_number=False)),
        ("measured as", lambda row: text(row["quantity"] or None)),
        ("found [95 %]", _harm),
        ("p (Holm)", "p_holm", p_text),
        ("verdict", "verdict"),
        ("from generation", "onset", count),
        ("who means this says", lambda row: text(row["mean_it"] or None)),
        ("note", "note"),
    ]
    note = (
        "The definitions are those that Schaeffer et al. (2503.03150) found in the literature; there is no total. "
        "Larger is worse. Shown: there is harm – any in definitions 2 and 4, more than the margin in the others, "
        "in more than one chain of 20 where seeds are counted – corrected (Holm) over all rates and definitions of "
        "a label rule: without harm at most 5 % of runs show some. Excluded: the harm is below the margin, "
        f"{unsigned_pp(margin)} ({margin:g} in other units), or befalls fewer than one chain in 20; corrected as "
        "well. Diverging risk is never shown, as no run is long enough; it is excluded for the length of this one. "
        "Scaling law: without a plateau, which the few sizes of a run do not tell. From generation: up to the last "
        f"one. {OVER_SEEDS}"
    )
    return make_table("Which collapse? Eight meanings of the word", note, profile(rows, margin), columns)


def _harm(row: dict[str, Any]) -> Cell:
    if row["verdict"] == NOT_MEASURABLE:
        return NOTHING
    if row["unit"] == "seeds":
        return number(row["value"], lambda share: share_of_seeds(round(share * row["n_seeds"]), row["n_seeds"]))
    return estimate("value", pp if row["unit"] == "share" else signed)(row)


def decomposition_table(rows: pl.DataFrame) -> Table | None:
    """Show the loss of each rate by cause."""
    columns: list[Column] = [
        *axes_columns(rows, rule=False),
        ("cause", "cause"),
        ("between", lambda row: text(f"{row['better'].replace(NO_RULE, 'rate 0')} and {row['worse']}")),
        ("loss [95 %]", estimate("loss", pp)),
        ("p (Holm)", "p_holm", p_text),
        ("seeds", "n_seeds", count),
    ]
    note = (
        "Each step is the difference within seeds between two arms; the steps of a rate add up to its total. "
        "Negative: a gain. Every arm makes its own model's number of errors, so structured error also holds "
        "that worse models err more. Corrected (Holm) over all causes and rates, totals among themselves. "
        f"{OVER_SEEDS}"
    )
    return make_table("Where the loss comes from", note, decomposition(rows), columns)


def peaks_table(rows: pl.DataFrame) -> Table | None:
    """Show where more data begins to hurt."""
    if treated(rows).is_empty():
        return None
    columns: list[Column] = [
        *axes_columns(rows),
        ("best size", "peak_size", count),
        ("accuracy there", "peak_mean", share),
        ("at the end", "final_mean", share),
        ("fall [95 %]", _fall),
        ("more than rate 0 falls [95 %]", _relative_fall),
        ("more data hurts", lambda row: text({True: "yes", False: "not shown", None: None}[row["hurts"]])),
    ]
    note = (
        "The fall is measured in each seed from the size that was best for the other seeds; beside it how much more "
        "that is than rate 0 of the same seed loses between the same sizes. Of arms of noise 4 to 8 % are said to "
        f"hurt. {OVER_SEEDS}"
    )
    return make_table("Where more data begins to hurt", note, peaks(rows), columns)


def _fall(row: dict[str, Any]) -> Cell:
    return Cell(f"{NO_VALUE}, still rising", -1e299) if row["rising"] else estimate("drop", pp)(row)


def _relative_fall(row: dict[str, Any]) -> Cell:
    return NOTHING if row["rising"] else estimate("relative_drop", pp, "relative_low", "relative_high")(row)


def predictor_table(rows: pl.DataFrame) -> Table | None:
    """Show what became of the predictor at the final size: means over seeds of what accuracy does not tell."""
    metrics = (
        "roc_auc", "best_threshold_accuracy", "recall_negative", "recall_positive", "synthetic_error_negative",
        "synthetic_error_positive", "calibration_error", "brier", "log_loss", "churn",
    )  # fmt: skip
    final = at_size(rows)
    if final["roc_auc"].is_null().all():
        return None
    frame = final.group_by(ARM).agg(pl.col(metrics).mean()).sort(ARM)
    n_test = int(final["n_test"].min())  # type: ignore[arg-type]

    columns: list[Column] = [
        *axes_columns(rows),
        ("ROC AUC", "roc_auc", "{:.3f}".format),
        ("best threshold", "best_threshold_accuracy", share),
        ("recall − / +", _pair("recall_negative", "recall_positive")),
        ("wrong self-labels − / +", _pair("synthetic_error_negative", "synthetic_error_positive")),
        ("calibration error", "calibration_error", share),
        ("Brier", "brier", "{:.3f}".format),
        ("log-loss", "log_loss", "{:.3f}".format),
        ("churn", "churn", share),
    ]
    note = (
        "Means over seeds at the final size. − / +: truly negative and positive documents. Wrong self-labels: in the "
        "training set. Calibration error: expected, ten bins. Churn: test documents whose prediction changed since the "
        f"generation before. On {count(n_test)} test documents a perfectly calibrated model reads a calibration error "
        f"of up to {share(calibration_error_by_chance(n_test))}, and a ranking without information a best threshold of "
        f"{share(best_threshold_by_chance(n_test))} (with half of the documents positive)."
    )
    return make_table("What became of the predictor", note, frame, columns)


def _pair(first: str, second: str) -> Writer:
    return lambda row: number(row[first], lambda found: f"{share(found)} / {share(row[second])}")


def calibration_error_by_chance(n_test: int) -> float:
    """Return the expected calibration error that a perfectly calibrated model reads on `n_test` documents.

    With probabilities spread evenly over the ten bins each bin's gap is a binomial mean's, of which the expected size
    is √(2/π) standard errors: √(2/π) · Σ_b √(v_b / (10 n)), v_b the mean of p (1 − p) in bin b. Probabilities in fewer
    bins read less.
    """
    edges = np.linspace(0, 1, CALIBRATION_BINS + 1)
    integral = edges**2 / 2 - edges**3 / 3
    variances = np.diff(integral) * CALIBRATION_BINS
    return float(math.sqrt(2 / math.pi) * np.sqrt(variances / (CALIBRATION_BINS * n_test)).sum())


def best_threshold_by_chance(n_test: int) -> float:
    """Return the best-threshold accuracy of a ranking without information on `n_test` documents, half positive.

    Moving the threshold over the documents is a walk of n steps of ± 1 / n from about ½; the expected maximum of such
    a walk is √(2 / (π n)) (reflection principle).
    """
    return 0.5 + math.sqrt(2 / (math.pi * n_test))


def bound_table(rows: pl.DataFrame) -> Table | None:
    """Show the bias of predictions beside the bound of Taori & Hashimoto, at the final size."""
    table = amplification_bound(rows)
    last = table.filter(pl.col("n_seen") == pl.col("n_seen").max().over(ARM)).filter(pl.col("generation") > 0)
    columns: list[Column] = [
        *axes_columns(rows, rule=False),
        ("called positive", "mean", share),
        ("true share", "true_share", share),
        ("bias", "bias", unsigned_pp),
        ("of human labels only", "human_bias", unsigned_pp),
        ("bound", lambda row: number(row["bound"], lambda bound: f"{unsigned_pp(bound)} (× {row['factor']:.2f})")),
        ("bias − bound [95 %]", estimate("excess", pp, "excess_low", "excess_high")),
        ("verdict", lambda row: text(row["verdict"] or None)),
    ]
    note = (
        "Bias: how far the share called positive is from the true one, in each seed, then averaged. Taori & Hashimoto "
        "(2209.03942) bound how much a feedback loop amplifies it if the model stays as calibrated as on human labels. "
        "An under-fitted model that labels by argmax need not. Verdict: within or beyond where the interval of bias − "
        f"bound lies on one side of 0. {OVER_SEEDS}"
    )
    return make_table("Bias and its theoretical bound", note, last, columns)
