"""What theory says of the worlds of `closed_form.worlds`, generation by generation: exact values, never fitted.

Sources: Shumailov et al. (Nature 2024) and Kazdan et al. (arXiv 2410.16713) for the Gaussian; Gerstgrasser et al.
(arXiv 2404.01413) for least squares; Dey & Donoho (arXiv 2410.22812) for logistic regression and for π²/6; Suresh et
al. (arXiv 2412.17646), Theorem 1, for the vocabulary. The recursion at any rate is derived in `discrete_errors`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]


def discrete_errors(truth: Floats, sizes: Sequence[int], synthetic: Sequence[float], regime: str) -> list[float]:
    """Return E Σ (p̂ − p)² of every generation of a discrete distribution fitted by relative frequencies.

    Let D be that error, H₀ = 1 − Σ p² the diversity of the truth, n the slots that the last model was fitted to and k
    those that are added, m of them drawn from that model. The sum of squared deviations of k independent draws is
    (k − m)·H₀ from the truth and m·(H₀ − D) from the model, on average, and m of them are centred on the model's error:

        accumulate  D' = ((n + m)²·D + (k − m)·H₀ + m·(H₀ − D)) / (n + k)²
        replace     D' = (m²·D + (k − m)·H₀ + m·(H₀ − D)) / k²

    Sizes are the slots seen in every generation; synthetic are those of each increment that the model fills, one number
    fewer.
    """
    diversity = 1 - float((truth**2).sum())
    errors = [diversity / sizes[0]]
    for i, m in enumerate(synthetic):
        seen, added, error = sizes[i], sizes[i + 1] - sizes[i], errors[-1]
        kept = seen if regime == "accumulate" else 0
        new = (added - m) * diversity + m * (diversity - error)
        errors.append(((kept + m) ** 2 * error + new) / (kept + added) ** 2)
    return errors


def calibrated_worth(sizes: Sequence[int], rate: float) -> float:
    """Return what share of the last size is worth as much, all human, to a sampler that knows its own uncertainty.

    That is the error that `discrete_errors` gives for n human draws, H₀/n, by the error under "accumulate" at a
    collapse rate: the same for every distribution. For many increments it tends to 1 − 2·rate below one half. It speaks
    of the error of parameters, and bounds no accuracy. Sizes are the slots seen in each generation, at first all human.
    """
    synthetic = [rate * (size - before) for before, size in pairwise(sizes)]
    coin = np.array([0.5, 0.5])
    return 0.5 / sizes[-1] / discrete_errors(coin, sizes, synthetic, "accumulate")[-1]


def shrinkage(n: int, n_fits: int, regime: str) -> Floats:
    """Return what is left of a variance after each fit to n draws of the last model alone, n a generation.

    Replace: (1 − 1/n)^g; accumulate: ∏_{j ≤ g} (1 − 1/(n·j²)), which never falls below 1 − (π²/6)/n. It holds for the
    diversity of a discrete distribution and for the variance of a Gaussian alike.
    """
    fits = np.arange(1, n_fits + 1)
    return np.cumprod(1 - 1 / (n * fits**2.0)) if regime == "accumulate" else (1 - 1 / n) ** fits


def log_variance(n: int, n_fits: int) -> Floats:
    """Return E log σ² of a Gaussian after each fit to n draws of the last model: g·(ψ((n − 1)/2) + log(2/n))."""
    from scipy.special import digamma

    return np.arange(1, n_fits + 1) * (float(digamma((n - 1) / 2)) + math.log(2 / n))


def least_squares_errors(n: int, dimensions: int, n_fits: int, regime: str) -> Floats:
    """Return E|β̂|² after each fit to the same n inputs.

    d/(n − d − 1), the error of the first fit, times g (replace) or times Σ_{i ≤ g} 1/i² (accumulate).
    """
    fits = np.arange(1, n_fits + 1, dtype=np.float64)
    growth = np.cumsum(fits**-2) if regime == "accumulate" else fits
    return dimensions / (n - dimensions - 1) * growth


def types_left(counts: npt.NDArray[np.int64], n_resamplings: int) -> Floats:
    """Return the words left after each resampling of a whole text: Σ_w 1 − exp(−c_w·g), g ← 1 − e^{−g} from 1.

    c_w are the occurrences of every word; the text is replaced by as many draws from its own frequencies.
    """
    left, g = [], 1.0
    for _ in range(n_resamplings):
        left.append(float(-np.expm1(-counts * g).sum()))
        g = -math.expm1(-g)
    return np.array(left)
