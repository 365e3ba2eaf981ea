"""All figures of a run: which there are, what they are called, and how they are written; and the table of claims."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import polars as pl
from matplotlib.figure import Figure

from modelcollapse.analysis.figures.comparisons import overview_figure, post_figure
from modelcollapse.analysis.figures.learning_curves import curves_figure
from modelcollapse.analysis.figures.losses import controls_figure, decomposition_figure, frontier_figure, rates_figure
from modelcollapse.analysis.figures.measures import classes_figure, measures_figure
from modelcollapse.analysis.figures.mechanism import loop_figure, lost_or_shifted_figure, survival_figure
from modelcollapse.analysis.figures.style import render
from modelcollapse.analysis.figures.written_text import fate_figure, rules_figure
from modelcollapse.analysis.formats import axis_words
from modelcollapse.analysis.statistics.arms import SETTING, domain_shown, prepare, varying_axes, with_sound_pairing
from modelcollapse.analysis.study.reproduction import claims_table
from modelcollapse.domains.generation.domain import Generation
from modelcollapse.domains.multiclass.domain import Multiclass
from modelcollapse.execution.store.paths import PATHS
from modelcollapse.simulation.domain import Domain
from modelcollapse.simulation.rows import Row

Kinds = Mapping[str, Callable[[pl.DataFrame], Figure | None]]
_OF_LABELS: Kinds = {"loop": loop_figure, "lost-or-shifted": lost_or_shifted_figure, "survival": survival_figure}
_OF_CLASSES: Kinds = {
    "recalls": partial(classes_figure, column="recalls"),
    "predicted-shares": partial(classes_figure, column="predicted_shares"),
    "curation": frontier_figure,
}
_OF_SETTINGS: Kinds = {"controls": controls_figure, "decomposition": decomposition_figure, "curation": frontier_figure}


@dataclass(frozen=True)
class Drawing:
    """A figure: its name (a file's stem), experiment and kind, and which of several settings it shows."""

    name: str
    experiment: str
    kind: str
    figure: Figure
    setting: str = ""


def plot_run(
    results: pl.DataFrame,
    write: Callable[[str, bytes], object],
    margin: float = 0.005,
    judged: pl.DataFrame | None = None,
) -> list[str]:
    """Draw every figure the rows have data for, as PNG and SVG; of classifiers, also write the table of claims.

    `write` is called with a name and the content of every file: `RunFolder.write`, say. `judged` is what
    `runs.laws.judge` says of the rows.

    Returns the names of the files written: ``claims.md``, and such as ``figures/low-rates.png``.
    """
    rows, _ = with_sound_pairing(prepare(results))
    names = []
    if domain_shown(rows).name == Row.domain:
        write(PATHS.claims, claims_table(results, margin).encode())
        names.append(PATHS.claims)
    for drawing in drawings(rows, margin, judged):
        for name, content in render(drawing.figure, drawing.name).items():
            write(PATHS.figure(name), content)
            names.append(PATHS.figure(name))
    return names


def describe(setting: tuple[object, ...], rows: pl.DataFrame) -> str:
    """Name a setting among those of an experiment by the axes that vary."""
    varying = set(varying_axes(rows))
    words = (
        axis_words(axis, value)
        for axis, value in zip(SETTING, setting, strict=True)
        if axis in varying and axis != "experiment"
    )
    return ", ".join(word for word in words if word)


def drawings(rows: pl.DataFrame, margin: float = 0.005, judged: pl.DataFrame | None = None) -> Iterator[Drawing]:
    """Yield every figure that prepared rows have data for, experiment by experiment; losses up to `margin` are none.

    `judged` is what `runs.laws.judge` says of the rows.
    """
    names = Names(rows)
    domain = domain_shown(rows)
    for drawing in _drawings(rows, margin) if domain.name == Row.domain else _of_measures(rows, domain, judged):
        yield replace(drawing, name=names.give(drawing.name, is_curves=drawing.kind == "curves"))


class Names:
    """Names of figures, each given once: an experiment may be called what a figure of another one is called.

    A name that is an experiment's is kept for its curves; whatever else wants it gets an underscore and a number.
    Upper and lower case are one, as in many file systems.
    """

    def __init__(self, rows: pl.DataFrame) -> None:
        self._curves = {str(name).casefold() for name in rows["experiment"].unique()}
        self._given: set[str] = set()

    def give(self, wanted: str, is_curves: bool = False) -> str:
        """Return a name that no other figure has: the one that is wanted, if it is free."""
        name, number = wanted, 1
        while name.casefold() in self._given or (name.casefold() in self._curves and not (is_curves and number == 1)):
            number += 1
            name = f"{wanted}_{number}"
        self._given.add(name.casefold())
        return name


def _of_measures(rows: pl.DataFrame, domain: Domain, judged: pl.DataFrame | None) -> Iterator[Drawing]:
    for (name,), group in rows.group_by(["experiment"], maintain_order=True):
        experiment = str(name)
        yield Drawing(experiment, experiment, "curves", measures_figure(group, domain, judged))
        if domain.name == Generation.name:
            yield from _of_kinds(group, {"fate": fate_figure})
            yield from _by_setting(group, {"rules": partial(rules_figure, domain=domain)})
        if domain.name == Multiclass.name:
            yield from _by_setting(group, _OF_CLASSES)


def _by_setting(group: pl.DataFrame, kinds: Kinds) -> Iterator[Drawing]:
    """Draw figures of each setting of one experiment's rows, by kind; those of several settings are numbered."""
    settings = list(group.group_by(SETTING, maintain_order=True))
    for number, (key, setting) in enumerate(settings, start=1):
        yield from _of_kinds(setting, kinds, f"-{number}" if len(settings) > 1 else "", describe(key, group))


def _of_kinds(rows: pl.DataFrame, kinds: Kinds, suffix: str = "", setting: str = "") -> Iterator[Drawing]:
    experiment = str(rows["experiment"][0])
    for kind, draw in kinds.items():
        if figure := draw(rows):
            yield Drawing(f"{experiment}-{kind}{suffix}", experiment, kind, figure, setting)


def _drawings(rows: pl.DataFrame, margin: float) -> Iterator[Drawing]:
    for (name,), group in rows.group_by(["experiment"], maintain_order=True):
        experiment = str(name)
        yield Drawing(experiment, experiment, "curves", curves_figure(group))
        yield from _of_kinds(group, _OF_LABELS)
        if found := post_figure(group):
            kind, beside = found
            yield Drawing(f"{experiment}-{kind}", experiment, kind, beside)
        yield from _by_setting(group, {"rates": partial(rates_figure, margin=margin), **_OF_SETTINGS})
    if figure := overview_figure(rows):
        yield Drawing("overview", "", "overview", figure)
