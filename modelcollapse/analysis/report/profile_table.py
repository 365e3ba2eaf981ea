"""The collapse profile as a table."""

from __future__ import annotations

from typing import Any

import polars as pl

from modelcollapse.analysis.formats import OVER_SEEDS, count, p_text, pp, share_of_seeds, signed, unsigned_pp
from modelcollapse.analysis.profile.profile import NOT_MEASURABLE, profile
from modelcollapse.analysis.report.cells import (
    NOTHING,
    Cell,
    Column,
    Table,
    axes_columns,
    estimate,
    make_table,
    number,
    text,
)


def profile_table(rows: pl.DataFrame, margin: float) -> Table | None:
    """Show every arm of prepared rows by every definition; None if nothing is self-labelled."""
    columns: list[Column] = [
        *axes_columns(rows),
        ("definition", lambda row: Cell(f"{row['definition']} {row['meaning']}", row["definition"], is_number=False)),
        ("measured as", lambda row: text(row["quantity"] or None)),
        ("found [95 %]", _found),
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


def _found(row: dict[str, Any]) -> Cell:
    if row["verdict"] == NOT_MEASURABLE:
        return NOTHING
    if row["unit"] == "seeds":
        return number(row["value"], lambda share: share_of_seeds(round(share * row["n_seeds"]), row["n_seeds"]))
    return estimate("value", pp if row["unit"] == "share" else signed)(row)
