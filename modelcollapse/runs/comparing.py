"""Results held against the published curves, or against other results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from modelcollapse import notebook
from modelcollapse.analysis.formats import OVER_SEEDS, count, interval_pp, p_text, percent, pp
from modelcollapse.analysis.statistics.arms import prepare, study_loop
from modelcollapse.analysis.statistics.compare_runs import compare_runs
from modelcollapse.analysis.study.compare import FRACTION, compare_published
from modelcollapse.runs.figures import Figures
from modelcollapse.runs.opening import open_results
from modelcollapse.runs.results import Results, classified


@dataclass(frozen=True, repr=False)
class Comparison:
    """Results beside others.

    Attributes
    ----------
    sides : tuple of Results
        What was compared: one run with the published curves, or two runs.
    rows : tuple of DataFrame
        Rows of each side.
    labels : tuple of str
        What the sides are called.
    table : DataFrame
        See `analysis.study.compare.compare_published` and `analysis.statistics.compare_runs.compare_runs`.
    notes : tuple of str
        What the table means.
    figures : Figures
        Both in one picture, by experiment.
    """

    sides: tuple[Results, ...]
    rows: tuple[pl.DataFrame, ...]
    labels: tuple[str, ...]
    table: pl.DataFrame
    notes: tuple[str, ...]
    figures: Figures

    def titles(self) -> tuple[str, ...]:
        """Return the titles of `cells`."""
        if len(self.sides) == 1:
            return ("experiment", "kind", "quantity", "rate", "from", "documents", "this run", "published",
                    "difference", "")  # fmt: skip
        columns = ("difference", "95 % interval", "p", "seeds")
        return ("quantity", *self._axes(), "rate", "documents", *self.labels, *columns)

    def cells(self) -> list[tuple[object, ...]]:
        """Return the table as it is shown to people."""
        if len(self.sides) == 1:
            return [_published_cells(row) for row in self.table.iter_rows(named=True)]
        return [_cells(row, self._axes()) for row in self.table.iter_rows(named=True)]

    def write_figures(self) -> list[str]:
        """Write the figures, as PNG and SVG, into the first one's folder; return where they are."""
        return self.figures.write(self.sides[0].folder)

    def _axes(self) -> Sequence[str]:
        return self.table.columns[: self.table.columns.index("collapse_rate")]

    def __repr__(self) -> str:
        return f"<Comparison of {' and '.join(map(repr, self.sides))}: {self.table.height} rows>"

    def _repr_html_(self) -> str:
        notes = "".join(f"<p>{notebook.text(note)}</p>" for note in self.notes)
        return notebook.table(self.titles(), self.cells()) + notes + self.figures._repr_html_()


def compare(first: Results | str | Path, second: Results | str | Path | None = None) -> Comparison:
    """Compare a run with the published curves, or with another run.

    Parameters
    ----------
    first : Results, str or Path
        A run, or where one is: see `open_results`.
    second : Results, str or Path, optional
        The other; the published curves by default.

    Returns
    -------
    Comparison
        Within seeds where both saw the same documents.

    Raises
    ------
    AnalysisError
        If they have nothing in common.
    RunFolderError
        If there is no run.

    Examples
    --------
    >>> compare(run, "runs/first").notes
    ('Same corpus: yes; differences within seeds.',)
    """
    one = first if isinstance(first, Results) else open_results(first)
    if second is None:
        return _with_published(one)
    return _with_another(one, second if isinstance(second, Results) else open_results(second))


def _with_published(results: Results) -> Comparison:
    from modelcollapse.analysis.figures.comparisons import post_figure
    from modelcollapse.analysis.figures.draw_all import Names

    rows = classified(results)
    table = compare_published(rows).sort("experiment", "kind", maintain_order=True)
    prepared = prepare(rows)
    models = study_loop(prepared).select("model", "model_params").unique(maintain_order=True).rows()
    here = " and ".join(f"{model} {params}".strip() for model, params in models)
    notes = (
        *(
            f"{name} is compared with the published {other}, which has start, rates and sizes in common."
            for name, other in table.select("experiment", "source").unique(maintain_order=True).iter_rows()
            if name != other
        ),
        "Accuracies and relative changes in %, differences in percentage points.",
        OVER_SEEDS,
        f"model: {here} in this run; a random forest of 1,000 trees, depth 20, in what was published.",
        _verdicts(table, "shape", "should agree on any reviews"),
        _verdicts(table, "level", "other reviews have other levels"),
    )
    names, figures = Names(prepared), Figures()
    for (experiment,), group in prepared.group_by(["experiment"], maintain_order=True):
        if found := post_figure(group):
            kind, figure = found
            figures[names.give(f"{experiment}-{kind}")] = figure
    return Comparison((results,), (rows,), ("",), table, notes, figures)


def _verdicts(table: pl.DataFrame, kind: str, words: str) -> str:
    judged = table.filter((pl.col("kind") == kind) & (pl.col("verdict") != ""))["verdict"]
    n_agree, n_differ = (judged.to_list().count(verdict) for verdict in ("agrees", "differs"))
    return (
        f"{kind}: of {len(judged)} {n_agree} agree (equal within what ± 0.50 pp of accuracy makes), "
        f"{n_differ} differ (p < .05 after Holm), {len(judged) - n_agree - n_differ} are compatible: nothing is "
        f"shown ({words})."
    )


def _published_cells(row: dict[str, Any]) -> tuple[object, ...]:
    scale, digits = (100, 2) if row["unit"] == FRACTION else (1, 3)

    def number(value: float | None, low: float | None = None, high: float | None = None) -> str:
        if value is None:
            return ""
        text = f"{scale * value:.{digits}f}"
        return text if low is None or high is None else f"{text} [{scale * low:.{digits}f}, {scale * high:.{digits}f}]"

    return (
        row["experiment"],
        row["kind"],
        row["quantity"],
        "" if row["collapse_rate"] is None else percent(row["collapse_rate"]),
        "" if row["initial_size"] is None else count(row["initial_size"]),
        count(row["n_seen"]),
        number(row["ours"], *((row["ours_low"], row["ours_high"]) if row["published"] is None else ())),
        number(row["published"]),
        number(row["difference"], row["ci_low"], row["ci_high"]),
        row["verdict"],
    )


def _with_another(first: Results, second: Results) -> Comparison:
    from modelcollapse.analysis.figures.comparisons import two_runs_figures
    from modelcollapse.analysis.figures.draw_all import Names

    fingerprints = [side.corpus.get("fingerprint") for side in (first, second)]
    known = None not in fingerprints
    same = known and fingerprints[0] == fingerprints[1]
    rows = classified(first), classified(second)
    table = compare_runs(*rows, same_corpus=same)
    labels = (first.name, second.name) if first.name != second.name else ("first", "second")
    paired = "within seeds" if table["paired"].all() else "of independent seeds (Welch)"
    answer = "yes" if same else "no" if known else "not recorded in a file"
    names = Names(prepare(rows[0]))
    figures = Figures(
        {
            names.give(f"{experiment}-compared-with-{second.name}"): figure
            for experiment, figure in two_runs_figures(*rows, labels)
        }
    )
    return Comparison((first, second), rows, labels, table, (f"Same corpus: {answer}; differences {paired}.",), figures)


def _cells(row: dict[str, Any], axes: Sequence[str]) -> tuple[object, ...]:
    return (
        row["quantity"],
        *(row[axis] for axis in axes),
        percent(row["collapse_rate"]),
        f"{row['n_seen']:,}",
        f"{100 * row['first']:.2f}",
        f"{100 * row['second']:.2f}",
        pp(row["difference"]),
        "" if row["ci_low"] is None else interval_pp(row["ci_low"], row["ci_high"]),
        p_text(row["p"]),
        row["n_seeds"],
    )
