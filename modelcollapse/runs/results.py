"""Rows and what they say: the face of everything that `analysis` makes of a run or of a file.

What takes time to import, and one call uses, is imported there: figures (matplotlib), the report, the profile.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from modelcollapse import notebook
from modelcollapse.analysis.mechanism.curation import curation
from modelcollapse.analysis.statistics.arms import (
    AnalysisError,
    comparable,
    domain_shown,
    loop_or_all,
    prepare,
    with_sound_pairing,
)
from modelcollapse.analysis.statistics.compare_rates import compare_rates
from modelcollapse.analysis.statistics.curves import curves
from modelcollapse.analysis.statistics.trends import tolerance
from modelcollapse.atomic import readable
from modelcollapse.domains.catalogue import find_domain
from modelcollapse.domains.generation.samples import N_WORDS
from modelcollapse.errors import ModelCollapseError
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.store.paths import PATHS
from modelcollapse.runs.figures import Figures, svg
from modelcollapse.simulation.domain import Domain, primary
from modelcollapse.simulation.rows import column_types

if TYPE_CHECKING:
    from modelcollapse.analysis.report.page import About


class Look(NamedTuple):
    """What is there in one moment, read once: rows, what a report says besides them, and what a notebook says first."""

    rows: pl.DataFrame
    about: About
    facts: Mapping[str, object]


class Results(ABC):
    """Rows of chains, and what they say.

    `Run` and `FileResults` say where rows come from. Every call looks at what is there in this moment: it may be made
    while the run goes on.

    Attributes
    ----------
    folder : RunFolder
        Where what is made of the rows is written.
    """

    folder: RunFolder

    @property
    def name(self) -> str:
        """What the results are called: the folder's or the file's name."""
        return readable(str(self.folder).rstrip("/").rsplit("/", 1)[-1])

    @property
    @abstractmethod
    def corpus(self) -> Mapping[str, Any]:
        """Name, fingerprint and origin of the corpus, as far as they are known."""

    @property
    def domain(self) -> Domain:
        """What slots are in these results."""
        return find_domain("classification")

    @abstractmethod
    def results(self) -> pl.DataFrame:
        """Return all rows, one per generation."""

    @abstractmethod
    def about(self) -> About:
        """Return what a report says besides the rows."""

    @abstractmethod
    def _look(self) -> Look:
        """Return everything of this moment from one reading."""

    def judged(self) -> pl.DataFrame | None:
        """Return what the laws of these chains say of them: see `runs.laws.judge`; None where there are no laws."""
        return None

    def samples(self, n_words: int = N_WORDS) -> pl.DataFrame | None:
        """Return some of what models wrote, beside what people wrote; None where nobody wrote anything."""
        return None

    @property
    def _is_classification(self) -> bool:
        return self.domain.name == "classification"

    def headline(self, margin: float = 0.005) -> str:
        """Say what the loop did, in one sentence for each experiment.

        Parameters
        ----------
        margin : float
            Loss of accuracy that counts as none: 0.005 is half a percentage point.

        Returns
        -------
        str
            A line for each experiment; of several, each begins with its name.

        Raises
        ------
        AnalysisError
            If no generation is finished.

        Examples
        --------
        >>> run.headline()
        'No rate up to 100 % has an established effect on accuracy after 300 documents; ...
        """
        check_asked(margin)
        return self._headlines(_comparable(self._look()), self.judged(), margin)

    def claims(self, margin: float = 0.005) -> pl.DataFrame:
        """Check the claims of the study's post on every experiment that has data for them.

        Parameters
        ----------
        margin : float
            Loss of accuracy that counts as none.

        Returns
        -------
        DataFrame
            ``experiment, claim, measured, verdict``; a verdict is "holds", "holds in part", "not shown" or
            "contradicted".

        Raises
        ------
        AnalysisError
            If no generation is finished.

        Examples
        --------
        >>> run.claims().columns
        ['experiment', 'claim', 'measured', 'verdict']
        """
        from modelcollapse.analysis.study.reproduction import check_post

        check_asked(margin)
        names = ("experiment", "claim", "measured", "verdict")
        rows = list(check_post(classified(self), margin))
        return pl.DataFrame(rows, dict.fromkeys(names, pl.String), orient="row")

    def curves(self, metric: str | None = None) -> pl.DataFrame:
        """Return learning curves, averaged over seeds.

        Parameters
        ----------
        metric : str, optional
            A column of the rows; the domain's primary measure (accuracy) by default.

        Returns
        -------
        DataFrame
            See `analysis.statistics.curves.curves`.

        Raises
        ------
        AnalysisError
            If no generation is finished, or there is no such column.

        Examples
        --------
        >>> run.curves("roc_auc").filter(collapse_rate=0).select("n_seen", "n_seeds").rows()
        [(100, 3), (200, 3), (300, 3)]
        """
        return curves(self.results(), self._measure(metric))

    def compare_rates(
        self, metric: str | None = None, n_seen: int | None = None, margin: float = 0.005
    ) -> pl.DataFrame:
        """Compare every rate with rate 0, within seeds.

        Parameters
        ----------
        metric : str, optional
            A column of the rows; the domain's primary measure (accuracy) by default.
        n_seen : int, optional
            At which size; the largest by default.
        margin : float
            Differences within ± margin count as none.

        Returns
        -------
        DataFrame
            One row per arm: see `analysis.statistics.compare_rates.compare_rates`.

        Raises
        ------
        AnalysisError
            If there is nothing to compare.

        Examples
        --------
        >>> run.compare_rates().select("collapse_rate", "n_seen", "n_seeds").rows()
        [(1.0, 300, 3)]
        """
        check_asked(margin)
        return compare_rates(self.results(), self._measure(metric), n_seen, margin)

    def tolerance(self, margin: float = 0.005, metric: str | None = None, n_seen: int | None = None) -> pl.DataFrame:
        """Return the largest rate whose loss is shown to be within a margin.

        Parameters
        ----------
        margin : float
            Loss that counts as none.
        metric : str, optional
            A column of the rows; the domain's primary measure (accuracy) by default. Where less of it is better, more
            is the loss.
        n_seen : int, optional
            At which size; the largest by default.

        Returns
        -------
        DataFrame
            One row per setting and rule: see `analysis.statistics.trends.tolerance`.

        Raises
        ------
        AnalysisError
            If there is nothing to compare.

        Examples
        --------
        >>> run.tolerance(margin=0.02)["experiment"].to_list()
        ['sweep']
        """
        check_asked(margin)
        name = self._measure(metric)
        measure = self.domain.measures.get(name)
        sign = -1 if measure is not None and measure.better == "less" else 1
        return tolerance(self._paired().with_columns(sign * pl.col(name)), margin, name, n_seen)

    def profile(self, margin: float = 0.005) -> pl.DataFrame:
        """Judge every arm by each of eight definitions of model collapse: a profile, never a score.

        Parameters
        ----------
        margin : float
            Harm that counts as none, in the unit of the domain's primary measure: 0.005 is half a percentage point.

        Returns
        -------
        DataFrame
            One row per arm and quantity, with a verdict: see `analysis.profile.profile.profile`.

        Raises
        ------
        AnalysisError
            If no generation is finished.

        Examples
        --------
        >>> run.profile().filter(definition=3).select("meaning", "verdict").rows()
        [('diverging risk', 'not measurable here')]
        """
        from modelcollapse.analysis.profile.profile import profile

        check_asked(margin)
        return profile(self._paired(), margin)

    def curation(self, margin: float = 0.005) -> pl.DataFrame:
        """Say what strategies of checking and choosing self-labels buy back of what the loop loses.

        Parameters
        ----------
        margin : float
            Loss of accuracy that counts as none.

        Returns
        -------
        DataFrame
            One row per rate and strategy: see `analysis.mechanism.curation.curation`; no rows without the loop, rate 0
            and a strategy beside each other.

        Raises
        ------
        AnalysisError
            If no generation is finished, or the run is of another domain.

        Examples
        --------
        >>> run.curation().is_empty()
        True
        """
        check_asked(margin)
        if primary(self.domain)[0] != "accuracy":
            check_classified(self)
        return curation(self._paired(), margin=margin)

    def _paired(self) -> pl.DataFrame:
        """Return prepared rows; seeds whose pairing is broken are taken apart, and warned of: see `unpaired`."""
        rows, unsound = self._sound()
        for reason in unsound.values():
            warnings.warn(reason, stacklevel=3)
        return rows

    def _sound(self) -> tuple[pl.DataFrame, dict[str, str]]:
        return with_sound_pairing(prepare(self.results()))

    def _measure(self, name: str | None) -> str:
        """Return a measure that was asked for, the primary one by default; raise AnalysisError if it is none."""
        if name is None:
            return primary(self.domain)[0]
        types = column_types(self.domain.row)
        measures = [column for column, kind in types.items() if kind is float and column != "collapse_rate"]
        if name not in measures:
            raise AnalysisError(f"metric: found {name!r}, expected one of {', '.join(measures)}.")
        return name

    def cautions(self) -> list[str]:
        """Return what makes these results say little, the worst first; empty where no generation is finished.

        Examples
        --------
        >>> run.cautions()
        ["Every seed uses 83.3 % of the corpus' 600 documents: ...
        """
        from modelcollapse.analysis.report.caveats import flaws

        rows = self.results()
        return flaws(prepare(rows), self.corpus) if self._is_classification and not rows.is_empty() else []

    def plot(self, kind: str | None = None, margin: float = 0.005) -> Figures:
        """Draw what the rows have data for.

        Parameters
        ----------
        kind : str, optional
            "curves", "rates", "loop", "controls", "survival", …: figures of this kind alone.
        margin : float
            Loss of accuracy that counts as none: it is shaded.

        Returns
        -------
        Figures
            Matplotlib figures by name: a `dict` that a notebook shows.

        Raises
        ------
        AnalysisError
            If no generation is finished, or there is no figure of this kind.

        Examples
        --------
        >>> list(run.plot())
        ['sweep', 'sweep-loop', 'sweep-lost-or-shifted']
        >>> run.plot("curves")["sweep"].savefig("curves.pdf")
        """
        from modelcollapse.analysis.figures.draw_all import drawings

        check_asked(margin)
        rows, _ = self._sound()
        drawn = list(drawings(rows, margin, self.judged()))
        if kind is not None and kind not in (kinds := list(dict.fromkeys(drawing.kind for drawing in drawn))):
            raise AnalysisError(f"kind: found '{kind}', expected what these rows have data for: {', '.join(kinds)}.")
        return Figures({drawing.name: drawing.figure for drawing in drawn if kind in (None, drawing.kind)})

    def write_figures(self, margin: float = 0.005) -> list[str]:
        """Write all figures, as PNG and SVG; of classifiers also the table of the post's claims.

        Parameters
        ----------
        margin : float
            Loss of accuracy that counts as none.

        Returns
        -------
        list of str
            Where they are: ``claims.md`` first, where there is one.

        Raises
        ------
        AnalysisError
            If no generation is finished, or a file is there that this package did not make.
        RunFolderError
            If they cannot be written.

        Examples
        --------
        >>> run.write_figures()[:2]
        ['runs/first/claims.md', 'runs/first/figures/sweep.png']
        """
        from modelcollapse.analysis.figures.draw_all import plot_run

        check_asked(margin)
        names = plot_run(self.results(), self.folder.write, margin, self.judged())
        return [self.folder.path(name) for name in names]

    def unpaired(self) -> dict[str, str]:
        """Return why rates of an experiment are compared as independent samples, for each where that is so.

        Examples
        --------
        >>> run.unpaired()
        {}
        """
        return self._sound()[1]

    def report(self, margin: float = 0.005) -> str:
        """Write one HTML page with everything the rows show.

        Parameters
        ----------
        margin : float
            Loss of accuracy that counts as none.

        Returns
        -------
        str
            Where it is.

        Raises
        ------
        AnalysisError
            If no generation is finished, or a file is there that this package did not make.
        RunFolderError
            If it cannot be written.

        Examples
        --------
        >>> run.report()
        'runs/first/report.html'
        """
        return write_report(self, margin)[0]

    def export(self, file: str | Path) -> int:
        """Write all rows to one CSV or Parquet file. Only an earlier export is replaced.

        Parameters
        ----------
        file : str or Path
            Ends in ``.csv`` or ``.parquet``.

        Returns
        -------
        int
            Number of rows.

        Raises
        ------
        AnalysisError
            If the file has another name, is something else, or cannot be written.

        Examples
        --------
        >>> run.export("first.csv")
        18
        """
        from modelcollapse.analysis.made import write_export

        rows = self.results()
        write_export(rows, Path(file))
        return rows.height

    def _headlines(self, rows: pl.DataFrame, judged: pl.DataFrame | None, margin: float = 0.005) -> str:
        """Return the headline of every experiment of prepared rows, a line each."""
        from modelcollapse.analysis.report.headline import headline
        from modelcollapse.analysis.report.measures_page import measured_headline

        words = {
            str(name): headline(loop_or_all(group), margin)
            if self._is_classification
            else measured_headline(group, self.domain, judged)
            for (name,), group in rows.group_by(["experiment"], maintain_order=True)
        }
        return "\n".join(f"{name}: {said}" if len(words) > 1 else said for name, said in words.items())

    def _repr_html_(self) -> str:
        facts: dict[str, object] = {}
        below = ""
        try:
            look = self._look()
            facts |= look.facts
            rows = _comparable(look)
            judged = self.judged()
            facts["headline"], below = self._headlines(rows, judged), _main_figure(rows, judged)
        except ModelCollapseError as error:
            facts["nothing to show"] = error
        return notebook.card(f"{type(self).__name__} {readable(str(self.folder))}", facts, below)


def check_classified(results: Results) -> None:
    """Raise AnalysisError if results are not of classifiers, whom alone the study's claims and curves speak of."""
    if results.domain.name != "classification":
        raise AnalysisError(
            f"{results.name} holds results of the domain '{results.domain.name}': expected 'classification', which the "
            "study's claims and published curves are about. See what modelcollapse report makes of it."
        )


def classified(results: Results) -> pl.DataFrame:
    """Return the rows of classifiers: see `check_classified`."""
    check_classified(results)
    return results.results()


def _comparable(look: Look) -> pl.DataFrame:
    """Return prepared rows that can be compared: of an unfinished run, up to where its arms have come."""
    rows = prepare(look.rows)
    return with_sound_pairing(rows if look.about.is_finished else comparable(rows))[0]


def _main_figure(rows: pl.DataFrame, judged: pl.DataFrame | None) -> str:
    """Return the figure that says most of prepared rows: all experiments, or the first of the others."""
    from modelcollapse.analysis.figures.comparisons import overview_figure
    from modelcollapse.analysis.figures.draw_all import drawings

    overview = overview_figure(rows) if domain_shown(rows).name == "classification" else None
    return svg(overview or next(drawings(rows, judged=judged)).figure, "main")


def check_asked(margin: float) -> None:
    """Raise AnalysisError if a margin is no loss of accuracy."""
    if not 0 < margin <= 0.5:
        raise AnalysisError(f"margin: found {margin}, expected a loss of accuracy above 0, at most 0.5: such as 0.005.")


def write_report(results: Results, margin: float = 0.005) -> tuple[str, tuple[str, ...]]:
    """Write ``report.html``, which says so of an unfinished run; return where it is, and each experiment's headline."""
    from modelcollapse.analysis.report.measures_page import build_measures_report
    from modelcollapse.analysis.report.page import build_report

    check_asked(margin)
    look = results._look()
    if results._is_classification:
        report = build_report(look.rows, look.about, margin)
    else:
        report = build_measures_report(
            look.rows, look.about, results.domain, results.judged(), margin, results.samples()
        )
    results.folder.write(PATHS.report, report.html.encode())
    return results.folder.path(PATHS.report), report.headlines
