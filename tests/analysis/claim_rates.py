"""How often each verdict on the study's claims is given, by simulation; prints the table of `analysis.study.claims`.

Run ``python -m tests.analysis.claim_rates`` (some minutes).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import polars as pl

from modelcollapse.analysis.statistics.arms import prepare
from modelcollapse.analysis.study.claims import Verdict, check_claims
from tests.analysis.fake import World, fake_results

RATES = (0.0, 0.05, 0.1, 0.3, 1.0)
SIZES = (1000, 2000, 3000, 4000)
SEEDS = 5
N_TEST = 20_000
EFFECT = 0.01
VERDICTS: tuple[Verdict, ...] = ("holds", "holds in part", "contradicted")


@dataclass(frozen=True)
class Truth:
    """A world: its level, what every arm gains with size, what arms with self-labels lose, and where.

    Attributes
    ----------
    level : float
        Accuracy at the start; documents are half positive, so .52 is the bound of what counts as guessing.
    gain, fall : float
        Change of all arms from the first to the last size; loss of all arms after the second size.
    loss, slope, late : float
        Loss at the last size in arms with self-labels: the same at every rate; per rate; after the second size alone.
    error : float
        What arms with self-labels have more than rate 0 at every size, also where nothing is self-labelled.
    paired : bool
        Whether the rates share seeds.
    """

    level: float = 0.52
    gain: float = 0.0
    fall: float = 0.0
    loss: float = 0.0
    slope: float = 0.0
    late: float = 0.0
    error: float = 0.0
    paired: bool = True


NOTHING = Truth()
#: By claim: a truth in which it does not hold, and one in which it does by one percentage point.
TRUTHS = {
    "More reviews make a better model.": (NOTHING, Truth(gain=EFFECT)),
    "Trained on its own labels alone, the model ends no better than random guessing.": (
        NOTHING,
        Truth(level=0.52 - EFFECT),
    ),
    "Any share of self-labels hurts.": (NOTHING, Truth(loss=EFFECT)),
    "The more self-labels, the lower the accuracy.": (NOTHING, Truth(slope=EFFECT)),
    "With self-labels in the mix, more data can make the model worse.": (Truth(fall=EFFECT), Truth(late=EFFECT)),
    "Arms differ already at the initial size.": (Truth(paired=False), Truth(paired=False, error=EFFECT)),
}


def simulate(truth: Truth, generator: np.random.Generator) -> pl.DataFrame:
    """Rows of one run: counts of test documents, noise of seeds (0.5 pp), of moments (0.3) and of arms (0.4)."""
    n_draws = SEEDS if truth.paired else SEEDS * len(RATES)
    shared = generator.normal(0, 0.005, (n_draws, 1)) + generator.normal(0, 0.003, (n_draws, len(SIZES)))
    progress = np.arange(len(SIZES)) / (len(SIZES) - 1)
    after = np.maximum(0, np.arange(len(SIZES)) - 1) / (len(SIZES) - 2)
    accuracies = []
    for number, rate in enumerate(RATES):
        own = generator.normal(0, 0.004, (SEEDS, len(SIZES))) * (progress > 0) * (rate > 0)
        lost = (truth.loss + truth.slope * rate) * progress + truth.late * after - truth.error
        mean = truth.level + truth.gain * progress - truth.fall * after - lost * (rate > 0)
        drawn = shared if truth.paired else shared[SEEDS * number : SEEDS * (number + 1)]
        accuracies.append(mean + drawn + own)
    accuracy = np.round(np.array(accuracies) * N_TEST).transpose(1, 0, 2).ravel() / N_TEST
    rows = _TEMPLATE.with_columns(
        pl.Series("accuracy", accuracy), pl.Series("recall_positive", accuracy), pl.Series("recall_negative", accuracy)
    )
    if truth.paired:
        return rows
    apart = pl.col("collapse_rate").rank("dense").cast(pl.Int64) * 1000
    return rows.with_columns(seed=pl.col("seed") + apart)


_TEMPLATE = fake_results(World(rates=RATES, seeds=range(SEEDS), sizes=SIZES, n_test=N_TEST)).with_columns(
    predicted_positive_rate=pl.lit(0.5), roc_auc=pl.lit(0.5)
)


def verdict_rates(repetitions: int, number: int = 0) -> dict[str, tuple[dict[Verdict, float], dict[Verdict, float]]]:
    """By claim the share of runs that get each of `VERDICTS`, where it does not hold and where it does."""
    by_truth = {
        truth: _counted(truth, repetitions, np.random.default_rng([number, i]))
        for i, truth in enumerate(dict.fromkeys(truth for truths in TRUTHS.values() for truth in truths))
    }
    return {
        claim: (
            {v: by_truth[null][claim, v] / repetitions for v in VERDICTS},
            {v: by_truth[effect][claim, v] / repetitions for v in VERDICTS},
        )
        for claim, (null, effect) in TRUTHS.items()
    }


def _counted(truth: Truth, repetitions: int, generator: np.random.Generator) -> Counter[tuple[str, Verdict]]:
    counts: Counter[tuple[str, Verdict]] = Counter()
    for _ in range(repetitions):
        counts.update((claim.claim, claim.verdict) for claim in check_claims(prepare(simulate(truth, generator))))
    return counts


def printed(rates: dict[str, tuple[dict[Verdict, float], dict[Verdict, float]]]) -> str:
    """Write the table of rates as it stands in the module."""
    words = ("holds", "in part", "contradicted")
    titles = ("claim", *(f"{truth}: holds" if i == 0 else words[i] for truth in ("null", "1 pp") for i in range(3)))
    lines = [titles]
    for name, pair in zip(NAMES, rates.values(), strict=True):
        lines.append((name, *(f"{100 * part[v]:.1f}" for part in pair for v in VERDICTS)))
    return "\n".join("{:<17} {:>11} {:>7} {:>12} {:>13} {:>7} {:>12}".format(*line) for line in lines)


NAMES = ("more data", "guessing", "any share", "the more the less", "more data hurts", "differ at start")

if __name__ == "__main__":
    import sys

    sys.stdout.write(printed(verdict_rates(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)) + "\n")
