from __future__ import annotations

import pytest

from modelcollapse.errors import SpecError
from modelcollapse.sweeps.meaning import find_sweep

SPEC = """corpus = "shop.csv"
text_column = "review"
rates = [0, 1]
initial_size = 100
final_size = 300
increment = 100
model = "forest"
"""


@pytest.fixture
def spec(tmp_path):
    file = tmp_path / "spec.toml"
    file.write_text(SPEC)
    (tmp_path / "shop.csv").write_text("review,label\n")
    return file


def test_a_file_says_sweep_and_corpus(spec, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    sweep, corpus, idle = find_sweep(spec, {"seeds": 3}, {"labels_file": "labels.npy"})
    assert (sweep.experiment, sweep.seeds, sweep.increment) == ("spec", (0, 1, 2), 100)
    assert corpus == {
        "name_or_path": str(tmp_path / "shop.csv"), "text_column": "review", "labels_file": str(tmp_path / "labels.npy")
    }  # fmt: skip
    assert idle == []


def test_what_does_nothing_is_told(spec):
    _, corpus, idle = find_sweep(spec, {"rates": 0, "label_rule": "frozen", "final_size": 100}, {"corpus": "movies"})
    assert corpus == {"name_or_path": "movies"}
    assert idle == [
        "text_column in the spec file: of its corpus 'shop.csv', not of 'movies'.",
        "label_rule does nothing at rate 0, where people label everything.",
    ]
    idle = find_sweep(spec, {"final_size": 100, "increment": 50}, {}).idle
    assert idle == ["increment does nothing: chains begin with all 100 documents."]
    sizes = {"initial_size": 10, "final_size": 20, "increment": 5, "test_size": 9}
    assert find_sweep(spec, sizes, {}, 0.5).idle == ["scale does nothing: sizes that are given are taken as they are."]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"trees": 3, "model": "naive-bayes"}, "trees: naive-bayes has none"),
        ({"trees": 3, "model_param": {"n_estimators": [2]}}, "say the same"),
        ({"colour": "red"}, "Found the key 'colour'"),
        ({"increment": 10, "sizes": [200]}, "both increment and sizes"),
        ({"model_param": 5}, "found 5, expected NAME=VALUE"),
    ],
)
def test_what_cannot_be_meant_is_refused(spec, given, message):
    with pytest.raises(SpecError, match=message):
        find_sweep(spec, given, {})


def test_a_file_of_labels_that_is_none_is_left_to_the_corpus(spec):
    assert find_sweep(spec, {}, {"labels_file": 3}).corpus["labels_file"] == 3


@pytest.mark.parametrize("factor", [0, -1, float("nan")])
def test_a_scale_is_a_number_above_0(spec, factor):
    with pytest.raises(SpecError, match="scale: found"):
        find_sweep(spec, {}, {}, factor)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none-such", "Found no experiment"),
        ("laws", "is a set"),
        ("generational", "command of its own"),
        ("none.toml", "Cannot read"),
    ],
)
def test_what_is_no_sweep_is_one_line(name, message):
    with pytest.raises(SpecError, match=message):
        find_sweep(name, {}, {})
