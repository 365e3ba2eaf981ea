"""All domains by name. To add one, write its class (see `simulation.domain`) and name it here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from modelcollapse.domains.classification import Classification
from modelcollapse.domains.closed_form.domain import ClosedForm
from modelcollapse.domains.generation.domain import Generation
from modelcollapse.domains.multiclass.domain import Multiclass
from modelcollapse.errors import SpecError
from modelcollapse.simulation.chain import Chain, ChainState, GenerationResult
from modelcollapse.simulation.domain import Data, Domain
from modelcollapse.simulation.learning.training import Train, train_here
from modelcollapse.simulation.spec import ChainSpec

DOMAINS: Mapping[str, Domain] = {
    domain.name: domain for domain in (Classification(), ClosedForm(), Generation(), Multiclass())
}


def find_domain(name: str) -> Domain:
    """Return a domain by its name.

    Raises
    ------
    SpecError
        If there is none.
    """
    if name not in DOMAINS:
        raise SpecError(f"domain: found '{name}', expected one of {', '.join(DOMAINS)}.")
    return DOMAINS[name]


def run_chain(
    spec: ChainSpec, data: Data, state: ChainState | None = None, train: Train = train_here
) -> Iterator[GenerationResult]:
    """Run a chain on one thread, from its beginning or from a state, and yield every generation.

    Parameters
    ----------
    spec : ChainSpec
        What to simulate.
    data : Data
        What it draws from; in classification a corpus of at least ``test_size + final_size`` documents.
    state : ChainState, optional
        Where to go on from; the beginning if None.
    train : callable
        How learners are trained: see `simulation.learning.training`. It changes nothing in the results.

    Yields
    ------
    GenerationResult
        In order: see `simulation.chain.Chain.run`.
    """
    return Chain(spec, find_domain(spec.domain), data, train).run(state)
