"""Audit the statistics of `modelcollapse.analysis` by simulation: how often intervals and tests are right.

Rows are drawn by a generator of its own, independent of the package, in worlds that are kind to the methods (normal
spread between seeds) and unkind (a long tail, seeds that fall far or not, accuracies that are counts of few test
documents); the package's public functions are called on many replications at once. Each line says what is nominal,
what was found, the Monte-Carlo error, and a verdict:

- nominal: what is found is what chance makes of that (binomial, for 500 lines at once: 400 replications see .10);
- conservative: right more often than it says;
- told: wrong more often, but the package says so of the runs in which it is: a column ``reliable`` that is false, an
  interval of the share of falling seeds that holds the true one, or words in a caveat or a table's note;
- FAILS: wrong more often than it says, and nobody is told. The exit code is then 1.

Takes about thirteen minutes on two cores; ``--scale 0.2`` takes three and sees less.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import stats

from modelcollapse.analysis.mechanism.decomposition import TOTAL, decomposition
from modelcollapse.analysis.mechanism.degeneration import two_groups
from modelcollapse.analysis.mechanism.effective_size import effective_human_size
from modelcollapse.analysis.mechanism.survival import survival
from modelcollapse.analysis.report.caveats import caveats, extended_in_stages
from modelcollapse.analysis.report.tables import experiment_tables
from modelcollapse.analysis.statistics.arms import prepare
from modelcollapse.analysis.statistics.compare_rates import compare_rates
from modelcollapse.analysis.statistics.compare_runs import compare_runs
from modelcollapse.analysis.statistics.curves import curves, t_half_width
from modelcollapse.analysis.statistics.power import variance_components
from modelcollapse.analysis.statistics.trends import EQUIVALENT, GAIN, LOSS, margin_sensitivity, tolerance, trend
from modelcollapse.analysis.study import compare as against_published
from modelcollapse.runs.adaptive_seeds import RELIES_ON, seeds_for

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MARGIN = 0.005
#: How far a falling seed falls, in standard deviations of the others.
DEPTH = 12.0
SEEDS = (2, 3, 5, 10, 20)
#: What is rarer than this is not chance: of some 500 lines one would look so in one audit of twenty.
CHANCE = 1e-4


@dataclass(frozen=True)
class World:
    """How seeds differ.

    Attributes
    ----------
    name : str
    sd : float
        Standard deviation of differences between seeds that do not fall, as a fraction of test documents.
    falling : float
        Share of seeds whose predictor degenerates.
    tail : bool
        Whether the spread is lognormal (σ = 1), with its tail towards losses.
    n_test : int
        Test documents; accuracies are rounded to whole ones.
    """

    name: str
    sd: float = 0.005
    falling: float = 0.0
    tail: bool = False
    n_test: int = 10_000_000

    @property
    def total_sd(self) -> float:
        """Standard deviation with the seeds that fall."""
        return self.sd * math.sqrt(1 + DEPTH**2 * self.falling * (1 - self.falling))

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> tuple[Floats, Flags]:
        """Draw differences with mean 0, and which seeds fall."""
        spread = generator.standard_normal(shape)
        if self.tail:
            spread = (math.exp(0.5) - np.exp(spread)) / math.sqrt((math.e - 1) * math.e)
        falls = generator.random(shape) < self.falling
        return self.sd * (spread - DEPTH * (falls - self.falling)), falls


WORLDS = (
    World("normal"),
    World("lognormal", tail=True),
    World("10 % fall", falling=0.1),
    World("20 % fall", falling=0.2),
    World("counts of 250", n_test=250),
    World("counts of 2,500", sd=0.002, n_test=2500),
)


@dataclass(frozen=True)
class Line:
    """One line of the audit: how often a method may be wrong, was, and was without telling."""

    method: str
    world: str
    n: int
    nominal: float
    reps: int
    wrong: int
    untold: int

    @property
    def error(self) -> float:
        """Monte-Carlo standard error of the share of wrong answers, if it is the nominal one."""
        return math.sqrt(self.nominal * (1 - self.nominal) / max(self.reps, 1))

    @property
    def verdict(self) -> str:
        """Judge: see the module."""
        if self._is_chance(self.wrong):
            rare = stats.binom.cdf(self.wrong, self.reps, self.nominal) < CHANCE
            return "conservative" if rare else "nominal"
        return "told" if self._is_chance(self.untold) else "FAILS"

    def _is_chance(self, wrong: int) -> bool:
        """Whether a method that is as often wrong as it says may be wrong as often as this."""
        return bool(stats.binom.sf(wrong - 1, self.reps, self.nominal) >= CHANCE)

    def __str__(self) -> str:
        found = self.wrong / max(self.reps, 1)
        return (
            f"{self.method:<34} {self.world:<16} {self.n:>3} {self.nominal:>8.3f} {found:>7.3f} "
            f"± {self.error:.3f} {self.reps:>6}  {self.verdict}"
        )


HEAD = f"{'wrong answers of':<34} {'world':<16} {'n':>3} {'nominal':>8} {'found':>7}   error   reps  verdict"


def line(method: str, world: World, n: int, nominal: float, wrong: npt.ArrayLike, told: npt.ArrayLike) -> Line:
    """Count wrong answers, and those of which nothing is told (one flag each per replication)."""
    errors = np.asarray(wrong, dtype=bool)
    untold = errors & ~np.broadcast_to(np.asarray(told, dtype=bool), errors.shape)
    return Line(method, world.name, n, nominal, len(errors), int(errors.sum()), int(untold.sum()))


def rows_of(
    world: World,
    accuracy: Floats,
    falls: Flags,
    rates: Sequence[float],
    sizes: Sequence[int],
    rules: Sequence[str] = (),
) -> pl.DataFrame:
    """Rows of many runs in one frame, one experiment each.

    Parameters
    ----------
    world : World
    accuracy : array of shape (runs, arms, seeds, sizes)
        Rounded here to whole test documents.
    falls : array of bool, broadcast to the same shape
        Where the predictor is degenerate.
    rates, rules : sequences of length arms
        Collapse rates and label rules (``argmax`` by default).
    sizes : sequence of int
        Documents seen.
    """
    run, arm, seed, step = (axis.ravel() for axis in np.indices(accuracy.shape))
    right = np.rint(np.clip(accuracy.ravel(), 0, 1) * world.n_test) / world.n_test
    names = np.array(list(rules) or ["argmax" if rate > 0 else "none" for rate in rates])
    seen = np.asarray(sizes)[step]
    positive = np.where(np.broadcast_to(falls, accuracy.shape).ravel(), 0.02, 0.5)
    nothing = {name: pl.lit(None, pl.Float64) for name in ("recall_positive", "recall_negative", "train_positive_rate",
               "synthetic_label_error", "synthetic_error_negative", "synthetic_error_positive", "roc_auc", "brier",
               "best_threshold_accuracy", "log_loss", "calibration_error", "churn", "balanced_accuracy")}  # fmt: skip
    return pl.DataFrame(
        {
            "experiment": np.char.zfill(run.astype(str), 6),
            "seed": seed,
            "collapse_rate": np.asarray(rates, dtype=np.float64)[arm],
            "label_rule": names[arm],
            "generation": step,
            "n_seen": seen,
            "n_train": seen,
            "accuracy": right,
            "predicted_positive_rate": positive,
        }
    ).with_columns(
        chain_id=pl.lit(""),
        model=pl.lit("model"),
        model_params=pl.lit(""),
        regime=pl.lit("accumulate"),
        initial_size=pl.lit(int(sizes[0]), pl.Int64),
        n_synthetic=pl.lit(0, pl.Int64),
        n_test=pl.lit(world.n_test, pl.Int64),
        **nothing,
    )


def paired_rows(
    world: World, generator: np.random.Generator, reps: int, n: int, rates: Sequence[float], losses: Sequence[float]
) -> pl.DataFrame:
    """Draw runs of two sizes: all arms alike at the first, `losses` on average at the second."""
    level = 0.8 + 0.005 * generator.standard_normal((reps, 1, n, 1))
    accuracy = np.broadcast_to(level, (reps, len(rates), n, 2)).copy()
    spread, falls = world.draw(generator, (reps, len(rates) - 1, n))
    accuracy[:, 1:, :, 1] += spread - np.asarray(losses[1:])[None, :, None]
    degenerate = np.zeros(accuracy.shape, dtype=bool)
    degenerate[:, 1:, :, 1] = falls
    return rows_of(world, accuracy, degenerate, rates, (1000, 2000))


def says(rows: pl.DataFrame, words: str) -> bool:
    """Whether a caveat or a table's note of the first run has these words."""
    one = prepare(rows.filter(pl.col("experiment") == rows["experiment"][0]))
    found = [*caveats(one), *(made.note for made in experiment_tables(one, MARGIN).values())]
    return any(words in text for text in found)


def told(world: World, rows: pl.DataFrame, compared: pl.DataFrame) -> Flags:
    """For each run, in order: whether the package says that its intervals of means do not hold.

    By ``reliable``, by the interval of the share of seeds that fall – printed also where none is seen to –, or, of a
    long tail, by words.
    """
    runs = compared.select("experiment").unique().sort("experiment")
    if world.tail:
        return np.full(runs.height, says(rows, "long tail"))
    flags = [pl.lit(value=False)]
    if "reliable" in compared.columns:
        flags.append((~pl.col("reliable")).any())
    if world.falling and "share_high" in compared.columns:
        flags.append((pl.col("share_high") >= world.falling).any())
    said = compared.group_by("experiment").agg(told=pl.any_horizontal(flags)).sort("experiment")
    return said["told"].fill_null(value=False).to_numpy()


def per_run(frame: pl.DataFrame, wrong: pl.Expr) -> Flags:
    """Whether anything is wrong in each run, in order; nulls are no answer, so not wrong."""
    found = frame.group_by("experiment").agg(wrong=wrong.fill_null(value=False).any()).sort("experiment")
    return found["wrong"].to_numpy()


def misses(truth: float | pl.Expr, low: str = "ci_low", high: str = "ci_high") -> pl.Expr:
    """Where an interval does not hold the truth; a null bound is open."""
    value = pl.lit(truth) if isinstance(truth, float) else truth
    return (pl.col(low) > value).fill_null(value=False) | (pl.col(high) < value).fill_null(value=False)


def audit_null(world: World, n: int, reps: int, generator: np.random.Generator) -> Iterator[Line]:
    """Audit ten rates that do nothing."""
    rates = [0.0, *(round(0.05 * k, 2) for k in range(1, 11))]
    rows = paired_rows(world, generator, reps, n, rates, [0.0] * 11)
    compared = compare_rates(rows)
    warned = told(world, rows, compared)
    first = compared.filter(pl.col("collapse_rate") == rates[1])
    yield line("paired difference, 95 %", world, n, 0.05, per_run(first, misses(0.0)), told(world, rows, first))
    if "joint_low" in compared.columns:
        wrong = per_run(compared, misses(0.0, "joint_low", "joint_high"))
        yield line("all ten joint intervals, 95 %", world, n, 0.05, wrong, warned)
    wrong = per_run(compared, pl.col("p_holm") < 0.05)
    yield line("Holm, any of ten rates", world, n, 0.05, wrong, warned)
    if world.falling == 0:
        groups = two_groups(rows.filter(pl.col("collapse_rate") == rates[1]))
        alarm = groups.filter("bimodal")["experiment"].to_list()
        wrong = np.isin(groups["experiment"].to_numpy(), alarm)
        yield line("two groups, false alarm", world, n, 0.05, wrong, world.tail and says(rows, "long tail"))


def audit_margin(world: World, n: int, reps: int, generator: np.random.Generator) -> Iterator[Line]:
    """Audit one rate that loses exactly the margin, and three."""
    rows = paired_rows(world, generator, reps, n, [0.0, 0.1], [0.0, MARGIN])
    compared = compare_rates(rows)
    wrong = per_run(compared, pl.col("equivalent"))
    yield line("equivalent at the margin", world, n, 0.05, wrong, told(world, rows, compared))
    rows = paired_rows(world, generator, reps // 2, n, [0.0, 0.1, 0.2, 0.3], [0.0, MARGIN, MARGIN, MARGIN])
    judged, warned = margin_sensitivity(rows, [MARGIN]), told(world, rows, compare_rates(rows))
    for name, verdicts in (("beyond the margin", [LOSS, GAIN]), ("within the margin", [EQUIVALENT])):
        wrong = per_run(judged, pl.col("verdict").is_in(verdicts))
        yield line(f"any of three {name}", world, n, 0.05, wrong, warned)


def audit_linear(world: World, n: int, reps: int, generator: np.random.Generator) -> Iterator[Line]:
    """Audit a loss of 0.05 points for each 1 % of self-labels."""
    rates = [0.0, 0.05, 0.1, 0.2, 0.3]
    rows = paired_rows(world, generator, reps, n, rates, [0.05 * rate for rate in rates])
    warned = told(world, rows, compare_rates(rows))
    slope = trend(rows)
    yield line("trend, 95 %", world, n, 0.05, per_run(slope, misses(-0.05, "ci_low_pp", "ci_high_pp")), warned)
    yield line("tolerance, 95 %", world, n, 0.05, per_run(tolerance(rows, MARGIN), misses(0.1)), warned)


def audit_curves(world: World, n: int, reps: int, generator: np.random.Generator) -> Iterator[Line]:
    """Audit a curve of 19 sizes: half of the variance is shared by all sizes; whoever falls does so half-way."""
    seeds, falls = world.draw(generator, (reps, 1, n, 1))
    own, _ = World("", world.sd, 0.0, world.tail).draw(generator, (reps, 1, n, 19))
    late = np.arange(19) >= 9
    depth = world.sd * DEPTH * (falls - world.falling)
    accuracy = 0.8 + (seeds + depth) * math.sqrt(0.5) + own * math.sqrt(0.5) - np.where(late, depth, 0.0)
    sizes = range(1000, 20_000, 1000)
    rows = rows_of(world, accuracy, falls & late, [0.0], sizes)
    table = curves(rows)
    warned = np.zeros(reps, dtype=bool)
    if world.tail:
        warned = np.full(reps, says(rows, "long tail"))
    elif world.falling:
        fallen = survival(rows).sort("experiment")
        warned = ((fallen["n_fallen"] > 0) | (fallen["ci_high"] >= world.falling)).to_numpy()
    last = table.filter(pl.col("n_seen") == sizes[-1])
    yield line("curve, pointwise 95 %", world, n, 0.05, per_run(last, misses(0.8)), warned)
    yield line("curve, whole 95 %", world, n, 0.05, per_run(table, misses(0.8, "band_low", "band_high")), warned)
    if world.falling:
        fallen = survival(rows).sort("experiment")
        wrong = per_run(fallen, misses(world.falling))
        yield line("share of seeds that fall, 95 %", world, n, 0.05, wrong, told=False)


def audit_human_size(world: World, n: int, reps: int, generator: np.random.Generator) -> Iterator[Line]:
    """Audit an arm that ends as good as human labels alone are at 10,000 of 19,000 documents."""
    sizes = np.arange(1000, 20_000, 1000)
    human = 0.86 - 2.0 / np.sqrt(sizes)
    level = 0.003 * generator.standard_normal((reps, 1, n, 1))
    accuracy = np.broadcast_to(human + level, (reps, 2, n, 19)).copy()
    accuracy += 0.001 * generator.standard_normal(accuracy.shape)
    spread, falls = world.draw(generator, (reps, n))
    accuracy[:, 1] = human + level[:, 0]
    accuracy[:, 1, :, -1] = human[9] + level[:, 0, :, 0] + spread
    accuracy[:, 1, :, 0] = accuracy[:, 0, :, 0]
    degenerate = np.zeros(accuracy.shape, dtype=bool)
    degenerate[:, 1, :, -1] = falls
    rows = rows_of(world, accuracy, degenerate, [0.0, 0.3], sizes.tolist())
    wrong = per_run(effective_human_size(rows), misses(10_000.0))
    yield line("effective human size, 95 %", world, n, 0.05, wrong, told(world, rows, compare_rates(rows)))


def audit_decomposition(world: World, n: int, reps: int, generator: np.random.Generator) -> Iterator[Line]:
    """Audit four causes at one rate, none of which does anything."""
    rules = ["none", "human-only", "random-noise", "prior-matched", "argmax"]
    level = 0.8 + 0.005 * generator.standard_normal((reps, 1, n, 1))
    accuracy = np.broadcast_to(level, (reps, 5, n, 2)).copy()
    spread, falls = world.draw(generator, (reps, 4, n))
    accuracy[:, 1:, :, 1] += spread
    degenerate = np.zeros(accuracy.shape, dtype=bool)
    degenerate[:, 1:, :, 1] = falls
    rows = rows_of(world, accuracy, degenerate, [0.0, 0.3, 0.3, 0.3, 0.3], (1000, 2000), rules)
    table = decomposition(rows)
    warned = told(world, rows, compare_rates(rows))
    total = table.filter(pl.col("cause") == TOTAL)
    yield line("decomposition, total 95 %", world, n, 0.05, per_run(total, misses(0.0)), warned)
    column = "p_holm" if "p_holm" in table.columns else "p"
    causes = table.filter(pl.col("cause") != TOTAL)
    yield line("decomposition, any of four causes", world, n, 0.05, per_run(causes, pl.col(column) < 0.05), warned)


def audit_published(world: World, n: int, reps: int, generator: np.random.Generator) -> Iterator[Line]:
    """Audit runs of the same truth as a published one of five independent seeds for each rate."""
    rates, losses = [0.0, 0.1, 0.2, 0.3], [0.0, 0.005, 0.01, 0.015]
    rows = paired_rows(world, generator, reps, n, rates, losses)
    level = 0.8 + 0.005 * generator.standard_normal((reps, 4, 5, 2))
    spread, _ = world.draw(generator, (reps, 4, 5))
    level[..., 1] += spread * (np.asarray(losses) > 0)[None, :, None] - np.asarray(losses)[None, :, None]
    theirs = rows_of(world, level, np.zeros_like(level, dtype=bool), rates, (1000, 2000))
    by = ["experiment", "collapse_rate", "initial_size", "n_seen", "n_test"]
    value = pl.col("accuracy")
    known = theirs.group_by(by).agg(
        n_seeds=pl.len().cast(pl.Int64), mean=value.mean(), sd=value.std(), min=value.min(), max=value.max()
    )
    with patch.object(against_published, "published", lambda: known.sort(by)):
        table = against_published.compare_published(rows)
    warned = told(world, rows, compare_rates(rows))
    ends = table.filter((pl.col("kind") == "level") & (pl.col("collapse_rate") == 0.1) & (pl.col("n_seen") == 2000))
    yield line("published, a level, 95 %", world, n, 0.05, per_run(ends, ~pl.col("agree")), warned)
    has_verdict = "verdict" in table.columns
    differs = pl.col("verdict") == "differs" if has_verdict else ~pl.col("agree") & pl.col("ci_low").is_not_null()
    shapes = table.filter(pl.col("kind") == "shape")
    yield line("published, any shape differs", world, n, 0.05, per_run(shapes, differs), warned)


def audit_two_runs(world: World, n: int, reps: int, generator: np.random.Generator) -> Iterator[Line]:
    """Audit two runs of the same truth: on one corpus, within seeds; on two, by Welch's test."""
    one, other = (paired_rows(world, generator, reps, n, [0.0, 0.1], [0.0, 0.01]) for _ in range(2))
    warned = told(world, one, compare_rates(one)) | told(world, other, compare_rates(other))
    for same in (True, False):
        table = compare_runs(one, other, same_corpus=same)
        lost = table.filter((pl.col("quantity") != "accuracy") & (pl.col("collapse_rate") == 0.1))
        name = "two runs, within seeds, 95 %" if same else "two runs, Welch, 95 %"
        yield line(name, world, n, 0.05, per_run(lost, misses(0.0)), warned)


def audit_spread(world: World, n: int, reps: int, generator: np.random.Generator) -> Iterator[Line]:
    """Audit the standard deviation between seeds."""
    spread, falls = world.draw(generator, (reps, 1, n, 1))
    rows = rows_of(world, 0.8 + spread, falls, [0.0], [1000])
    table = variance_components(rows)
    warned = np.full(reps, says(rows, "normal spread")) if world.tail or world.falling else np.zeros(reps, dtype=bool)
    wrong = per_run(table, misses(world.total_sd, "total_low", "total_high"))
    yield line("sd over seeds, 95 %", world, n, 0.05, wrong, warned)


def audit_until_ci(world: World, n: int, reps: int, generator: np.random.Generator) -> Iterator[Line]:
    """Audit Stein's two stages on one rate and on four: the pilot has `n` seeds, five or more."""
    most = 200
    for n_rates in (1, 4):
        spread, falls = world.draw(generator, (reps, most, n_rates))
        pilot = spread[:, :n].std(axis=1, ddof=1)
        half = t_half_width(pilot.ravel(), np.full(pilot.size, n)).reshape(pilot.shape)
        numbers = np.array([seeds_for(n, float(row.max()), world.total_sd / 2, most) for row in half])
        means = np.cumsum(spread, axis=1)[np.arange(reps), numbers - 1, 0] / numbers
        wrong = np.abs(means) > half[:, 0] * np.sqrt(n / numbers)
        seen = np.cumsum(falls, axis=1)[np.arange(reps), numbers - 1]
        # What the command prints: some have fallen, or how many may fall although none has.
        may = 1 - 0.025 ** (1 / numbers)
        warned = (seen.any(axis=1) | (may >= world.falling)) & (world.falling > 0)
        warned |= world.tail and "long tail" in RELIES_ON
        yield line(f"--until-ci, {n_rates} rate{'s' * (n_rates > 1)}, 95 %", world, n, 0.05, wrong, warned)


def audit_stages(world: World, n: int, reps: int, generator: np.random.Generator) -> Iterator[Line]:
    """Audit five more seeds until something is established, 30 at most: four rates that do nothing."""
    spread, _ = world.draw(generator, (reps, 30, 4))
    found = np.zeros(reps, dtype=bool)
    for seeds in range(n, 31, 5):
        p = stats.ttest_1samp(spread[:, :seeds], 0.0, axis=1).pvalue
        found |= p.min(axis=1) < 0.05 / 4
    sweep = {"experiment": "e", "rates": ["0", "0.1"], "seeds": list(range(5))}
    is_told = extended_in_stages([sweep, {**sweep, "seeds": list(range(10))}]) != ""
    yield line("five seeds more until established", world, n, 0.05, found, is_told)


Audit = Callable[[World, int, int, np.random.Generator], Iterator[Line]]

#: Each audit with its replications at ``--scale 1`` and the numbers of seeds it is for.
AUDITS: dict[str, tuple[Audit, int, tuple[int, ...]]] = {
    "null": (audit_null, 300, SEEDS),
    "margin": (audit_margin, 400, SEEDS),
    "linear": (audit_linear, 400, SEEDS),
    "curves": (audit_curves, 400, SEEDS),
    "human size": (audit_human_size, 200, SEEDS),
    "decomposition": (audit_decomposition, 400, SEEDS),
    "published": (audit_published, 200, SEEDS),
    "two runs": (audit_two_runs, 200, SEEDS),
    "spread": (audit_spread, 1000, SEEDS),
    "until-ci": (audit_until_ci, 4000, (5, 10, 20)),
    "stages": (audit_stages, 4000, (5,)),
}


def run_audit(task: tuple[str, int, int, float]) -> list[Line]:
    """Carry out one audit in one world with one number of seeds; the same task gives the same lines."""
    name, world, n, scale = task
    audit, reps, _ = AUDITS[name]
    generator = np.random.default_rng([sum(name.encode()), world, n])
    return list(audit(WORLDS[world], n, max(2, round(reps * scale)), generator))


def tasks(scale: float, names: Sequence[str]) -> list[tuple[str, int, int, float]]:
    """List what there is to do, in the order in which it is printed."""
    return [
        (name, world, n, scale)
        for name in names
        for world in range(len(WORLDS))
        for n in AUDITS[name][2]
        if name != "stages" or world == 0
    ]


def main() -> int:
    """Audit, print, and return 1 if anything fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=0.85, help="replications, as a multiple [0.85]")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", action="append", choices=list(AUDITS), help="one of the audits; may be repeated")
    options = parser.parse_args()
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    print(HEAD)
    failed = 0
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        for lines in pool.map(run_audit, tasks(options.scale, options.only or list(AUDITS))):
            for one in lines:
                print(one, flush=True)
                failed += one.verdict == "FAILS"
    print(f"{failed} lines fail." if failed else "No line fails.")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
