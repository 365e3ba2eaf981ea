"""What makes accuracies say little, from rows and from what is known of the corpus."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from modelcollapse.analysis.report.caveats import caveats, duplicates, extended_in_stages, fatal, flaws
from modelcollapse.analysis.report.headline import headline
from modelcollapse.analysis.report.page import build_report
from modelcollapse.analysis.statistics.arms import prepare
from modelcollapse.cli.tables import print_cautions
from modelcollapse.simulation.sweep import Sweep
from tests.analysis.fake import World, fake_results
from tests.analysis.report.test_page import ABOUT


def corpus(kept: int = 400_000, repeated: int = 0, **left_out: int) -> dict[str, object]:
    return {"name": "shop", "origin": {"rows": {"kept": kept, "duplicates": repeated, "left_out": left_out}}}


def test_nothing_is_said_of_sound_rows(rows):
    assert flaws(prepare(rows), corpus()) == []
    assert flaws(prepare(rows)) == []


def test_texts_that_stand_in_training_and_test_sets_alike_are_told_with_the_remedy(rows):
    [words] = flaws(prepare(rows), corpus(400_000, 380_000))
    assert words.startswith("380,000 of 400,000 documents that were read (95.0 %) repeat the text of one before")
    assert "--drop-duplicates" in words
    assert words in caveats(prepare(rows), corpus(400_000, 380_000))
    assert duplicates(corpus(400, 4)) == ""
    assert duplicates(corpus(20, 380, duplicate=380)) == ""
    assert duplicates({"name": "shop", "origin": {"rows": None}}) == duplicates({}) == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n_features": 0}, "no term is left to learn from"),
        ({"n_test": 1}, "The test set has 1 document: an accuracy moves in steps of 100"),
        ({"train_positive_rate": 0.99}, "99.0 % of the labels are positive"),
        ({"train_positive_rate": 0.01}, "99.0 % of the labels are negative"),
        ({"predicted_positive_rate": 1.0}, "already ends as a constant predictor in 5 of 5 chains"),
    ],
)
def test_rows_that_say_little(rows, change, words):
    changed = prepare(rows.with_columns(pl.lit(v).cast(rows.schema[name]).alias(name) for name, v in change.items()))
    [found] = flaws(changed)
    assert words in found
    assert found in caveats(changed)


def test_seeds_that_share_most_documents_are_told(rows):
    used = int((rows["n_seen"] + rows["n_test"]).max())
    [words] = flaws(prepare(rows), corpus(used + 10))
    assert "seeds share most of them" in words
    assert flaws(prepare(rows.filter(seed=0)), corpus(used + 10)) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n_features": 0}, "In "),
        ({"n_test": 20}, "The test set has 20 documents"),
        ({"predicted_positive_rate": 1.0}, "With human labels only the model already ends as a constant predictor"),
    ],
)
def test_a_headline_claims_nothing_where_nothing_can_be_concluded(rows, change, words):
    """Neither costs nor a tolerance: it says what is wrong."""
    assert not fatal(prepare(rows))
    changed = prepare(rows.with_columns(pl.lit(v).cast(rows.schema[name]).alias(name) for name, v in change.items()))
    found = headline(changed)
    assert found == fatal(changed)
    assert found.startswith(words)
    assert "shown" not in found
    assert "passes" not in found


def test_the_terminal_has_the_three_worst_cautions(rows, capsys):
    """And says how many more there are."""
    constants = {"n_features": 0, "n_test": 20, "predicted_positive_rate": 1.0, "train_positive_rate": 1.0}
    changed = rows.with_columns(pl.lit(v).cast(rows.schema[name]).alias(name) for name, v in constants.items())
    print_cautions(changed, corpus(400_000, 380_000), "mine")
    lines = capsys.readouterr().out.splitlines()
    assert [line.startswith("Caution (mine): ") for line in lines] == [True, True, True, False]
    assert "no term is left" in lines[0]
    assert "constant predictor" in lines[1]
    assert lines[3] == "The report has 2 more cautions."


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
