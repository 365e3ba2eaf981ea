import polars as pl
import pytest

from modelcollapse.analysis.report.headline import headline
from modelcollapse.analysis.statistics.arms import prepare
from modelcollapse.analysis.study.reproduction import check_post
from tests.analysis.fake import World, fake_results, many_results


def test_headlines_and_claims_do_not_hang_on_the_order_of_rows() -> None:
    """Chains finish in any order: experiments, settings and words stay where they are."""
    sizes = (1000, 4000, 10_000)
    worlds = [
        World(sizes=sizes, models=("forest-sklearn", "naive-bayes"), label_rules=("argmax", "human-only")),
        World(rates=(0.0, 0.5, 1.0), sizes=sizes, degenerate={1.0: (0, 3)}, experiment="mine"),
        World(rates=(0.0,), sizes=sizes, experiment="baseline"),
    ]
    rows = pl.concat([fake_results(world) for world in worlds])

    def said(results: pl.DataFrame) -> list[object]:
        groups = prepare(results).group_by("experiment", maintain_order=True)
        return [*((name, headline(group)) for name, group in groups), *check_post(results)]

    first = said(rows)
    assert [name for (name,), _ in first[:3]] == ["baseline", "low-rates", "mine"]
    for seed in range(3):
        assert said(rows.sample(fraction=1, shuffle=True, seed=seed)) == first


def losses(*of_rates: tuple[float, float, float], falls: bool = False) -> pl.DataFrame:
    """Three seeds whose losses at the end are, at each rate, `middle` ± `spread` (percentage points)."""
    rows = fake_results(World(rates=(0.0, *(rate for rate, *_ in of_rates)), seeds=range(3), sizes=(1000, 2000)))
    loss = pl.lit(0.0)
    for rate, middle, spread in of_rates:
        here = pl.col("collapse_rate") == rate
        loss = pl.when(here).then((middle + spread * (pl.col("seed") - 1)) / 100).otherwise(loss)
    wrong = pl.when((pl.col("seed") == 0) & falls & (pl.col("collapse_rate") == of_rates[-1][0])).then(0.99)
    return rows.with_columns(
        accuracy=0.8 - pl.when(pl.col("generation") > 0).then(loss).otherwise(0.0),
        predicted_positive_rate=wrong.otherwise("predicted_positive_rate"),
    )


#: With three seeds, ± 0.1 is an interval of ± 0.25 percentage points.
@pytest.mark.parametrize(
    ("of_rates", "words"),
    [
        (
            [(0.01, 0.1, 0.1), (0.5, 0.2, 0.1)],
            "a loss within 0.50 pp is shown at every rate tested up to 50 % (97.5 % confidence, jointly).",
        ),
        (
            [(0.01, 0.1, 0.1), (0.03, 0.0, 0.1), (0.1, 0.1, 1.0), (0.5, 0.2, 0.1)],
            "a loss within 0.50 pp is shown at the rates tested up to 3 % (97.5 % confidence, jointly); up to 50 % no "
            "mean loss above 0.50 pp was seen, which is not shown beyond.",
        ),
        (
            [(0.01, 0.1, 1.0), (0.5, 0.2, 0.1)],
            "up to 50 % no mean loss above 0.50 pp was seen, but at no rate tested is a loss within 0.50 pp shown.",
        ),
        (
            [(0.01, 0.9, 0.1), (0.5, 1.2, 0.1)],
            "a loss above 0.50 pp is shown at 1 %, the smallest rate tested (97.5 % confidence).",
        ),
    ],
    ids=["all shown", "some shown", "none shown", "none tolerated"],
)
def test_what_is_shown_and_what_was_merely_seen_are_told_apart(of_rates, words) -> None:
    assert headline(prepare(losses(*of_rates))).endswith(words)


def test_nothing_is_shown_where_seeds_fall() -> None:
    """A t interval of so few seeds does not hold there: neither within the margin nor beyond it."""
    words = headline(prepare(losses((0.01, 0.1, 0.1), (0.5, 0.2, 0.1), falls=True)))
    assert words.endswith("but at no rate tested is a loss within 0.50 pp shown.")
    words = headline(prepare(losses((0.01, 0.9, 0.1), (0.5, 1.2, 0.1), falls=True)))
    assert words.endswith(
        "passes 0.50 pp between 0 % and 1 %, at about 0.6 % if losses are straight between the rates tested."
    )


def test_rates_are_shown_to_be_within_the_margin_jointly() -> None:
    """Where the loss is the margin itself at every rate, 2.5 % of runs show any rate to be within it."""
    n_runs, rates = 150, (0.0, 0.1, 0.2, 0.3, 0.4)
    rows = many_results(World(rates=rates, seeds=range(4), sizes=(1000, 2000), slope=0.0, own_sd=0.003), n_runs)
    lost = rows.with_columns(
        accuracy=pl.col("accuracy") - 0.005 * ((pl.col("collapse_rate") > 0) & (pl.col("generation") > 0))
    )
    groups = prepare(lost).group_by("experiment", maintain_order=True)
    n_wrong = sum("is shown at" in headline(group) and "a loss within" in headline(group) for _, group in groups)
    assert n_wrong <= 0.025 * n_runs + 2 * (0.025 * n_runs) ** 0.5
