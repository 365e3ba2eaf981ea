from dataclasses import replace

import pytest

from modelcollapse.analysis.report.page import build_report
from modelcollapse.analysis.report.stages import extended_in_stages
from modelcollapse.sweeps.sweep import Sweep
from tests.analysis.fake import World, fake_results
from tests.analysis.report.test_page import ABOUT


def sweep(**changes: object) -> dict[str, object]:
    values = {
        "experiment": "low-rates",
        "rates": [0, 0.1],
        "seeds": 5,
        "initial_size": 1000,
        "final_size": 1500,
        "increment": 500,
        **changes,
    }
    return Sweep(**values).model_dump(mode="json", exclude_none=True)


@pytest.mark.parametrize(
    ("sweeps", "words"),
    [
        ([sweep(), sweep(seeds=20)], "(5 → 20)"),
        ([sweep(), sweep(seeds=10), sweep(seeds=10), sweep(seeds=20)], "(5 → 10 → 20)"),
        ([sweep(), sweep(seeds="5:8:1")], "(5 → 9)"),
        ([sweep(), sweep(seeds=20, rates=[0, 0.1, 0.2], final_size=2000)], "(5 → 20)"),
        ([sweep(), sweep(seeds=8, model="naive-bayes"), sweep(seeds=9, model="naive-bayes")], "(8 → 9)"),
    ],
)
def test_growing_seeds_are_named(sweeps: list[dict[str, object]], words: str) -> None:
    assert words in extended_in_stages(sweeps)


@pytest.mark.parametrize(
    "sweeps",
    [
        [],
        [sweep()],
        [sweep(), sweep()],
        [sweep(seeds=20), sweep(seeds=5)],
        [sweep(), sweep(seeds=20, model="naive-bayes")],
        [sweep(), sweep(seeds=20, rates=[0, 0.5])],
        [sweep(rates=[0]), sweep(rates=[0], seeds=20)],
    ],
)
def test_other_sweeps_are_no_stages(sweeps: list[dict[str, object]]) -> None:
    assert extended_in_stages(sweeps) == ""


def test_the_report_warns_of_it() -> None:
    rows = fake_results(World(rates=(0.0, 0.1), sizes=(1000, 1500), seeds=range(2)))
    staged = replace(ABOUT, sweeps=[sweep(), sweep(seeds=20), sweep(experiment="other")])
    assert "Seeds were added in stages (5 → 20)" in build_report(rows, staged).html
