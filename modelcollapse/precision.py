"""Keep adding seeds to a sweep until its answer is as precise as was asked for."""

from __future__ import annotations

import math
from typing import Any

from modelcollapse.corpora import Corpus
from modelcollapse.errors import SpecError
from modelcollapse.execution import Run, run_sweep
from modelcollapse.simulation.sweep import Sweep

#: Nobody waits for more; the user may say otherwise.
MAX_SEEDS = 100


def run_until_precise(
    sweep: Sweep, corpus: Corpus, half_width: float, max_seeds: int = MAX_SEEDS, **options: Any
) -> tuple[Run, float, int]:
    """Run a sweep with more and more seeds until its paired intervals are narrow enough.

    Every round is an ordinary run in the same folder: what is there is reused, and a round that is interrupted goes on
    where it was. An interval that is watched until it is narrow covers slightly less often than it says: the stopping
    rule depends on the spread alone, not on the difference, so the effect is small, but it is there.

    Parameters
    ----------
    sweep : Sweep
        With rate 0 and at least one other rate; its seeds are where it begins (two at least).
    corpus : Corpus
        On which documents.
    half_width : float
        Of the widest paired 95 % interval over rates at the final size, as a fraction: 0.002 is ± 0.2 points.
    max_seeds : int
        Stop there, however wide the intervals are.
    **options
        As for `run_sweep`.

    Returns
    -------
    Run, float, int
        The run, the half width reached, and with how many seeds.

    Raises
    ------
    SpecError
        See `check_precision`.
    """
    from modelcollapse.analysis.differences import paired_interval_half_width

    check_precision(sweep, half_width, max_seeds)
    n_seeds = max(2, len(sweep.seeds))
    while True:
        current = sweep.model_copy(update={"seeds": _seeds(sweep, n_seeds)})
        run = run_sweep(current, corpus, **options)
        reached = paired_interval_half_width(run.results([current]))  # other sweeps in the folder get no more seeds
        if reached <= half_width or n_seeds >= max_seeds or run.failed(current):
            return run, reached, n_seeds
        n_seeds = min(max_seeds, _next_number(n_seeds, reached, half_width))


def check_precision(sweep: Sweep, half_width: float, max_seeds: int = MAX_SEEDS) -> None:
    """Raise SpecError if a sweep compares nothing, the half width is not in (0, 1), or it begins with more seeds."""
    if not 0 < half_width < 1:
        raise SpecError(f"until_ci: found {half_width}, expected a half width between 0 and 1 such as 0.002.")
    if 0 not in sweep.rates or len(sweep.rates) < 2:
        raise SpecError("until_ci: found no rates to compare, expected rate 0 and at least one other.")
    if max_seeds < len(sweep.seeds):
        raise SpecError(f"max_seeds: found {max_seeds}, expected at least the {len(sweep.seeds)} seeds it begins with.")


def _seeds(sweep: Sweep, n: int) -> tuple[int, ...]:
    """Return the sweep's own seeds and the smallest others."""
    seeds = list(sweep.seeds)
    candidate = 0
    while len(seeds) < n:
        if candidate not in sweep.seeds:
            seeds.append(candidate)
        candidate += 1
    return tuple(seeds)


def _next_number(n: int, reached: float, wanted: float) -> int:
    """Return how many seeds the spread so far asks for; at most twice as many, as the spread is only estimated."""
    needed = n * (reached / wanted) ** 2
    return max(n + 1, min(2 * n, math.ceil(needed)))
