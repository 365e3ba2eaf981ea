"""Rows and what they say: the face of everything that `analysis` makes of a run or of a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from modelcollapse import notebook
from modelcollapse.atomic import readable
from modelcollapse.errors import ModelCollapseError
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.store.paths import PATHS
from modelcollapse.names import printable
from modelcollapse.notebook import Figures

if TYPE_CHECKING:
    from modelcollapse.analysis.report.page import About, WrittenReport


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

    @abstractmethod
    def results(self) -> pl.DataFrame:
        """Return all rows, one per generation."""

    @abstractmethod
    def about(self) -> About:
        """Return what a report says besides the rows."""

    @abstractmethod
    def _facts(self) -> Mapping[str, object]:
        """Return what a notebook says first."""

    def _prepared(self) -> pl.DataFrame:
        """Return rows that can be compared: of an unfinished run, up to where its arms have come."""
        from modelcollapse.analysis.statistics.arms import comparable, prepare, with_sound_pairing

        rows = prepare(self.results())
        return with_sound_pairing(rows if self.about().is_finished else comparable(rows))[0]

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
        """
        from modelcollapse.analysis.report.headline import headline
        from modelcollapse.analysis.statistics.arms import study_loop

        words = {}
        for (name,), rows in self._prepared().group_by(["experiment"], maintain_order=True):
            loop = study_loop(rows)
            words[str(name)] = headline(rows if loop.is_empty() else loop, margin)
        return "\n".join(f"{name}: {said}" if len(words) > 1 else said for name, said in words.items())

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
        """
        from modelcollapse.analysis.study.reproduction import check_post

        checked = check_post(self.results(), margin)
        rows = [(c.experiment, c.claim.claim, c.claim.measured, c.claim.verdict) for c in checked]
        names = ("experiment", "claim", "measured", "verdict")
        return pl.DataFrame(rows, dict.fromkeys(names, pl.String), orient="row")

    def curves(self, metric: str = "accuracy") -> pl.DataFrame:
        """Return learning curves, averaged over seeds.

        Parameters
        ----------
        metric : str
            A column of the rows.

        Returns
        -------
        DataFrame
            See `analysis.statistics.curves.curves`.

        Raises
        ------
        AnalysisError
            If no generation is finished, or there is no such column.
        """
        from modelcollapse.analysis.statistics.curves import curves

        return curves(self.results(), metric)

    def compare_rates(self, metric: str = "accuracy", n_seen: int | None = None, margin: float = 0.005) -> pl.DataFrame:
        """Compare every rate with rate 0, within seeds.

        Parameters
        ----------
        metric : str
            A column of the rows.
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
        """
        from modelcollapse.analysis.statistics.compare_rates import compare_rates

        return compare_rates(self.results(), metric, n_seen, margin)

    def tolerance(self, margin: float = 0.005, metric: str = "accuracy", n_seen: int | None = None) -> pl.DataFrame:
        """Return the largest rate whose loss is shown to be within a margin.

        Parameters
        ----------
        margin : float
            Loss that counts as none.
        metric : str
            A column of the rows.
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
        """
        from modelcollapse.analysis.statistics.trends import tolerance

        return tolerance(self.results(), margin, metric, n_seen)

    def cautions(self) -> list[str]:
        """Return what makes these results say little, the worst first; empty where no generation is finished."""
        from modelcollapse.analysis.report.caveats import flaws
        from modelcollapse.analysis.statistics.arms import prepare

        rows = self.results()
        return [] if rows.is_empty() else flaws(prepare(rows), self.corpus)

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
        """
        from modelcollapse.analysis.figures.draw_all import drawings
        from modelcollapse.analysis.statistics.arms import AnalysisError, prepare, with_sound_pairing

        drawn = list(drawings(with_sound_pairing(prepare(self.results()))[0], margin))
        if kind is not None and kind not in (kinds := list(dict.fromkeys(drawing.kind for drawing in drawn))):
            raise AnalysisError(f"kind: found '{kind}', expected what these rows have data for: {', '.join(kinds)}.")
        return Figures({drawing.name: drawing.figure for drawing in drawn if kind in (None, drawing.kind)})

    def write_figures(self, margin: float = 0.005) -> list[str]:
        """Write all figures, as PNG and SVG, and the table of the post's claims.

        Parameters
        ----------
        margin : float
            Loss of accuracy that counts as none.

        Returns
        -------
        list of str
            Where they are: ``claims.md`` first.

        Raises
        ------
        AnalysisError
            If no generation is finished, or a file is there that this package did not make.
        RunFolderError
            If they cannot be written.
        """
        from modelcollapse.analysis.figures.draw_all import plot_run

        return [self.folder.path(name) for name in plot_run(self.results(), self.folder.write, margin)]

    def unpaired(self) -> dict[str, str]:
        """Return why rates of an experiment are compared as independent samples, for each where that is so."""
        from modelcollapse.analysis.statistics.arms import prepare, with_sound_pairing

        return with_sound_pairing(prepare(self.results()))[1]

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
        """
        return write_report(self, margin).path

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
        """
        from modelcollapse.analysis.made import write_export

        rows = self.results()
        write_export(rows, Path(file))
        return rows.height

    def _repr_html_(self) -> str:
        try:
            facts, below = dict(self._facts()), ""
            try:
                facts |= {"headline": self.headline()}
                below = self._main_figure()
            except ModelCollapseError as error:
                facts |= {"headline": error}
        except ModelCollapseError as error:
            facts, below = {"cannot be read": error}, ""
        return notebook.card(f"{type(self).__name__} {readable(str(self.folder))}", facts, below)

    def _main_figure(self) -> str:
        from modelcollapse.analysis.figures.draw_all import drawings

        return notebook.svg(next(drawings(self._prepared())).figure, "main")


class FileResults(Results):
    """Rows of a file: exported by us, or a result file of the original study.

    What is made of them goes into a folder beside the file that has its name.

    Parameters
    ----------
    file : Path
        Ends in ``.csv`` or ``.parquet``.

    Raises
    ------
    AnalysisError
        If it cannot be read, or holds something else.
    """

    def __init__(self, file: Path) -> None:
        from modelcollapse.analysis.made import MadeOfFile

        self.file = file
        self.folder = MadeOfFile(file)
        self._rows = self._read  # a file that cannot be read is an error now

    @cached_property
    def _read(self) -> pl.DataFrame:
        from modelcollapse.analysis.exported_rows import read_rows
        from modelcollapse.analysis.study.published import is_original_file, read_original

        return read_original(self.file) if is_original_file(self.file) else read_rows(self.file)

    @property
    def name(self) -> str:
        """The file's name."""
        return readable(self.file.stem)

    @property
    def corpus(self) -> Mapping[str, Any]:
        """Nothing: rows do not say it."""
        return {}

    def results(self) -> pl.DataFrame:
        """Return all rows, one per generation."""
        return self._rows

    def about(self) -> About:
        """Return what a report says besides the rows: nothing but themselves is known."""
        from modelcollapse.analysis.report.page import about_file

        return about_file(self._rows, self.name)

    def _facts(self) -> Mapping[str, object]:
        return {
            "experiments": ", ".join(self._rows["experiment"].unique(maintain_order=True)),
            "chains": f"{self._rows['chain_id'].n_unique():,}",
            "generations": f"{self._rows.height:,}",
        }

    def __repr__(self) -> str:
        return f"<FileResults {printable(readable(str(self.file)))}: {self._rows.height:,} rows>"


def write_report(results: Results, margin: float = 0.005) -> WrittenReport:
    """Write ``report.html``; of a run that is not finished it says so.

    Parameters
    ----------
    results : Results
        A run, or rows of a file.
    margin : float
        Loss of accuracy that counts as none (0.005 is half a percentage point).

    Returns
    -------
    WrittenReport
        Where it is, and each experiment's headline.
    """
    from modelcollapse.analysis.report.page import WrittenReport, build_report

    report = build_report(results.results(), results.about(), margin)
    results.folder.write(PATHS.report, report.html.encode())
    return WrittenReport(results.folder.path(PATHS.report), report.headlines)
