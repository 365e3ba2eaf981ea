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
    """Return a domain by its name; raise SpecError if there is none."""
    if name not in DOMAINS:
        raise SpecError(f"domain: found '{name}', expected one of {', '.join(DOMAINS)}.")
    return DOMAINS[name]


def run_chain(
    spec: ChainSpec, data: Data, state: ChainState | None = None, train: Train = train_here
) -> Iterator[GenerationResult]:
    """Run a chain from its beginning or a state, and yield every generation: see `simulation.chain.Chain.run`.

    A corpus of documents or blocks has ``test_size + final_size`` of them at least. `train` says how learners are
    trained (see `simulation.learning.training`); it changes nothing in the results.
    """
    return Chain(spec, find_domain(spec.domain), data, train).run(state)
