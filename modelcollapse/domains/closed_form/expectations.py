"""Which law a chain of the worlds must obey, and how closely: from its spec alone."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from modelcollapse.domains.closed_form import laws
from modelcollapse.domains.closed_form.worlds import Discrete, LeastSquares, World
from modelcollapse.simulation import streams
from modelcollapse.simulation.regimes import window_size
from modelcollapse.simulation.spec import ChainSpec

#: Dey & Donoho's run: the first log-loss (to 1e-6), those of their 50th fit, and what such runs end within.
FIRST_LOG_LOSS = 0.428460
_LAST_LOG_LOSS = {"accumulate": (0.4558, 0.42, 0.47), "replace": (8.10, 3.0, np.inf)}
_FITS, _PATIENTS = 50, 309


@dataclass(frozen=True)
class Expectation:
    """What a column is due to be in every generation; NaN where nothing is said.

    Attributes
    ----------
    quantity : str
    due : ndarray of float64, shape (n_generations,)
        NaN where bounds alone are known.
    least, most : ndarray of float64, shape (n_generations,)
        The law counts as met within these.
    """

    quantity: str
    due: laws.Floats
    least: laws.Floats
    most: laws.Floats

    @classmethod
    def near(cls, quantity: str, due: laws.Floats, within: float) -> Expectation:
        """Expect values within a relative margin."""
        return cls(quantity, due, due - within * np.abs(due), due + within * np.abs(due))

    @classmethod
    def between(cls, quantity: str, one: laws.Floats, other: laws.Floats, within: float) -> Expectation:
        """Expect values between two others, but for a relative margin."""
        least, most = np.minimum(one, other), np.maximum(one, other)
        nothing = np.full(len(least), np.nan)
        return cls(quantity, nothing, least - within * np.abs(least), most + within * np.abs(most))


def expectations(spec: ChainSpec, world: World) -> list[Expectation]:
    """Return what theory says of a chain in which the model's own draws fill the selected slots.

    Nothing is known here of the regime ``window``.
    """
    if spec.label_rule not in ("sampled", "none") or window_size(spec.regime) is not None:
        return []
    of_world = {
        "discrete": _discrete,
        "gaussian": _gaussian,
        "least-squares": _least_squares,
        "logistic": _logistic,
        "text": _text,
    }
    return of_world[spec.model.name](spec, world)


def _discrete(spec: ChainSpec, world: Any) -> list[Expectation]:
    assert isinstance(world, Discrete)
    sizes = spec.sizes()
    rate = float(spec.collapse_rate)
    steps = itertools.pairwise(sizes)
    synthetic = [int(streams.self_labelled(spec.seed, g, rate, b - a).sum()) for g, (a, b) in enumerate(steps)]

    def errors(regime: str) -> laws.Floats:
        return np.array(laws.discrete_errors(world.truth, sizes, synthetic, regime))

    # below rate 1 subsample may lose more than replace does: its draws are of many models, each in all later
    is_known = spec.regime != "subsample" or rate == 1
    found = _of_regime(spec, "risk", errors, 0.02) if is_known else []
    if _retrains_on_itself(spec):
        diversity = 1 - float((world.truth**2).sum())
        n, fits = sizes[0], len(sizes)
        found += _of_regime(spec, "diversity", lambda regime: diversity * laws.shrinkage(n, fits, regime), 0.02)
    return found


def _gaussian(spec: ChainSpec, world: Any) -> list[Expectation]:
    if not _retrains_on_itself(spec):
        return []
    n, fits = spec.initial_size, len(spec.sizes())
    if spec.regime == "replace":  # its mean variance is that of a few chains: the logarithm has no heavy tail
        return [Expectation.near("log_variance", laws.log_variance(n, fits), 0.05)]
    return _of_regime(spec, "variance", lambda regime: laws.shrinkage(n, fits, regime), 0.05)


def _least_squares(spec: ChainSpec, world: Any) -> list[Expectation]:
    assert isinstance(world, LeastSquares)
    if not (_retrains_on_itself(spec) and world.inputs == "same" and spec.regime != "subsample"):
        return []
    n, fits = spec.initial_size, len(spec.sizes())
    return [Expectation.near("risk", laws.least_squares_errors(n, world.dimensions, fits, spec.regime), 0.06)]


def _logistic(spec: ChainSpec, world: Any) -> list[Expectation]:
    if not (_retrains_on_itself(spec) and spec.initial_size == _PATIENTS and spec.regime in _LAST_LOG_LOSS):
        return []
    due, least, most = (np.full(len(spec.sizes()), np.nan) for _ in range(3))
    due[0], least[0], most[0] = FIRST_LOG_LOSS, FIRST_LOG_LOSS - 1e-6, FIRST_LOG_LOSS + 1e-6
    if len(due) >= _FITS:
        due[_FITS - 1], least[_FITS - 1], most[_FITS - 1] = _LAST_LOG_LOSS[spec.regime]
    return [Expectation("risk", due, least, most)]


def _text(spec: ChainSpec, world: Any) -> list[Expectation]:
    if not (_retrains_on_itself(spec) and spec.regime == "replace"):
        return []
    left = laws.types_left(world.counts, len(spec.sizes()) - 1)
    return [Expectation.near("types_left", np.concatenate(([len(world.counts)], left)), 0.01)]


def _of_regime(spec: ChainSpec, quantity: str, law: Any, within: float) -> list[Expectation]:
    """Expect what a law says of accumulate and replace; of subsample, what lies between them."""
    if spec.regime == "subsample":
        return [Expectation.between(quantity, law("accumulate"), law("replace"), within)]
    return [Expectation.near(quantity, law(spec.regime), within)]


def _retrains_on_itself(spec: ChainSpec) -> bool:
    """Return whether a chain adds as many draws as it began with, all of them the model's own."""
    sizes = spec.sizes()
    is_even = all(b - a == sizes[0] for a, b in itertools.pairwise(sizes))
    return is_even and spec.collapse_rate == 1 and len(sizes) > 1
