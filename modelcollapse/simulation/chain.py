"""One history: train → measure → fill the next increment, generation after generation. One class for all domains.

A chain is a pure function of its spec and its data. It can be stopped after any generation and go on from the bytes of
its slots, on any machine, to the same last bit.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from modelcollapse.simulation import spec, streams
from modelcollapse.simulation.domain import Data, Domain, Moment
from modelcollapse.simulation.learning.surroundings import one_thread
from modelcollapse.simulation.learning.training import Train, train_here
from modelcollapse.simulation.regimes import Positions, find_regime
from modelcollapse.simulation.rows import axes_of
from modelcollapse.simulation.slots import SYNTHETIC, Origins

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class ChainState:
    """What a chain needs to go on: everything else follows from its spec.

    Attributes
    ----------
    generation : int
        The generation to run next.
    slots : ndarray of uint8
        Bytes of the slots of all increments that generation has seen (in classification: label bytes, see
        `simulation.label_bytes`); people filled the initial ones, which need not be told.
    memory : ndarray of uint8, or None
        What the last generation's measures left for the next (in classification: predictions on the test set).
    """

    generation: int
    slots: Bytes
    memory: Bytes | None


@dataclass(frozen=True)
class GenerationResult:
    """What a generation yields: its row, and what the next one needs to know.

    Attributes
    ----------
    row : CommonRow
        Of the domain's class.
    new_slots : ndarray of uint8
        Bytes of the next increment on the schedule; empty in the last generation.
    memory : ndarray of uint8
    """

    row: Any
    new_slots: Bytes
    memory: Bytes


class Chain:
    """A spec bound to its domain and data."""

    def __init__(self, chain_spec: spec.ChainSpec, domain: Domain, data: Data, train: Train = train_here) -> None:
        self.spec = chain_spec
        self.domain = domain
        self.history = domain.bind(chain_spec, data, train)
        self.chain_id = spec.chain_id(chain_spec, data.fingerprint, domain.identity(chain_spec.model))
        self.rate = float(chain_spec.collapse_rate)
        self.sizes = chain_spec.sizes()
        self.n_scheduled = len(chain_spec.scheduled_sizes())
        self.initial = self.history.human(0, chain_spec.initial_size)
        self._first: Any = None

    def start(self, state: ChainState | None) -> ChainState:
        """Return the state to begin with: the given one, or generation 0's.

        If the given state's generation has seen slots that were not filled yet – the chain ended there, and now goes
        on – its last generation is run again.
        """
        if state is None:
            return ChainState(0, np.empty(0, dtype=np.uint8), None)
        width = self.history.slot.itemsize
        filled = self.spec.initial_size + len(state.slots) // width
        if state.generation < self.n_scheduled and filled == self.sizes[state.generation]:
            return state
        again = state.generation - 1
        return ChainState(again, state.slots[: width * (self.sizes[again] - self.spec.initial_size)], None)

    def run_generation(self, state: ChainState) -> tuple[GenerationResult, ChainState]:
        """Train, measure, fill the next increment; return also the state to go on from."""
        generation = state.generation
        seen = np.concatenate((self.initial, state.slots.view(self.history.slot)))
        origins = self.history.origins(seen)
        positions = self._training_positions(generation, origins)
        started = time.perf_counter()
        model = self.history.train(generation, seen, positions)
        fitted = time.perf_counter()
        next_size = self.sizes[min(generation + 1, len(self.sizes) - 1)]
        new = self.history.human(len(seen), next_size)
        selected = streams.self_labelled(self.spec.seed, generation, self.rate, len(new))
        moment = Moment(generation, seen, positions, new, selected, state.memory, self.first_model)
        view = self.history.look(model, len(seen), next_size)
        if selected.any():
            new[selected] = self.history.fill(view, moment)
        scored = time.perf_counter()

        measured, memory = self.history.measure(view, moment)
        seconds: Mapping[str, Any] = {"fit_seconds": fitted - started, "predict_seconds": scored - fitted}
        row = self.domain.row(
            chain_id=self.chain_id,
            generation=generation,
            n_seen=len(seen),
            n_train=len(positions),
            n_synthetic=int((origins[positions] == SYNTHETIC).sum()),
            **axes_of(self.spec, self.domain.row),
            **measured,
            **seconds,
        )
        filled = new.view(np.uint8)
        on_schedule = generation + 1 < self.n_scheduled
        result = GenerationResult(row, filled if on_schedule else filled[:0], memory)
        return result, ChainState(generation + 1, np.concatenate((state.slots, filled)), memory)

    def run(self, state: ChainState | None) -> Iterator[GenerationResult]:
        """Run on one thread, from the beginning or from a state, and yield every generation in order.

        They are the same bits whatever the state; the first may be one that is known already (see `start`).
        """
        current = self.start(state)
        while current.generation < len(self.sizes):
            with one_thread():
                result, current = self.run_generation(current)
            yield result

    def _training_positions(self, generation: int, origins: Origins) -> Positions:
        previous = self.sizes[generation - 1] if generation else 0
        random = streams.stream(self.spec.seed, "subsample", generation)
        return find_regime(self.spec.regime)(origins, previous, self.spec.initial_size, random)

    def first_model(self) -> Any:
        """Return generation 0's model, trained when it is first asked for."""
        if self._first is None:
            origins = self.history.origins(self.initial)
            self._first = self.history.train(0, self.initial, self._training_positions(0, origins))
        return self._first
