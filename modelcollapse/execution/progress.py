"""Progress of a sweep, for whoever watches: a live display on a terminal, plain lines elsewhere, or nobody."""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from modelcollapse.domains.catalogue import find_domain
from modelcollapse.execution.plan import Plan
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.tasks import Task
from modelcollapse.simulation.domain import Domain, Measure, primary
from modelcollapse.simulation.rows import CommonRow

if TYPE_CHECKING:
    from rich.live import Live

#: Plain output says something at most this often.
PLAIN_SECONDS = 10.0

#: The time left is told once this share of the work is done: before, it is mostly start-up.
TELLING_SHARE = 0.03


class ArmSoFar(NamedTuple):
    """Where the chains of one arm of the sweep stand: means over their latest generations."""

    collapse_rate: float
    others: str
    n_chains: int
    n_seen: float
    measured: tuple[float | None, ...]


#: So many of a domain's measures are shown: the primary one, and others.
_MEASURES_SHOWN = 2

#: The axes that tell arms apart, beside the rate.
OTHER_AXES = ("model", "model_params", "regime", "label_rule", "initial_size")


class Reporter:
    """Keeps count of a sweep, silently; subclasses show it."""

    domain: Domain = find_domain("classification")

    def planned(self, plan: Plan, folder: RunFolder) -> None:
        """Take note that a sweep begins."""
        for chain in plan.chains[:1]:
            self.domain = find_domain(chain.task.spec.domain)
        self.n_chains = len(plan.chains)
        self.n_generations = plan.n_generations_to_run
        self.chains_done = len(plan.finished)
        self.generations_done = 0
        self.n_failed = 0
        self.work = sum(chain.work for chain in plan.to_run)
        self.work_done = 0
        self.started = time.monotonic()
        self._latest: dict[tuple[Any, ...], dict[str, CommonRow]] = defaultdict(dict)
        parts = [f"{len(plan.chains)} chains"]
        parts += [f"{len(plan.finished)} finished before"] if plan.finished else []
        parts += [f"{len(plan.partial)} to go on from where they were"] if plan.partial else []
        parts += [f"{len(plan.given_up)} failed before (--retry-failed runs them again)"] if plan.given_up else []
        self._open(f"{', '.join(parts)}; {self.n_generations} generations to run → {folder}")

    def generation(self, row: CommonRow) -> None:
        """Take note of a new row."""
        self.generations_done += 1
        self.work_done += row.n_seen
        arm = (row.collapse_rate, *(getattr(row, axis) for axis in OTHER_AXES))
        self._latest[arm][row.chain_id] = row
        self._update()

    def finished(self, task: Task) -> None:
        """Take note that a chain reached its end and is kept."""
        self.chains_done += 1

    def failed(self, task: Task, reason: str) -> None:
        """Take note that a chain failed."""
        self.n_failed += 1
        self._complain(f"chain {task.id} failed: {reason}")

    def ended(self) -> None:
        """Take note that there is nothing more to do."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def summary(self) -> str:
        """Return chains, generations, speed and time left in one line."""
        elapsed = time.monotonic() - self.started
        parts = [
            f"{self.chains_done}/{self.n_chains} chains",
            f"{self.generations_done}/{self.n_generations} generations",
        ]
        if self.work_done:
            speed = self.generations_done / elapsed
            parts.append(f"{speed:.1f}/s" if speed >= 1 else f"{60 * speed:.1f}/min")
            if self.work_done >= TELLING_SHARE * self.work:
                parts.append(f"{duration(elapsed * (self.work - self.work_done) / self.work_done)} left")
        if self.n_failed:
            parts.append(f"{self.n_failed} failed")
        return " · ".join(parts)

    def by_arm(self) -> list[ArmSoFar]:
        """Return where every arm stands; `others` names the axes, beside the rate, on which arms differ."""
        arms = sorted(self._latest.items(), key=lambda item: (item[0][1:4], item[0][0], item[0][4:]))
        values = [{arm[i] for arm, _ in arms} - {"none", ""} for i in range(1 + len(OTHER_AXES))]
        differing = [i for i in range(1, len(values)) if len(values[i]) > 1]
        return [
            ArmSoFar(
                arm[0],
                " ".join(str(arm[i]) for i in differing),
                len(rows),
                fmean(row.n_seen for row in rows.values()),
                tuple(_mean(getattr(row, name) for row in rows.values()) for name in self._shown_measures),
            )
            for arm, rows in arms
        ]

    @property
    def _shown_measures(self) -> dict[str, Measure]:
        return dict(itertools.islice(self.domain.measures.items(), _MEASURES_SHOWN))

    def cells(self, arm: ArmSoFar) -> tuple[str, ...]:
        """Return where an arm stands as text, below `titles`."""
        measured = zip(self._shown_measures.values(), arm.measured, strict=True)
        texts = (measure.text(value) for measure, value in measured)
        return f"{100 * arm.collapse_rate:g} %", arm.others, str(arm.n_chains), f"{arm.n_seen:,.0f}", *texts

    def titles(self) -> tuple[str, ...]:
        """Return titles of a table of arms; the second is for what tells them apart beside the rate."""
        measures = (measure.words for measure in self._shown_measures.values())
        return "collapse rate", "", "chains", f"{self.domain.slots} seen", *measures

    def _open(self, line: str) -> None:
        pass

    def _update(self) -> None:
        pass

    def _complain(self, line: str) -> None:
        pass


class PlainProgress(Reporter):
    """Lines on standard error, for log files and pipes."""

    def _open(self, line: str) -> None:
        self._complain(line)
        self._last_line = time.monotonic()

    def _update(self) -> None:
        if time.monotonic() - self._last_line >= PLAIN_SECONDS:
            self._last_line = time.monotonic()
            arms = ((" ".join((f"{100 * arm.collapse_rate:g} %", arm.others)).strip(), arm) for arm in self.by_arm())
            measure = primary(self.domain)[1]
            found = (f"{name}: {measure.text(arm.measured[0])}" for name, arm in arms)
            self._complain(f"{self.summary()} | {measure.words} {', '.join(found)}")

    def _complain(self, line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


class LiveProgress(Reporter):
    """A live display for terminals: a bar, and the measures of every collapse rate as they come in."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False)
        self._live: Live | None = None

    def __exit__(self, *exception: object) -> None:
        if self._live is not None:
            self._live.stop()

    def _open(self, line: str) -> None:
        from rich.live import Live

        self._console.print(line)
        if self.n_generations:
            self._live = Live(console=self._console, refresh_per_second=4, get_renderable=self._render, transient=True)
            self._live.start()

    def _complain(self, line: str) -> None:
        self._console.print(line, style="red", markup=False)

    def _render(self) -> Any:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        arms = self.by_arm()
        table, titles = Table(box=None), self.titles()
        shown = [i for i, title in enumerate(titles) if title or any(arm.others for arm in arms)]
        for i in shown:
            table.add_column(titles[i], justify="right" if titles[i] else "left")
        _, measure = primary(self.domain)
        least = measure.trivial if measure.unit == "share" else None
        if least is not None:
            table.add_column(f"{least} … 1.0")
        for arm in arms:
            cells: list[Any] = [self.cells(arm)[i] for i in shown]
            if least is not None:
                done = max(0.0, (arm.measured[0] or 0.0) - least)
                cells.append(ProgressBar(total=1 - least, completed=done, width=24))
            table.add_row(*cells)
        total = Table.grid()
        total.add_row(ProgressBar(total=max(1, self.work), completed=self.work_done, width=70))
        return Group(total, self.summary(), "", table)


class JsonProgress(Reporter):
    """One JSON object a line on standard output, for programs: ``event`` says what the other keys are about."""

    def planned(self, plan: Plan, folder: RunFolder) -> None:
        """Take note that a sweep begins."""
        super().planned(plan, folder)
        self._say(
            "planned", run=str(folder), chains=len(plan.chains), finished=len(plan.finished), partial=len(plan.partial),
            given_up=len(plan.given_up), generations=self.n_generations,
        )  # fmt: skip

    def generation(self, row: CommonRow) -> None:
        """Take note of a new row."""
        super().generation(row)
        self._say("generation", generations_done=self.generations_done, row=asdict(row))

    def finished(self, task: Task) -> None:
        """Take note that a chain reached its end and is kept."""
        super().finished(task)
        self._say("chain finished", chain_id=task.id, chains_done=self.chains_done)

    def failed(self, task: Task, reason: str) -> None:
        """Take note that a chain failed."""
        super().failed(task, reason)
        self._say("chain failed", chain_id=task.id, reason=reason)

    def ended(self) -> None:
        """Take note that there is nothing more to do."""
        self._say("ended", chains_done=self.chains_done, failed=self.n_failed)

    def _say(self, event: str, **what: object) -> None:
        sys.stdout.write(json.dumps({"event": event, **what}) + "\n")
        sys.stdout.flush()


def _mean(values: Iterable[float | None]) -> float | None:
    """Return the mean of values that are there; None if none is."""
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def duration(seconds: float) -> str:
    """Return a duration in one unit."""
    if seconds < 1:
        return "< 1 s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 36 * 3600 else f"{seconds / 86400:.1f} days"
