"""The tables of the mechanism: causes, what became of the predictor, its bias, where more data begins to hurt."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from modelcollapse.analysis.formats import NO_VALUE, OVER_SEEDS, count, p_text, share, unsigned_pp
from modelcollapse.analysis.mechanism.amplification import amplification_bound
from modelcollapse.analysis.mechanism.decomposition import decomposition
from modelcollapse.analysis.mechanism.degeneration import peaks
from modelcollapse.analysis.report.cells import (
    Cell,
    Column,
    Table,
    axes_columns,
    difference_cell,
    make_table,
    number,
    text,
)
from modelcollapse.analysis.statistics.arms import ARM, NO_RULE, at_size, treated
from modelcollapse.simulation.metrics import CALIBRATION_BINS


def decomposition_table(rows: pl.DataFrame) -> Table | None:
    """Show the loss of each rate by cause."""
    columns: list[Column] = [
        *axes_columns(rows, rule=False),
        ("cause", lambda row: text(row["cause"])),
        ("between", lambda row: text(f"{row['better'].replace(NO_RULE, 'rate 0')} and {row['worse']}")),
        ("loss [95 %]", lambda row: difference_cell(row, "loss")),
        ("p (Holm)", lambda row: number(row["p_holm"], p_text)),
        ("seeds", lambda row: number(row["n_seeds"], str)),
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
        ("best size", lambda row: number(row["peak_size"], count)),
        ("accuracy there", lambda row: number(row["peak_mean"], share)),
        ("at the end", lambda row: number(row["final_mean"], share)),
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
    return Cell(f"{NO_VALUE}, still rising", -1e299) if row["rising"] else difference_cell(row, "drop")


def _relative_fall(row: dict[str, Any]) -> Cell:
    measured = {**row, "relative_drop": None} if row["rising"] else row
    return difference_cell(measured, "relative_drop", "relative_low", "relative_high")


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

    def pair(first: str, second: str) -> Callable[[dict[str, Any]], Cell]:
        return lambda row: number(row[first], share, f" / {share(row[second])}")

    columns: list[Column] = [
        *axes_columns(rows),
        ("ROC AUC", lambda row: number(row["roc_auc"], "{:.3f}".format)),
        ("best threshold", lambda row: number(row["best_threshold_accuracy"], share)),
        ("recall − / +", pair("recall_negative", "recall_positive")),
        ("wrong self-labels − / +", pair("synthetic_error_negative", "synthetic_error_positive")),
        ("calibration error", lambda row: number(row["calibration_error"], share)),
        ("Brier", lambda row: number(row["brier"], "{:.3f}".format)),
        ("log-loss", lambda row: number(row["log_loss"], "{:.3f}".format)),
        ("churn", lambda row: number(row["churn"], share)),
    ]
    note = (
        "Means over seeds at the final size. − / +: truly negative and positive documents. Wrong self-labels: in the "
        "training set. Calibration error: expected, ten bins. Churn: test documents whose prediction changed since the "
        f"generation before. On {count(n_test)} test documents a perfectly calibrated model reads a calibration error "
        f"of up to {share(calibration_error_by_chance(n_test))}, and a ranking without information a best threshold of "
        f"{share(best_threshold_by_chance(n_test))} (with half of the documents positive)."
    )
    return make_table("What became of the predictor", note, frame, columns)


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
        ("called positive", lambda row: number(row["mean"], share)),
        ("true share", lambda row: number(row["true_share"], share)),
        ("bias", lambda row: number(row["bias"], unsigned_pp)),
        ("of human labels only", lambda row: number(row["human_bias"], unsigned_pp)),
        ("bound", lambda row: number(row["bound"], lambda value: f"{unsigned_pp(value)} (× {row['factor']:.2f})")),
        ("bias − bound [95 %]", lambda row: difference_cell(row, "excess", "excess_low", "excess_high")),
        ("verdict", lambda row: text(row["verdict"] or None)),
    ]
    note = (
        "Bias: how far the share called positive is from the true one, in each seed, then averaged. Taori & Hashimoto "
        "(2209.03942) bound how much a feedback loop amplifies it if the model stays as calibrated as on human labels. "
        "An under-fitted model that labels by argmax need not. Verdict: within or beyond where the interval of bias − "
        f"bound lies on one side of 0. {OVER_SEEDS}"
    )
    return make_table("Bias and its theoretical bound", note, last, columns)
