"""Eight definitions of model collapse, and what rows of each domain have to say of them.

Definitions and their numbers follow Schaeffer et al. (2503.03150), who found them in the literature. Each makes one
number of a chain and moment, its *harm*: larger is worse, 0 is none. To serve another domain, name its harms in
`harms_of`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import polars as pl
from scipy import stats

from modelcollapse.analysis.mechanism.amplification import true_shares
from modelcollapse.analysis.mechanism.classes import names_of, with_classes
from modelcollapse.analysis.statistics.arms import ARM, PAIR, pair_with_reference, references, treated
from modelcollapse.simulation.domain import Domain, primary

#: What the definitions are called.
MEANINGS = {
    1: "catastrophic increase of risk",
    2: "any increase of risk",
    3: "diverging risk",
    4: "change of the scaling law",
    5: "collapsing variance",
    6: "entanglement of modes",
    7: "disappearing tails",
    8: "hallucinated data",
}
#: What is shown and what excluded: see `Harm`.
Kind = Literal["any", "mean", "event", "rise", "slope"]

#: Shares of the rarer class from which on classes count as balanced: neither of them is a tail.
BALANCED = 0.4
#: Rate 0 must be so far from an event that not one chain in a hundred would show it by chance.
CLEAR = 0.99
_KEYS = (*ARM, "seed", "generation", "n_seen")


@dataclass(frozen=True)
class Harm:
    """A definition's quantity in one domain."""

    definition: int
    quantity: str
    #: A mean over seeds, shown if it is beyond the margin ("mean") or above 0 ("any"), excluded if within the margin;
    #: never shown ("rise"); never excluded, as no margin is known ("slope"). A share of seeds, each 0 or 1 ("event").
    kind: Kind
    #: The column whose seeds must be one group for a mean to be believed, and whose resolution is that of the harm.
    metric: str
    #: Takes prepared rows of one setting; returns the columns of a treated arm, ``seed, generation, n_seen, harm`` –
    #: or why the harm is not measurable there.
    of: Callable[[pl.DataFrame], pl.DataFrame | str]

    def unit(self, domain: Domain) -> str:
        """Return the unit of the harm: "share", "seeds" (a share of them), "" or that of a domain's measure."""
        return "seeds" if self.kind == "event" else "" if self.kind == "slope" else domain.measures[self.metric].unit


def harms_of(domain: Domain) -> Sequence[Harm]:
    """Return what is measured of a domain, by definition."""
    name, measure = primary(domain)
    risk = measure.words if measure.better == "less" else "error"
    worse = -1 if measure.better == "more" else 1
    common = [
        Harm(2, f"{risk}, beside the chain's own first generation", "any", name, partial(_since_start, name, worse)),
        Harm(2, f"{risk}, beside rate 0", "any", name, partial(_beside_reference, name, worse)),
        Harm(3, f"rise of {risk} over the last half", "rise", name, partial(_late_rise, name, worse)),
        Harm(4, f"exponent of {risk} in n, beside rate 0", "slope", name, partial(_exponent, name, measure.better)),
    ]
    own = {"classification": _OF_LABELS, "multiclass": _OF_CLASSES, "generation": _OF_TEXT}.get(domain.name, ())
    known = {harm.definition for harm in (*common, *own)}
    reason = f"rows of the domain {domain.name} do not tell"
    lacking = [Harm(n, "", "mean", name, lambda rows: reason) for n in MEANINGS if n not in known]
    return sorted((*common, *own, *lacking), key=lambda harm: harm.definition)


def _beside_reference(metric: str, worse: int, rows: pl.DataFrame) -> pl.DataFrame | str:
    pairs = pair_with_reference(rows, metric)
    if pairs.is_empty():
        return "no seed has this rate and rate 0"
    return pairs.select(*_KEYS, harm=worse * pl.col("difference"))


def _since_start(metric: str, worse: int, rows: pl.DataFrame) -> pl.DataFrame | str:
    human = references(rows).sort("n_seen")["n_train"]
    if len(human) and human[-1] < human[0]:
        return "training sets shrink: rate 0 gets worse as well"
    chain = (*ARM, "seed")
    start = rows.filter(generation=0).select(*chain, first=metric)
    both = treated(rows).join(start, on=list(chain), how="inner", maintain_order="left")
    return both.select(*_KEYS, harm=worse * (pl.col(metric) - pl.col("first"))).drop_nulls("harm")


def _late_rise(metric: str, worse: int, rows: pl.DataFrame) -> pl.DataFrame | str:
    """Return what a straight line through the last half of each chain rises by."""
    return _by_chain(rows, metric, lambda x, y: worse * float(np.polyfit(x, y, 1)[0]) * (x[-1] - x[0]), late=True)


def _exponent(metric: str, better: str, rows: pl.DataFrame) -> pl.DataFrame | str:
    """Return by how much d log(risk) / d log(n) is above that of rate 0 of the same seed.

    Without a plateau: the few sizes of a run do not tell one.
    """
    grown = references(rows).filter(pl.col("generation") > 0)["n_train"]
    if grown.is_empty() or grown.max() < 2 * grown.min():  # type: ignore[operator]
        return "training sets do not grow to twice their size"
    risk = 1 - rows[metric] if better == "more" else rows[metric]
    slopes = _by_chain(
        rows.with_columns(risk=pl.when(risk > 0).then(risk)),
        "risk",
        lambda x, y: np.polyfit(np.log(x), np.log(y), 1)[0],
    )
    if isinstance(slopes, str):
        return slopes
    pairs = pair_with_reference(slopes, "harm")
    return pairs.select(*_KEYS, harm="difference") if pairs.height else "no seed has this rate and rate 0"


def _by_chain(
    rows: pl.DataFrame, metric: str, of: Callable[[np.ndarray, np.ndarray], float], late: bool = False
) -> pl.DataFrame | str:
    """Make one number of each chain's sizes and values; of its last half alone if `late`."""
    records = []
    grown = rows.filter(pl.col("generation") > 0).drop_nulls(metric).sort("n_seen")
    for _, chain in grown.group_by(*ARM, "seed", maintain_order=True):
        used = chain[chain.height // 2 :] if late else chain
        if used.height < 3:
            return "there are too few generations"
        value = of(used["n_seen"].to_numpy().astype(np.float64), used[metric].to_numpy())
        records.append({**chain.select(_KEYS).row(-1, named=True), "harm": float(value)})
    schema = {**{name: rows.schema[name] for name in _KEYS}, "harm": pl.Float64()}
    return pl.DataFrame(records, schema=schema)


def _no_better_than_trivial(rows: pl.DataFrame) -> pl.DataFrame | str:
    """Mark chains no more accurate than the best constant answer, whose rate 0 is."""
    if "true_shares" in rows.columns:  # of more than two classes
        shares, _ = _classes(rows, "true_shares")
        known = rows.with_columns(above=pl.col("accuracy") - shares.max_horizontal())
    else:
        known = rows.join(true_shares(rows), on=["n_test", "seed"], how="inner").with_columns(
            above=pl.col("accuracy") - pl.max_horizontal("true_share", 1 - pl.col("true_share"))
        )
    human = _final(references(known))["above"].to_numpy()
    if len(human) < 2 or not _is_clear(human.mean(), human, np.sqrt(1 + 1 / len(human))):
        return "rate 0 itself is not clear of a model that learnt nothing"
    pairs = pair_with_reference(known, "above")
    return pairs.select(*_KEYS, harm=((pl.col("value") <= 0) & (pl.col("reference") > 0)).cast(pl.Float64))


def _halved(metric: str, log: pl.Expr, rows: pl.DataFrame) -> pl.DataFrame | str:
    """Mark chains in which a quantity, given by its logarithm, is less than half of what it is at rate 0."""
    known = rows.drop_nulls(metric).with_columns(log=log)
    human = _final(references(known))["log"].to_numpy()
    if len(human) < 2 or not np.isfinite(human).all() or not _is_clear(np.log(2), human, np.sqrt(2)):
        return "rate 0 itself varies too much, or is degenerate"
    pairs = pair_with_reference(known, "log")
    return pairs.select(*_KEYS, harm=(pl.col("difference") < -np.log(2)).cast(pl.Float64))


def _final(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("n_seen") == pl.col("n_seen").max())


def _is_clear(distance: float, values: np.ndarray, spread: float) -> bool:
    """Tell whether a distance is so large that chance hardly bridges it: `spread` standard deviations of values."""
    return bool(distance > stats.t.ppf(CLEAR, len(values) - 1) * values.std(ddof=1) * spread)


def _rarer_class(rows: pl.DataFrame) -> pl.DataFrame | str:
    """Return the loss of recall of the class that fewer test documents have."""
    share = true_shares(rows)["true_share"].mean()
    if share is None:
        return "the share of positives is not known"
    rarer = min(share, 1 - share)  # type: ignore[operator]
    if rarer > BALANCED:  # type: ignore[operator]
        return f"classes are balanced ({100 * rarer:.0f} % are of the rarer one): there is no tail"  # type: ignore[operator]
    return _beside_reference("recall_positive" if share < 0.5 else "recall_negative", -1, rows)  # type: ignore[operator]


def _classes(rows: pl.DataFrame, column: str) -> tuple[pl.DataFrame, list[str]]:
    """Return what a column says of more than two classes, a column for each; and the names of these."""
    known = names_of(rows)
    names = [f"class_{i}" for i in range(len(known))]
    return with_classes(rows, column, known).select(names), names


def _answers_vary_less(rows: pl.DataFrame) -> pl.DataFrame | str:
    """Mark chains in which two answers differ less than half as often as at rate 0 (Gini's index of predictions)."""
    shares, names = _classes(rows, "predicted_shares")
    differ = 1 - shares.select(pl.sum_horizontal(pl.col(names) ** 2)).to_series()
    return _halved("gini", pl.col("gini").log(), rows.with_columns(gini=differ))


def _rarest_class(rows: pl.DataFrame) -> pl.DataFrame | str:
    """Return the loss of recall of the class that fewest test documents have."""
    shares, names = _classes(rows, "true_shares")
    means = shares.mean().row(0)
    rarest = means.index(min(means))
    if means[rarest] > BALANCED * 2 / len(names):
        return f"classes are balanced ({100 * means[rarest]:.1f} % are of the rarest one): there is no tail"
    recalls = _classes(rows, "recalls")[0][names[rarest]]
    return _beside_reference("recall", -1, rows.with_columns(recall=recalls))


def _wrong_labels(rows: pl.DataFrame) -> pl.DataFrame | str:
    """Return how many more self-labels are wrong than the models of rate 0 would have made at the same moments."""
    regime = rows["regime"][0]
    if regime not in ("accumulate", "subsample", "replace"):
        return f"under {regime} it is not known when self-labels were made"
    arrived, earlier = pl.col("n_seen").diff(), (1 - pl.col("accuracy")).shift()
    expected = earlier if regime == "replace" else (arrived * earlier).cum_sum() / arrived.cum_sum()
    human = references(rows).sort("n_seen").select(*PAIR, expected=expected.over("seed"))
    pairs = treated(rows).join(human, on=list(PAIR), how="inner", maintain_order="left")
    found = pairs.select(*_KEYS, harm=pl.col("synthetic_label_error") - pl.col("expected")).drop_nulls("harm")
    return found if found.height else "nothing is self-labelled"


_OF_CLASSIFIERS = (
    Harm(1, "share of seeds no better than a constant answer, while rate 0 is", "event", "accuracy",
         _no_better_than_trivial),
    Harm(8, "wrong self-labels beyond those of models of human labels", "mean", "accuracy", _wrong_labels),
)  # fmt: skip
_OF_LABELS = (
    *_OF_CLASSIFIERS,
    Harm(5, "share of seeds whose answers vary less than half as much as at rate 0", "event",
         "predicted_positive_rate",
         partial(_halved, "predicted_positive_rate",
                 (pl.col("predicted_positive_rate") * (1 - pl.col("predicted_positive_rate"))).log())),
    Harm(6, "loss of ROC AUC, beside rate 0", "mean", "roc_auc", partial(_beside_reference, "roc_auc", -1)),
    Harm(6, "loss of accuracy at the best threshold, beside rate 0", "mean", "best_threshold_accuracy",
         partial(_beside_reference, "best_threshold_accuracy", -1)),
    Harm(7, "loss of recall of the rarer class, beside rate 0", "mean", "accuracy", _rarer_class),
)  # fmt: skip
_OF_CLASSES = (
    *_OF_CLASSIFIERS,
    Harm(5, "share of seeds whose answers differ less than half as often as at rate 0", "event", "largest_share",
         _answers_vary_less),
    Harm(6, "loss of ROC AUC, mean of classes, beside rate 0", "mean", "roc_auc",
         partial(_beside_reference, "roc_auc", -1)),
    Harm(7, "loss of recall of the rarest class, beside rate 0", "mean", "least_recall", _rarest_class),
)  # fmt: skip
_OF_TEXT = (
    Harm(5, "share of seeds that write with less than half as many effective words as at rate 0", "event", "entropy",
         partial(_halved, "entropy", pl.col("entropy"))),
    Harm(7, "loss of words that people use 10 to 100 times in a million, beside rate 0", "mean", "kept_10",
         partial(_beside_reference, "kept_10", -1)),
    Harm(8, "unseen trigrams in what is written, beside rate 0", "mean", "unseen_trigrams",
         partial(_beside_reference, "unseen_trigrams", 1)),
)  # fmt: skip
