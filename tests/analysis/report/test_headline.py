import polars as pl

from modelcollapse.analysis.report.headline import headline
from modelcollapse.analysis.statistics.arms import prepare
from modelcollapse.analysis.study.reproduction import check_post
from tests.analysis.fake import World, fake_results


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
