"""Rows with a known truth, made in milliseconds: what a run would store if the world were this simple.

Accuracy of seed *s*, rate *r*, size *n* is ``base(n) + seed effect(s) + shared noise(s, n) − slope · weight(rule) · r ·
progress(n) + own noise(s, r, n)``: the first three are shared by all rates of a seed, the own noise is absent where no
label is the model's. Degenerate chains drift to a constant prediction.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from modelcollapse.analysis.statistics.frames import EXPORTED

#: How much of the loss per rate each label rule suffers.
WEIGHTS = {
    "argmax": 1.0,
    "human-only": 0.05,
    "random-noise": 0.2,
    "confusion-noise": 0.25,
    "frozen": 0.3,
    "prior-matched": 0.5,
    "sampled": 0.8,
}


@dataclass(frozen=True)
class World:
    """A sweep and the truth behind it; rates, losses and deviations are fractions."""

    rates: Sequence[float] = (0.0, 0.05, 0.1, 0.3)
    seeds: Sequence[int] = tuple(range(5))
    sizes: Sequence[int] = tuple(range(1000, 10_001, 500))
    label_rules: Sequence[str] = ("argmax",)
    models: Sequence[str] = ("forest-sklearn",)
    regimes: Sequence[str] = ("accumulate",)
    slope: float = 0.08
    seed_sd: float = 0.005
    shared_sd: float = 0.002
    own_sd: float = 0.001
    degenerate: Mapping[float, Collection[int]] = field(default_factory=dict)
    n_test: int = 20_000
    experiment: str = "low-rates"
    number: int = 0


def fake_results(world: World = World()) -> pl.DataFrame:
    """One row per generation of every chain of the sweep."""
    rows: list[dict[str, object]] = []
    for model in world.models:
        for regime in world.regimes:
            for seed in world.seeds:
                rows += _seed(world, model, regime, seed)
    return pl.DataFrame(rows, schema=dict(EXPORTED))


def many_results(world: World, n: int) -> pl.DataFrame:
    """Rows of `n` such sweeps, each an experiment of its own."""
    worlds = (replace(world, experiment=f"run-{number:04d}", number=number) for number in range(n))
    return pl.concat([fake_results(one) for one in worlds])


def _seed(world: World, model: str, regime: str, seed: int) -> list[dict[str, object]]:
    sizes = np.asarray(world.sizes, dtype=np.int64)
    shared = np.random.default_rng([world.number, seed, 1])
    human = (
        0.845 - 1.64 / np.sqrt(sizes) + shared.normal(0, world.seed_sd) + shared.normal(0, world.shared_sd, len(sizes))
    )
    if model != "forest-sklearn":
        human = human - 0.02
    rows: list[dict[str, object]] = []
    for rate_number, rate in enumerate(world.rates):
        for rule in world.label_rules if rate > 0 else ("none",):
            own = np.random.default_rng([world.number, seed, 2 + rate_number, sum(rule.encode())])
            rows += _chain(world, model, regime, seed, rate, rule, human, own)
    return rows


def _chain(
    world: World,
    model: str,
    regime: str,
    seed: int,
    rate: float,
    rule: str,
    human: np.ndarray,
    own: np.random.Generator,
) -> list[dict[str, object]]:
    sizes = np.asarray(world.sizes, dtype=np.float64)
    progress = (sizes - sizes[0]) / max(sizes[-1] - sizes[0], 1)
    accuracy = human - world.slope * WEIGHTS.get(rule, 0.4) * rate * progress
    accuracy = accuracy + (own.normal(0, world.own_sd, len(sizes)) * (progress > 0) if rate else 0)
    positive = 0.47 - 0.1 * rate * progress
    falls = rule == "argmax" and seed in world.degenerate.get(rate, ())
    decay = 1 / (1 + np.exp(-14 * (progress - 0.55))) if falls else np.zeros(len(sizes))
    decay = decay * (progress > 0)
    positive = positive * (1 - decay)
    auc = accuracy + 0.075 - 0.1 * decay
    best = accuracy + 0.003 - 0.03 * decay
    accuracy = accuracy * (1 - decay) + 0.497 * decay
    prior = 0.503
    recall_positive = (accuracy + positive - (1 - prior)) / 2 / prior
    recall_negative = (accuracy - positive + (1 - prior)) / 2 / (1 - prior)
    synthetic = np.floor(rate * (sizes - sizes[0]))
    share = synthetic / sizes
    previous = np.concatenate([[np.nan], accuracy[:-1]])
    return [
        {
            "experiment": world.experiment,
            "chain_id": f"{model}-{regime}-{rule}-{rate}-{seed}-{int(sizes[0])}",
            "seed": seed,
            "collapse_rate": rate,
            "initial_size": int(sizes[0]),
            "model": model,
            "model_params": "n_estimators=200" if model == "forest-sklearn" else "",
            "regime": regime,
            "label_rule": rule,
            "generation": g,
            "n_seen": int(sizes[g]),
            "n_train": int(sizes[g]),
            "n_synthetic": int(synthetic[g]),
            "n_test": world.n_test,
            "n_features": int(40 * sizes[g] ** 0.6),
            "accuracy": float(accuracy[g]),
            "balanced_accuracy": float((recall_positive[g] + recall_negative[g]) / 2),
            "roc_auc": float(auc[g]),
            "recall_negative": float(recall_negative[g]),
            "recall_positive": float(recall_positive[g]),
            "best_threshold_accuracy": float(best[g]),
            "log_loss": float(0.6 - 0.1 * accuracy[g]),
            "brier": float(0.22 - 0.05 * accuracy[g]),
            "calibration_error": 0.12,
            "predicted_positive_rate": float(positive[g]),
            "train_positive_rate": float(prior - share[g] * (prior - positive[g])),
            "synthetic_label_error": float(1 - accuracy[g]) if synthetic[g] else None,
            "synthetic_error_negative": float(1 - recall_negative[g]) if synthetic[g] else None,
            "synthetic_error_positive": float(1 - recall_positive[g]) if synthetic[g] else None,
            "churn": float(0.02 + abs(accuracy[g] - previous[g])) if g else None,
            "fit_seconds": 0.5,
            "predict_seconds": 0.1,
        }
        for g in range(len(sizes))
    ]
