from __future__ import annotations

import pytest

from modelcollapse.planning import estimate
from modelcollapse.planning.estimate import CostLaw

SWEEP = [
    "plan", "demo", "--rates", "0,0.5", "--seeds", "8", "--initial-size", "100", "--final-size", "400", "--increment",
    "100", "--test-size", "200", "--model", "naive-bayes",
]  # fmt: skip


@pytest.fixture
def plan(call, reviews_csv, monkeypatch):
    second_a_training = CostLaw((100, 400_000), (1.0, 1.0), (1e-12, 1e-12))
    monkeypatch.setattr(estimate, "calibrate", lambda *about: second_a_training)

    def plan_(*options: object) -> tuple[int, str, str]:
        return call(*SWEEP, "--corpus", reviews_csv, *options)

    return plan_


def cells(out: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in out.splitlines()]


def test_a_plan_says_what_each_number_of_cores_would_mean(plan):
    code, out, _ = plan("--cores", "1,64", "--price", "3600")
    assert code == 0
    _, one, many, _ = cells(out)
    assert one[:5] == ["1", "1", "72 s", "11%", "cores"]  # 16 chains of 4 s, and the start of Ray
    assert many[:3] + many[4:5] == ["64", "2", "12 s", "longest chain"]
    assert float(one[-1]) == pytest.approx(72, rel=0.01)
    assert "16 chains on 900 documents" in out


def test_sizes_beyond_the_corpus_are_planned_for(plan):
    code, out, _ = plan("--final-size", "4000000", "--increment", "3999900", "--cores", "8", "--nodes", "4")
    assert code == 0
    assert "16 chains on 4,000,200 documents" in out
    assert cells(out)[1][4] == "memory"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--cores", "0"], "cores: found 0"),
        (["--cores", "8,64", "--nodes", "2"], "nodes: found 2 for 8,64 cores"),
        (["--cores", "8", "--nodes", "9"], "nodes: found 9 for 8 cores"),
        (["--cores", ""], "cores: "),
        (["--price", "-1"], "--price"),
        (["--price", "inf"], "price: found inf, expected a finite number"),
        (["--node-memory", "inf"], "node_memory: found inf, expected a finite number"),
        (["--max-ngram", "3"], "max_ngram: found 3"),
        (["--model", "oracle"], "no learner 'oracle'"),
    ],
)
def test_bad_options_are_one_line(plan, options, message):
    code, _, err = plan(*options)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
