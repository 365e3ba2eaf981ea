"""The plan of a run: every chain that its sweeps ask for, and how much of each is there already. A dry run for free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.domains.catalogue import find_domain
from modelcollapse.errors import SpecError
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.store.models import KnownModel, resolve
from modelcollapse.execution.store.record import ChainRecord
from modelcollapse.execution.tasks import ChainTask
from modelcollapse.simulation.domain import Data
from modelcollapse.simulation.spec import chain_id
from modelcollapse.sweeps.scaling import fitting_scale
from modelcollapse.sweeps.sweep import Sweep


@dataclass(frozen=True)
class PlannedChain:
    """A chain, and what a folder holds of it."""

    task: ChainTask
    record: ChainRecord
    is_given_up: bool = False  # it failed before for its own reasons, and is not to be tried again

    @property
    def n_generations(self) -> int:
        """Generations that were asked for."""
        return len(self.task.spec.sizes())

    @cached_property
    def n_done(self) -> int:
        """Generations that were there when the plan was made."""
        return self.record.n_done(self.task.spec)

    @property
    def state(self) -> Literal["finished", "failed", "begun", "to run"]:
        """How far the chain is; "failed" is one that is given up."""
        if self.n_done == self.n_generations:
            return "finished"
        if self.is_given_up:
            return "failed"
        return "begun" if self.n_done else "to run"

    @property
    def work(self) -> int:
        """Slots to train on in all generations to come: what chains are ordered by, longest first."""
        return sum(size for size in self.task.spec.sizes() if size not in self.record.rows)


@dataclass(frozen=True)
class Plan:
    """All chains of a sweep, in the order in which they are started."""

    chains: Sequence[PlannedChain]

    @property
    def finished(self) -> list[PlannedChain]:
        """Chains that need nothing."""
        return [chain for chain in self.chains if chain.state == "finished"]

    @property
    def partial(self) -> list[PlannedChain]:
        """Chains that go on from a checkpoint or from a smaller final size."""
        return [chain for chain in self.to_run if chain.state == "begun"]

    @property
    def given_up(self) -> list[PlannedChain]:
        """Chains that failed before and are left out."""
        return [chain for chain in self.chains if chain.state == "failed"]

    @property
    def to_run(self) -> list[PlannedChain]:
        """Chains that are neither finished nor given up, longest first; equally long ones in the order of the sweep."""
        unfinished = (chain for chain in self.chains if chain.state in ("begun", "to run"))
        return sorted(unfinished, key=lambda chain: -chain.work)

    @property
    def n_generations_to_run(self) -> int:
        """Generations that are still to be computed."""
        return sum(chain.n_generations - chain.n_done for chain in self.to_run)


def chain_tasks(sweep: Sweep, corpus_fingerprint: str, known: Sequence[KnownModel] | None = None) -> list[ChainTask]:
    """Return the chains of a sweep, named, each once; its learners are imported unless its models are known."""
    models = resolve(sweep) if known is None else known
    identities = {repr(model.model): model.identity for model in models}  # as text: 1, 1.0 and True are not the same
    tasks: dict[str, ChainTask] = {}
    for spec in sweep.chains([model.model for model in models]):
        name = chain_id(spec, corpus_fingerprint, identities[repr(spec.model)])
        tasks.setdefault(name, ChainTask(name, spec))
    return list(tasks.values())


def plan_from_nothing(sweep: Sweep, corpus_fingerprint: str) -> Plan:
    """Return what running a sweep means where nothing of it is there."""
    return Plan([PlannedChain(task, ChainRecord()) for task in chain_tasks(sweep, corpus_fingerprint)])


def make_plan(sweep: Sweep, data: Data, folder: RunFolder, retry_failed: bool = False) -> Plan:
    """Return what running a sweep in a folder means.

    A chain that failed for its own reasons would fail again: it is left out, unless `retry_failed`. One that failed
    because of the machines it ran on is simply run. The corpus is checked: see `check_corpus`.
    """
    check_corpus(sweep, data)
    tasks = chain_tasks(sweep, data.fingerprint)
    known = folder.chains.read_all(task.id for task in tasks)
    failed = set() if retry_failed else folder.failures.ids()
    chains = []
    for task in tasks:
        record = known.get(task.id, ChainRecord()).filled(task.spec)
        failure = folder.failures.read(task.id) if task.id in failed else None
        chains.append(PlannedChain(task, record, bool(failure and failure.get("is_own"))))
    return Plan(chains)


def check_corpus(sweep: Sweep, corpus: Any) -> None:
    """Raise SpecError if the corpus has too few documents, or no n-grams of the order that the sweep needs."""
    if not sweep.documents_needed:
        return
    if sweep.documents_needed > corpus.n_documents:
        factor, slots = fitting_scale(sweep, corpus.n_documents), find_domain(sweep.domain).slots
        smaller = (
            f"make the sizes {factor:f} times as large (--scale {factor:f}, times the one given if any), or "
            if factor
            else ""
        )
        raise SpecError(
            f"'{sweep.experiment}' needs {sweep.documents_needed:,} {slots} ({sweep.test_size:,} to test on + "
            f"{sweep.final_size:,} to train on), the corpus '{corpus.name}' has {corpus.n_documents:,}: "
            f"{smaller}use a larger corpus."
        )
    check_ngrams(sweep, corpus)


def check_ngrams(sweep: Sweep, corpus: Any) -> None:
    """Raise SpecError if the corpus has no n-grams of the order that the sweep needs."""
    if not isinstance(corpus, Corpus) or "max_ngram" in find_domain(sweep.domain).lacks:
        return
    if sweep.max_ngram > corpus.term_orders.max(initial=1):
        raise SpecError(
            f"max_ngram: found {sweep.max_ngram}, but the corpus '{corpus.name}' has n-grams up to "
            f"{int(corpus.term_orders.max(initial=1))}; build it with --ngrams {sweep.max_ngram}."
        )
