"""The report: one HTML file that needs nothing else, computed from a run's rows."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jinja2
import polars as pl
from markupsafe import Markup

from modelcollapse.analysis.against_published import study_loop
from modelcollapse.analysis.arms import comparable, prepare, varying_axes, with_sound_pairing
from modelcollapse.analysis.caveats import caveats
from modelcollapse.analysis.claims import Claim, check_claims
from modelcollapse.analysis.headline import headline
from modelcollapse.analysis.inline_svg import InlineFigures
from modelcollapse.analysis.plotting import drawings
from modelcollapse.analysis.report_cells import Table
from modelcollapse.analysis.report_tables import experiment_tables
from modelcollapse.analysis.setup_words import as_toml, describe_corpus, describe_setup
from modelcollapse.analysis.words import axis_words
from modelcollapse.atomic import readable

if TYPE_CHECKING:
    from modelcollapse.execution import Run

_CAPTIONS = {
    "curves": "What happens as documents arrive: accuracy, and how often the model answers “positive”.",
    "rates": "What a collapse rate costs: the difference to human labels only, within seeds, at the final size.",
    "loop": "The loop: labels shape the model’s prior, the prior its predictions, predictions the next labels.",
    "lost-or-shifted": "What is lost and what is only shifted: accuracy beside measures that ignore the threshold.",
    "controls": "The same documents and seeds under other label rules: which part of the loop does the harm.",
    "decomposition": "The loss split into its causes by the controls.",
    "published": "This run, solid, and the published means of the same rates and starts, dashed.",
    "range": "Accuracy against sample size: mean, smallest and largest of the seeds.",
    "overview": "All experiments.",
}


@dataclass(frozen=True)
class About:
    """What a report says of a run besides its rows.

    Attributes
    ----------
    name : str
        The run's folder.
    corpus : mapping
        ``name``, ``fingerprint`` and ``origin`` of the corpus.
    sweeps : sequence of mapping
        Fields of every sweep, as in a spec file.
    versions : mapping
        Packages and their versions.
    n_chains, n_finished, n_failed : int
        Chains planned, at their end, failed.
    """

    name: str
    corpus: Mapping[str, Any]
    sweeps: Sequence[Mapping[str, Any]]
    versions: Mapping[str, str]
    n_chains: int
    n_finished: int
    n_failed: int = 0

    @property
    def is_finished(self) -> bool:
        """Whether every chain has reached its end."""
        return self.n_finished >= self.n_chains


@dataclass(frozen=True)
class Picture:
    """A figure of the report."""

    caption: str
    svg: Markup


@dataclass(frozen=True)
class Section:
    """One experiment in the report."""

    name: str
    headline: str
    setup: str
    claims: Sequence[Claim]
    caveats: Sequence[str]
    pictures: Mapping[str, Sequence[Picture]]
    tables: Mapping[str, Table]


@dataclass(frozen=True)
class Report:
    """A finished report: the page, and each experiment's headline."""

    html: str
    headlines: tuple[str, ...]


@dataclass(frozen=True)
class WrittenReport:
    """Where a report was written, and each experiment's headline."""

    path: str
    headlines: tuple[str, ...]


def write_report(run: Run, margin: float = 0.005) -> WrittenReport:
    """Write ``report.html`` into a run's folder; of a run that is not finished it says so.

    Parameters
    ----------
    run : Run
        The run.
    margin : float
        Loss of accuracy that counts as none (0.005 is half a percentage point).
    """
    report = build_report(run.results(), about(run), margin)
    run.folder.write("report.html", report.html.encode())
    return WrittenReport(run.folder.path("report.html"), report.headlines)


def about(run: Run) -> About:
    """Collect what a report says of a run besides its rows."""
    done = total = failed = 0
    for sweep in run.sweeps:
        failed += len(run.failed(sweep))
        for task, record in run.chains(sweep):
            total += 1
            done += record.n_done(task.spec) == len(task.spec.sizes())
    sweeps = [sweep.model_dump(mode="json", exclude_none=True) for sweep in run.sweeps]
    return About(readable(str(run.folder)), run.corpus, sweeps, run.spec["versions"], total, done, failed)


def about_file(results: pl.DataFrame, name: str) -> About:
    """Say what is known of rows that came in a file: nothing but themselves."""
    n_chains = results["chain_id"].n_unique()
    return About(name, {"name": "not recorded in the file", "fingerprint": "not recorded"}, (), {}, n_chains, n_chains)


def build_report(results: pl.DataFrame, about: About, margin: float = 0.005) -> Report:
    """Compute a report.

    Parameters
    ----------
    results : DataFrame
        Rows of a run.
    about : About
        What else there is to say of it.
    margin : float
        Loss of accuracy that counts as none.

    Returns
    -------
    Report
        The page and its headlines, one per experiment.
    """
    rows = prepare(results)
    if not about.is_finished:
        rows = comparable(rows)
    rows, unsound = with_sound_pairing(rows)
    images = InlineFigures()
    pictures: dict[str, dict[str, list[Picture]]] = {}
    for drawing in drawings(rows, margin):
        caption = _CAPTIONS[drawing.kind] + (f" ({drawing.setting})" if drawing.setting else "")
        svg = Markup(images.inline(drawing.figure, drawing.name, f"{drawing.experiment}: {caption}".strip(": ")))
        pictures.setdefault(drawing.experiment, {}).setdefault(drawing.kind, []).append(Picture(caption, svg))
    sections = [
        _section(str(name), group, pictures[str(name)], margin, about.corpus, unsound.get(str(name)))
        for (name,), group in rows.group_by(["experiment"], maintain_order=True)
    ]
    html = _template().render(
        about=about,
        corpus=describe_corpus(about.corpus),
        sections=sections,
        overview=pictures.get("", {}).get("overview", []),
        light=images.light,
        dark=images.dark,
        specs=[
            (str(sweep.get("experiment", "sweep")), as_toml(sweep, about.corpus)) for sweep in about.sweeps
        ],
        origin=_as_json(about.corpus.get("origin", {})),
        version=version("modelcollapse"),
    )
    html = html.encode(errors="replace").decode()  # JSON knows characters that UTF-8 does not
    return Report(html, tuple(section.headline for section in sections))


def _as_json(origin: object) -> str:
    try:
        return json.dumps(origin, indent=1, ensure_ascii=False, default=str)
    except RecursionError:  # nobody's corpus, but a run's folder may come from anywhere
        return "nested too deeply to be shown"


def _section(
    name: str,
    rows: pl.DataFrame,
    pictures: Mapping[str, Sequence[Picture]],
    margin: float,
    corpus: Mapping[str, Any],
    unsound: str | None,
) -> Section:
    loop = study_loop(rows)
    main = loop if not loop.is_empty() else rows
    about_settings = [] if loop.is_empty() else _left_out(rows, loop)
    return Section(
        name=name,
        headline=headline(main, margin),
        setup=describe_setup(rows),
        claims=check_claims(main, margin),
        caveats=[*([unsound] if unsound else []), *about_settings, *caveats(rows, corpus)],
        pictures=pictures,
        tables=experiment_tables(rows, margin),
    )


def _left_out(rows: pl.DataFrame, loop: pl.DataFrame) -> list[str]:
    """Say which of several ways to grow, to test and to choose terms the headline is about."""
    axes = [axis for axis in varying_axes(rows) if axis in ("growth", "n_test", "min_df", "max_ngram", "max_terms")]
    words = ", ".join(axis_words(axis, loop[axis][0]) for axis in axes if loop[axis].n_unique() == 1)
    return [f"There are several settings; headline and claims are about one of them: {words}."] if words else []


def tied(words: str) -> str:
    """Keep numbers and their units, and short intervals, on one line."""
    united = re.sub(r"(?<=\d) (?=%|pp\b)", "\N{NO-BREAK SPACE}", words)
    return re.sub(r"\[[^\]]{1,20}\]", lambda interval: interval[0].replace(" ", "\N{NO-BREAK SPACE}"), united)


@cache
def _template() -> jinja2.Template:
    folder = files("modelcollapse.analysis") / "templates"
    sources = {
        name: (folder / name).read_text(encoding="utf-8") for name in ("report.html.j2", "report.css", "report.js")
    }
    environment = jinja2.Environment(
        loader=jinja2.DictLoader(sources),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["tied"] = tied
    environment.globals["css"] = Markup(sources["report.css"])
    environment.globals["script"] = Markup(sources["report.js"])
    return environment.get_template("report.html.j2")
