"""One row per arm and definition: quantity, interval, verdict, onset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl
from scipy import stats

from modelcollapse.analysis.profile.definitions import MEANINGS, Harm, harms_of
from modelcollapse.analysis.statistics.arms import ARM, RULE, SETTING, at_size, domain_shown, prepare, treated
from modelcollapse.analysis.statistics.compare_rates import ONE_SEED
from modelcollapse.analysis.statistics.frames import groups, table, with_holm
from modelcollapse.analysis.statistics.inference import mean_over_seeds, share_interval
from modelcollapse.analysis.statistics.seed_groups import suspects
from modelcollapse.simulation.domain import Domain

SHOWN, NOT_SHOWN, EXCLUDED, NOT_MEASURABLE = "shown", "not shown", "excluded within the margin", "not measurable here"
#: What those who mean this by collapse would have said.
SAYINGS = {SHOWN: "collapse", NOT_SHOWN: "nothing yet", EXCLUDED: "no collapse", NOT_MEASURABLE: ""}
ALPHA = 0.05
#: Events of fewer chains than this are too rare to be called what the loop does.
RARE = 0.05


def profile(results: pl.DataFrame, margin: float = 0.005) -> pl.DataFrame:
    """Judge every arm by each of the eight definitions of model collapse of Schaeffer et al. (2503.03150).

    All tests of a label rule – its rates and definitions – are corrected together (Holm): without any effect in at most
    5 % of runs one of them is *shown*, and in at most 5 % one is *excluded* wrongly. An event is shown if it befalls
    more than one chain in 20.

    Returns
    -------
    DataFrame
        One row per arm with a collapse rate above 0 and quantity, at the final size: the columns of `ARM` and

        - ``definition`` (1 to 8), its ``meaning``, and the ``quantity`` measured with its ``unit``: "share" of
          documents or tokens, "seeds" for a share of seeds, else that of the domain's measure;
        - ``n_seen, n_seeds``; ``value`` (harm: larger is worse) with ``ci_low, ci_high`` (95 %, each alone: Student's
          over seeds; Clopper and Pearson's of a share of seeds);
        - ``p_holm`` of what is refuted where harm is shown: that there is none (definitions 2 and 4), none beyond the
          margin, or none in more than one chain of 20 (1 and 5); ``p_excluded`` of the contrary; both one-sided and
          corrected;
        - ``verdict``: "shown", "not shown", "excluded within the margin" or "not measurable here"; and what those who
          ``mean_it`` would have said: "collapse", "no collapse", "nothing yet";
        - ``onset``: the generation from which on, up to the last, it is shown (Bonferroni); null unless it is, and of
          definition 4, which is about whole chains;
        - ``note``: why it is not measurable, or not to be believed.

        Diverging risk is never shown: no run is long enough.
    """
    rows = prepare(results)
    domain = domain_shown(rows)
    judged = [
        judgement
        for _, setting in rows.group_by(SETTING, maintain_order=True)
        for harm in harms_of(domain)
        for judgement in _judge(setting, harm, margin)
    ]
    n_tests = Counter(one.rule for one in judged if one.columns.get("p") is not None)
    columns = "definition meaning quantity unit n_seen n_seeds value ci_low ci_high p p_excluded onset note"
    frame = table((one.record(ALPHA / max(1, n_tests[one.rule]), domain) for one in judged), ARM, columns)
    frame = with_holm(with_holm(frame, RULE), RULE, "p_excluded", "p_excluded").drop("p")
    return frame.with_columns(verdict=_verdict()).with_columns(
        mean_it=pl.col("verdict").replace_strict(SAYINGS, return_dtype=pl.String),
        onset=pl.when(pl.col("verdict") == SHOWN).then("onset"),
    )


@dataclass(frozen=True)
class _Judgement:
    """An arm by one quantity: what stands in the table, and p of every generation."""

    arm: Mapping[str, Any]
    harm: Harm
    columns: Mapping[str, Any]
    p: Mapping[int, float | None] = field(default_factory=dict)

    @property
    def rule(self) -> tuple[Any, ...]:
        return tuple(self.arm[axis] for axis in RULE)

    def record(self, level: float, domain: Domain) -> dict[str, Any]:
        """Return the columns of `profile`; a generation shows harm where its p is at most `level`."""
        moments = {} if self.harm.kind == "slope" else self.p  # a slope is a whole chain's
        onset = max(moments, default=None)  # where the last generation is shown by Holm, whose level is not lower
        for generation, p in sorted(moments.items(), reverse=True):
            if p is None or p > level:
                break
            onset = generation
        said = {
            "definition": self.harm.definition,
            "meaning": MEANINGS[self.harm.definition],
            "quantity": self.harm.quantity,
            "unit": self.harm.unit(domain),
        }
        return {**self.arm, **said, **self.columns, "onset": onset}


def _judge(setting: pl.DataFrame, harm: Harm, margin: float) -> Iterator[_Judgement]:
    """Judge every arm of a setting."""
    found = harm.of(setting)
    end = setting["n_seen"].max()
    suspect = _suspect(setting, harm)
    by_arm = {} if isinstance(found, str) else {tuple(arm.values()): rows for arm, rows in groups(found, ARM)}
    for arm, _ in groups(treated(setting), ARM):
        mine = by_arm.get(tuple(arm.values()))
        n_seeds = 0 if mine is None else mine.filter(n_seen=end).height
        if mine is None or n_seeds == 0:
            note = found if isinstance(found, str) else "there are no values"
            yield _Judgement(arm, harm, {"n_seen": end, "note": note})
            continue
        tests = {key["generation"]: _tests(values, harm, margin) for key, values in groups(mine, ["generation"])}
        note = ONE_SEED if n_seeds < 2 else suspect.get(tuple(arm.values()), "")
        columns = {"n_seen": end, "n_seeds": n_seeds, "note": note, **tests[max(tests)]}
        if note:
            columns["p_excluded"] = None
        yield _Judgement(arm, harm, columns, {generation: test["p"] for generation, test in tests.items()})


def _suspect(setting: pl.DataFrame, harm: Harm) -> dict[tuple[Any, ...], str]:
    """Return why intervals of means are too narrow, for each arm where that is so.

    Seeds that may fall make harm larger, not smaller. So it may still be shown; but nothing is excluded.
    """
    if harm.kind == "event" or harm.metric not in setting.columns:
        return {}
    known = suspects(at_size(setting), harm.metric)
    return {arm: f"interval perhaps too narrow: {why}" for arm, why in known.items()}


def _tests(values: pl.DataFrame, harm: Harm, margin: float) -> dict[str, float | None]:
    """Test the harm of the seeds of one arm in one generation.

    Its value, 95 % interval, and p of what would have to be refuted to show it (``p``), and to exclude it.
    """
    if harm.kind == "event":
        k, n = int(values["harm"].sum()), values.height
        low, high = share_interval(k, n)
        more, fewer = float(stats.binom.sf(k - 1, n, RARE)), float(stats.binom.cdf(k, n, RARE))
        return {"value": k / n, "ci_low": low, "ci_high": high, "p": more, "p_excluded": fewer}
    estimate = mean_over_seeds(values, "harm", harm.metric)
    beyond = replace(estimate, value=estimate.value - margin)
    harm_shown = beyond if harm.kind == "mean" else estimate
    return {
        **estimate.columns("value"),
        "p": None if harm.kind == "rise" else harm_shown.p_not_above(),
        "p_excluded": None if harm.kind == "slope" else beyond.p_not_below(),
    }


def _verdict() -> pl.Expr:
    return (
        pl.when(pl.col("value").is_null())
        .then(pl.lit(NOT_MEASURABLE))
        .when(pl.col("p_holm") < ALPHA)
        .then(pl.lit(SHOWN))
        .when(pl.col("p_excluded") < ALPHA)
        .then(pl.lit(EXCLUDED))
        .otherwise(pl.lit(NOT_SHOWN))
    )
