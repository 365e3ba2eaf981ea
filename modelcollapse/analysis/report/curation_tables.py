"""The tables of curation: what is bought back, what budget is needed, which strategies can be told apart."""

from __future__ import annotations

from typing import Any

import polars as pl

from modelcollapse.analysis.formats import OVER_SEEDS, count, p_text, percent, pp, unsigned_pp
from modelcollapse.analysis.mechanism.curation import LOOP, budget_needed, compare_strategies, curation
from modelcollapse.analysis.report.cells import (
    NOTHING,
    Cell,
    Column,
    Table,
    axes_columns,
    estimate,
    make_table,
    reliable_cell,
    text,
    tolerance_cell,
)


def curation_tables(rows: pl.DataFrame, margin: float) -> dict[str, Table | None]:
    """Make the tables of curation that prepared rows have data for, by kind."""
    bought = curation(rows, margin=margin)
    return {
        "bought": bought_table(rows, bought, margin),
        "needed": needed_table(rows, bought, margin),
        "strategies": strategies_table(rows),
    }


def bought_table(rows: pl.DataFrame, bought: pl.DataFrame, margin: float) -> Table | None:
    """Show what each strategy buys back of the loop's loss: what `curation` says of prepared rows."""
    columns: list[Column] = [
        *axes_columns(rows, rule=False),
        ("strategy", lambda row: text("the loop itself" if _is_loop(row) else row["strategy"])),
        ("budget", "budget", percent),
        ("labels checked", "n_checked", count),
        ("seeds", "n_seeds", count),
        ("bought back [95 %]", _bought),
        ("p (Holm)", "p_holm", p_text),
        ("for 1,000 checks", "per_thousand", pp),
        ("frontier", lambda row: text("yes" if row["frontier"] else None)),
        ("of what is lost [95 %]", _restored),
        ("still lost [95 %]", estimate("left", pp, "left_low", "left_high")),
        (f"within {unsigned_pp(margin)}", "within"),
        ("means reliable", lambda row: text(None) if row["reliable"] is None else reliable_cell(row)),
    ]
    note = (
        "Beside the loop of the same seeds, at the final size. Budget: share of the self-labelled documents that "
        "people check (or that are dropped). Corrected (Holm) over all strategies and rates. Frontier: none buys back "
        "more for as many checks, by the means alone. Of what is lost: Fieller's interval; – where the loss is not "
        "shown. Within: one-sided at 5 %, each alone, and never where seeds fall. A verifier or a detector is taken "
        "for granted: its own cost is not counted. Checked labels are taken to be right. "
        f"{OVER_SEEDS}"
    )
    return make_table("What curation buys back", note, bought, columns)


def needed_table(rows: pl.DataFrame, bought: pl.DataFrame, margin: float) -> Table | None:
    """Show the budget that each strategy needs to keep the loss within the margin."""
    columns: list[Column] = [
        *axes_columns(rows, rule=False),
        ("strategy", "strategy"),
        ("seeds", "n_seeds", count),
        (
            f"budget that keeps the loss within {unsigned_pp(margin)} [95 %]",
            lambda row: tolerance_cell(row, "needed", "ci_low", "ci_high", row["largest"]),
        ),
        ("means reliable", "reliable"),
    ]
    note = (
        "The share of the self-labelled documents at which the loss first falls below the margin, interpolated between "
        "the budgets tested, from the loop's at 0: of what lies between them nothing is known. More than the largest "
        "budget tested is written as such."
    )
    return make_table("How much checking is enough", note, budget_needed(bought, margin), columns)


def strategies_table(rows: pl.DataFrame) -> Table | None:
    """Show which strategies of equal budget can be told apart."""
    columns: list[Column] = [
        *axes_columns(rows, rule=False),
        ("budget", "budget", percent),
        ("better by the mean", "better"),
        ("than", "worse"),
        ("difference [95 %]", estimate("difference", pp)),
        ("p (Holm)", "p_holm", p_text),
        ("seeds", "n_seeds", count),
        ("verdict", "verdict"),
    ]
    note = f"Pairs of strategies with the same budget, within seeds; corrected (Holm) over all pairs. {OVER_SEEDS}"
    return make_table("Strategies beside each other", note, compare_strategies(rows), columns)


def _is_loop(row: dict[str, Any]) -> bool:
    return bool(row["strategy"] == LOOP)


def _bought(row: dict[str, Any]) -> Cell:
    return estimate("bought", pp)({**row, "ci_low": None} if _is_loop(row) else row)


def _restored(row: dict[str, Any]) -> Cell:
    if row["restored"] is None or _is_loop(row):
        return NOTHING
    names = ("restored", "restored_low", "restored_high")
    share, low, high = (f"{100 * row[name]:.0f}".replace("-", "−") for name in names)
    return Cell(f"{share} % [{low}, {high}]", row["restored"])
