"""As many seeds as an answer of the asked precision takes: Stein's two stages."""

from __future__ import annotations

import itertools
import math
from typing import Any

import polars as pl

from modelcollapse.analysis.statistics.arms import at_size, prepare
from modelcollapse.analysis.statistics.compare_rates import paired_interval_half_width
from modelcollapse.analysis.statistics.inference import share_interval
from modelcollapse.analysis.statistics.seed_groups import seed_groups
from modelcollapse.corpora.dense import AnyCorpus
from modelcollapse.domains.catalogue import find_domain
from modelcollapse.errors import SpecError
from modelcollapse.runs.run import Run
from modelcollapse.runs.sweeping import run_sweep
from modelcollapse.simulation.domain import primary
from modelcollapse.sweeps.sweep import Sweep

#: Nobody waits for more; the user may say otherwise.
MAX_SEEDS = 100
#: What the interval takes for granted; printed with it.
RELIES_ON = (
    "It is exact for a normal spread of differences between seeds; with a long tail it holds the truth in .76 to .83 "
    "of runs, where seeds fall or not in .46 to .75."
)
#: Seeds of the first stage, if the sweep has no more itself.
PILOT_SEEDS = 5


def run_until_precise(
    sweep: Sweep, corpus: AnyCorpus, half_width: float, max_seeds: int = MAX_SEEDS, **options: Any
) -> tuple[Run, float, int]:
    """Run a sweep with as many seeds as it takes for paired intervals of a given width.

    In two stages (Stein 1945, *A two-sample test for a linear hypothesis whose power is independent of the variance*):
    a pilot of n₀ seeds – the sweep's own, at least five – gives the standard deviation s₀ of the differences to rate 0,
    and that decides, once, how many seeds there will be: N = max(n₀, ⌈(t · s₀ / half width)²⌉), with t of n₀ − 1
    degrees of freedom and the largest s₀ of all rates. The interval of a rate is the mean over all N seeds ± t · s₀ /
    √N, with *the pilot's* s₀ and t. For normal differences it covers exactly 95 %, since N depends on the spread of the
    pilot alone, whatever that is. (Intervals that are watched until they are narrow stop when the spread looks small by
    chance: they cover .92–.93 from five seeds on, and less from two. The ordinary interval over all N seeds, which the
    report prints, covers .91–.95.) A pilot of five is careful: it takes about twice as many seeds as a known spread
    would; a larger pilot (``seeds``) fewer.

    Simulated coverage of each rate's interval, n₀ = 5, half widths of 1.5 to 0.3 standard deviations, one rate / four
    rates: normal .94–.95 / .95; lognormal (σ = 1) .76–.83 / .79–.81; one seed in five falls far .66–.68 / .70–.75; one
    in ten .46 / .54–.57. Where seeds fall or not, five of them often show no fall, and no interval of the mean holds:
    look at the share that falls.

    Every stage is an ordinary run in the same folder: what is there is reused, the same command goes on where it was
    interrupted, and a narrower width asked for later adds seeds to the same pilot.

    Parameters
    ----------
    sweep : Sweep
        With rate 0 and at least one other rate; its seeds, and the smallest others up to five, are the pilot.
    corpus : Corpus
        On which documents.
    half_width : float
        Of the widest paired 95 % interval over rates at the final size, as a fraction: 0.002 is ± 0.2 points.
    max_seeds : int
        Never more, however wide the intervals are; the pilot is smaller where this is.
    **options
        As for `run_sweep`.

    Returns
    -------
    Run, float, int
        The run; the half width of the widest of these intervals, at most the one asked for unless `max_seeds` was too
        few or chains failed, infinite where the pilot compares nothing; and the number of seeds.

    Raises
    ------
    SpecError
        See `check_precision`.

    Examples
    --------
    >>> precise, reached, n_seeds = run_until_precise(
    ...     sweep, corpus, half_width=0.001, max_seeds=6, out="runs/precise", executor="inprocess"
    ... )
    >>> n_seeds, reached > 0.001
    (6, True)
    """
    sweep = sweep.with_learners(options.get("learners")).on(corpus)
    check_precision(sweep, half_width, max_seeds)
    pilot = _with_seeds(sweep, max(len(sweep.seeds), min(PILOT_SEEDS, max_seeds)))
    run = run_sweep(pilot, corpus, **options)
    n_pilot = len(pilot.seeds)
    of_pilot = paired_interval_half_width(run.results([pilot]))  # the folder may hold more of the experiment
    n_seeds = seeds_for(n_pilot, of_pilot, half_width, max_seeds)
    if run.failed(pilot) or n_seeds == n_pilot:
        return run, of_pilot, n_pilot
    whole = _with_seeds(pilot, n_seeds)
    return run_sweep(whole, corpus, **options), of_pilot * math.sqrt(n_pilot / n_seeds), n_seeds


def check_precision(sweep: Sweep, half_width: float, max_seeds: int = MAX_SEEDS) -> None:
    """Raise SpecError if a sweep compares no accuracies, the half width is not in (0, 1), or it has more seeds."""
    if primary(find_domain(sweep.domain))[0] != "accuracy":
        raise SpecError(f"until_ci: found the domain '{sweep.domain}', expected classification: it is about accuracy.")
    if not 0 < half_width < 1:
        raise SpecError(f"until_ci: found {half_width}, expected a half width between 0 and 1 such as 0.002.")
    if 0 not in sweep.rates or len(sweep.rates) < 2:
        raise SpecError("until_ci: found no rates to compare, expected rate 0 and at least one other.")
    if max_seeds < len(sweep.seeds):
        raise SpecError(f"max_seeds: found {max_seeds}, expected at least the {len(sweep.seeds)} seeds it begins with.")


def _with_seeds(sweep: Sweep, n: int) -> Sweep:
    """Return the sweep with its own seeds and the smallest others, `n` in all."""
    others = (seed for seed in itertools.count() if seed not in sweep.seeds)
    more = itertools.islice(others, n - len(sweep.seeds))
    return sweep.model_copy(update={"seeds": (*sweep.seeds, *more)})


def seeds_for(n_pilot: int, of_pilot: float, wanted: float, most: int) -> int:
    """Return how many seeds make the pilot's widest interval as narrow as wanted: its width falls as 1 / √n."""
    if of_pilot <= wanted or math.isinf(of_pilot):
        return n_pilot
    return max(n_pilot, min(most, math.ceil(n_pilot * (of_pilot / wanted) ** 2)))


def describe_precision(results: pl.DataFrame, reached: float, wanted: float, n_seeds: int) -> list[str]:
    """Say how wide the interval that was asked for is, and when it is not to be believed; nothing without results."""
    if results.is_empty():
        return []
    missed = "" if reached <= wanted else f", not ± {wanted:g}"
    width = (
        f"Widest paired 95 % interval at the end: ± {reached:.4f} with {n_seeds} seeds, from the spread of the first "
        f"ones (Stein's two stages){missed}."
    )
    fallen = seed_groups(at_size(prepare(results)))
    doubt = []
    if ((fallen["n_degenerate"] > 0) & (fallen["n_degenerate"] < fallen["all_seeds"])).any():
        doubt = ["Some seeds have degenerated and some have not: no interval of a mean holds there; see the report."]
    elif not fallen.is_empty() and fallen["n_degenerate"].sum() == 0:
        may = share_interval(0, n_seeds)[1]
        doubt = [f"No seed has degenerated: of {n_seeds} seeds, up to {may:.0%} of all others still may (95 %)."]
    return [width, RELIES_ON, *doubt]
