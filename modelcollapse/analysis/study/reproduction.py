"""The claims of the study's post, checked on every experiment of a run that can speak to them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import polars as pl

from modelcollapse.analysis.statistics.arms import comparable, loop_or_all, prepare, with_sound_pairing
from modelcollapse.analysis.study.claims import check_claims
from modelcollapse.names import printable

_TITLES = ("experiment", "claim of the post", "measured", "verdict")


def check_post(results: pl.DataFrame, margin: float = 0.005) -> Iterator[tuple[str, str, str, str]]:
    """Yield the claims of the post on every experiment with data for them: it, claim, what is measured, verdict.

    The run may be finished or not.
    """
    rows, _ = with_sound_pairing(comparable(prepare(results)))
    for (experiment,), group in rows.group_by(["experiment"], maintain_order=True):
        for claim in check_claims(loop_or_all(group), margin):
            if claim.verdict != "cannot be checked":
                yield str(experiment), claim.claim, claim.measured, claim.verdict


def claims_table(results: pl.DataFrame, margin: float = 0.005) -> str:
    """Return the checked claims as a Markdown table."""
    lines = [_line(_TITLES), _line(["---"] * len(_TITLES)), *map(_line, check_post(results, margin))]
    return "\n".join([*lines, ""])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(words: str) -> str:
    """Escape what would end a cell, or be markup in it."""
    return re.sub(r"([\\|`<])", r"\\\1", printable(words))
