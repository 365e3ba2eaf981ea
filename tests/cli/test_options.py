"""Options and spec files: what is not typed is the file's, what is typed has an effect or is spoken of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from modelcollapse.cli import experiments, run
from modelcollapse.corpora import CorpusOptions
from modelcollapse.errors import SpecError
from modelcollapse.sweeps.sweep import Sweep

GROWING = {
    "rates": "[0, 0.5]", "seeds": "3", "initial_size": "100", "final_size": "400", "increment": "100",
    "test_size": "50", "model": '"forest-sklearn"',
}  # fmt: skip
LADDER = {**{key: text for key, text in GROWING.items() if key != "increment"}, "sizes": "[100, 200, 400]"}


class Case(NamedTuple):
    """A key: what a file says, what that means, what is typed instead, what that means."""

    filed: str
    meant: Any
    typed: tuple[str, ...]
    instead: Any
    base: dict[str, str] = GROWING


CASES = {
    "rates": Case("[0, 0.25]", ["0", "0.25"], ("--rates", "0.75"), ["0.75"]),
    "seeds": Case("2", (0, 1), ("--seeds", "7:8:1"), (7, 8)),
    "initial_size": Case("[50, 100]", (50, 100), ("--initial-size", "80"), (80,)),
    "final_size": Case("300", 300, ("--final-size", "350"), 350),
    "increment": Case("50", 50, ("--increment", "25"), 25),
    "sizes": Case("[100, 400]", (100, 400), ("--sizes", "100,300,400"), (100, 300, 400), LADDER),
    "shared_reference": Case("true", True, ("--no-shared-reference",), False, LADDER),
    "test_size": Case("60", 60, ("--test-size", "70"), 70),
    "model": Case('"naive-bayes"', ("naive-bayes",), ("--model", "forest,naive-bayes"), ("forest", "naive-bayes")),
    "model_param": Case(
        "{max_depth = [5, 7]}", {"max_depth": (5, 7)},
        ("--model-param", "max_depth=3", "--model-param", "bootstrap=true"),
        {"max_depth": (3,), "bootstrap": (True,)},
    ),
    "trees": Case("4", 4, ("--trees", "9"), 9),
    "regime": Case('"replace"', ("replace",), ("--regime", "subsample"), ("subsample",)),
    "label_rule": Case('["frozen"]', ("frozen",), ("--label-rule", "sampled"), ("sampled",)),
    "min_df": Case("2", 2, ("--min-df", "3"), 3),
    "max_ngram": Case("2", 2, ("--max-ngram", "1"), 1),
    "max_terms": Case("100", 100, ("--max-terms", "50"), 50),
    "corpus": Case('"movies"', "movies", ("--corpus", "amazon"), "amazon"),
    "feature_columns": Case('["a", "b"]', ["a", "b"], ("--feature-columns", "c,d"), ["c,d"]),
    "labels_file": Case('"/a.npy"', "/a.npy", ("--labels-file", "/b.npy"), "/b.npy"),
    "keep_stars": Case("false", False, ("--keep-stars",), True),
    "text_column": Case('["a", "b"]', ["a", "b"], ("--text-column", "c", "--text-column", "d"), ["c", "d"]),
    "label_column": Case('"y"', "y", ("--label-column", "z"), "z"),
    "rating_column": Case('"stars"', "stars", ("--rating-column", "points"), "points"),
    "encoding": Case('"latin-1"', "latin-1", ("--encoding", "utf-16"), "utf-16"),
    "member": Case('"a.csv"', "a.csv", ("--member", "b.csv"), "b.csv"),
    "drop_duplicates": Case("false", False, ("--drop-duplicates",), True),
    "balance": Case("false", False, ("--balance",), True),
    "keep_going": Case("false", False, ("--keep-going",), True),
    "lemmatize": Case("false", False, ("--lemmatize",), True),
    "stopwords": Case("false", False, ("--stopwords",), True),
    "ngrams": Case("3", 3, ("--ngrams", "1-2"), "1-2"),
}  # fmt: skip

#: `plan` takes what says how reviews are read from a file only.
PLANNED = [key for key in CASES if key not in CorpusOptions.model_fields]


@pytest.fixture
def meant(call, tmp_path, monkeypatch) -> Callable[..., tuple[dict[str, Any], str]]:
    """Return what says which sweep and corpus a command line means, key by key, and what was said about it."""

    def meant_(command: str, values: dict[str, str], *arguments: str) -> tuple[dict[str, Any], str]:
        seen: list[dict[str, Any]] = []

        def spy(*about: Any) -> Any:
            sweep, corpus = original(*about)
            seen.append({**sweep.model_dump(), **corpus, "corpus": corpus.get("name_or_path")})
            raise SpecError("seen")

        module = {"run": run, "plan": experiments}[command]
        original = module.typed_sweep
        (tmp_path / "spec.toml").write_text("".join(f"{key} = {text}\n" for key, text in values.items()))
        with monkeypatch.context() as patch:
            patch.setattr(module, "typed_sweep", spy)
            _, _, err = call(command, "spec.toml", *arguments)
        assert seen, err
        return seen[0], err.removesuffix("modelcollapse: seen\n")

    return meant_


def test_every_key_of_a_spec_file_is_looked_at():
    assert set(CASES) == {*Sweep.model_fields, "corpus", *CorpusOptions.model_fields} - {"experiment", "domain"}


@pytest.mark.parametrize("command", ["run", "plan"])
@pytest.mark.parametrize("key", CASES)
def test_a_spec_file_says_what_no_option_does(meant, command, key):
    case = CASES[key]
    found, said = meant(command, {**case.base, key: case.filed})
    assert (found[key], said) == (case.meant, "")


@pytest.mark.parametrize(("command", "key"), [*(("run", key) for key in CASES), *(("plan", key) for key in PLANNED)])
def test_every_option_overrides_the_spec_file(meant, command, key):
    case = CASES[key]
    found, said = meant(command, {**case.base, key: case.filed}, *case.typed)
    assert (found[key], said) == (case.instead, "")
    others = {**case.base, "experiment": "spec"}.keys() - {key}
    unchanged, _ = meant(command, case.base)
    assert {name: found[name] for name in others} == {name: unchanged[name] for name in others}


@pytest.mark.parametrize(
    ("values", "arguments", "expected"),
    [
        ({**LADDER, "shared_reference": "true"}, ["--increment", "50"], {"sizes": None, "shared_reference": False}),
        (GROWING, ["--sizes", "100,400"], {"increment": None, "sizes": (100, 400)}),
        ({**GROWING, "rating_column": '"s"'}, ["--label-column", "y"], {"rating_column": None, "label_column": "y"}),
        ({**GROWING, "trees": "5"}, ["--model-param", "n_estimators=3,4"], {"trees": None}),
        ({**GROWING, "model_param": "{n_estimators = [3, 4]}"}, ["--trees", "5"], {"model_param": {}, "trees": 5}),
        (GROWING, ["--scale", "0.5"], {"initial_size": (50,), "increment": 50, "final_size": 200, "test_size": 25}),
        (GROWING, ["--scale", "0.5", "--increment", "20"], {"initial_size": (50,), "increment": 20, "final_size": 200}),
        (LADDER, ["--scale", "0.5", "--test-size", "9"], {"sizes": (50, 100, 200), "final_size": 200, "test_size": 9}),
        (
            {"initial_size": "100", "increment": "10", "final_size": "200"},
            ["--scale", "2", "--rates", "0,1", "--test-size", "9"],
            {"initial_size": (200,), "final_size": 400, "increment": 20, "test_size": 9},
        ),
    ],
)
def test_what_is_typed_replaces_what_it_is_said_instead_of(meant, values, arguments, expected):
    found, said = meant("run", values, *arguments)
    assert ({name: found.get(name) for name in expected}, said) == (expected, "")


def test_another_corpus_is_not_read_as_the_file_says_of_its_own(meant):
    values = {**GROWING, "corpus": '"shop.csv"', "text_column": '"review"', "ngrams": "2"}
    found, said = meant("run", values, "--corpus", "movies")
    assert (found["corpus"], found.get("text_column"), found["ngrams"]) == ("movies", None, 2)
    assert said == "Note: text_column in the spec file: of its corpus 'shop.csv', not of 'movies'.\n"


SWEEP = [
    "run", "demo", "--rates", "0,0.5", "--seeds", "2", "--initial-size", "100", "--final-size", "300", "--increment",
    "100", "--test-size", "100", "--corpus", "synthetic:500",
]  # fmt: skip
BAYES = [*SWEEP, "--model", "naive-bayes"]
HERE = ["--executor", "inprocess"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([*BAYES, "--trees", "9"], "trees: naive-bayes has none"),
        ([*BAYES, *HERE, "--address", "auto"], "address: names a Ray cluster"),
        (["resume", "runs/demo", *HERE, "--address", "auto"], "address: names a Ray cluster"),
        (["reproduce", *HERE, "--address", "auto"], "address: names a Ray cluster"),
        (["hyperparameters", *HERE, "--address", "auto"], "address: names a Ray cluster"),
        (["generational", *HERE, "--address", "auto"], "address: names a Ray cluster"),
        ([*BAYES, *HERE, "--gpus", "1"], "gpus: asks Ray for GPUs, and the executor inprocess uses no Ray"),
        (["resume", "runs/demo", *HERE, "--gpus", "1"], "gpus: asks Ray for GPUs"),
        ([*BAYES, "--gpus", "1.5"], "gpus: found 1.5, expected a share of one GPU"),
        ([*BAYES, "--gpus=-1"], "gpus: found -1.0, expected a share"),
        ([*BAYES, "--gpus", "nan"], "gpus: found nan, expected a share"),
        ([*BAYES, "--gpus", "0.00001"], "gpus: found 1e-05, expected a share"),
        ([*BAYES, "--max-seeds", "9"], "--max-seeds says where --until-ci stops"),
        ([*BAYES, "--until-ci", "nan"], "until_ci: found nan"),
        ([*BAYES, "--until-ci", "nan", "--dry-run"], "until_ci: found nan"),
        ([*BAYES, "--until-ci", "0.1", "--rates", "0.5", "--dry-run"], "until_ci: found no rates to compare"),
        ([*BAYES, "--until-ci", "0.1", "--seeds", "5", "--max-seeds", "4"], "max_seeds: found 4, expected at least"),
        ([*BAYES, "--dry-run", "--json"], "--json tells programs"),
        ([*BAYES, "--sizes", "100,300"], "Found both increment and sizes"),
        ([*SWEEP, "--trees", "9", "--model-param", "n_estimators=3"], "trees and model_param n_estimators"),
        ([*BAYES, "--label-column", "a"], "made of counts, not text"),
        ([*BAYES, "--label-column", "a", "--rating-column", "b"], "exclude each other"),
        (["generational", "--corpus", "synthetic:500", *HERE, "--train-size", "100", "--test-size", "100"], "of text"),
    ],
)  # fmt: skip
def test_options_that_cannot_be_meant_are_refused_before_anything_runs(call, tmp_path, arguments, message):
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([*BAYES, *HERE, "--workers", "2"], "workers does nothing with the executor inprocess"),
        ([*SWEEP, *HERE, "--shards", "2"], "shards does nothing with the executor inprocess"),
        ([*BAYES, "--gpus", "0.5"], "gpus keeps GPUs from others, and naive-bayes uses none"),
        ([*BAYES, "--shards", "2"], "shards does nothing: naive-bayes has no trees"),
        ([*BAYES, "--until-ci", "0.1"], "--until-ci adds seeds when it sees results"),
        ([*BAYES, "--rates", "0", "--label-rule", "frozen"], "label_rule does nothing at rate 0"),
        ([*BAYES, "--final-size", "100"], "increment does nothing"),
        ([*BAYES, "--retry-failed"], "--retry-failed does nothing: no chain in runs/demo has failed"),
        ([*BAYES, "--scale", "0.1"], "scale does nothing: sizes that are given"),
        ([*BAYES], ""),
        ([*SWEEP, "--trees", "9", "--model", "forest,naive-bayes"], ""),
    ],
)
def test_options_that_do_no_harm_are_said_to_do_nothing(call, arguments, said):
    code, _, err = call(*arguments, "--dry-run")
    assert code == 0
    assert [line.startswith(f"Note: {said}") for line in err.splitlines()] == [True] * bool(said)


def test_a_corpus_with_a_name_says_which_option_differs(call, reviews_csv):
    code, _, err = call("corpus", "build", reviews_csv, "--name", "named", "--text-column", "review")
    assert code == 0, err
    assert call("corpus", "info", "named", "--text-column", "review")[0] == 0
    code, _, err = call("corpus", "info", "named", "--ngrams", "1-3")
    assert code == 2
    assert "was built with other options: ngrams 1, not 3. Leave them out" in err


@pytest.mark.usefixtures("_blank_pictures")
def test_the_report_repeats_its_run_to_the_same_chains(call, reviews_csv, tmp_path):
    from html import unescape

    sweep = [
        "run", "demo", "--rates", "0,0.5", "--seeds", "2", "--initial-size", "60", "--final-size", "120",
        "--increment", "60", "--test-size", "50", "--model", "forest", "--model-param", "max_depth=2,None", "--trees",
        "2", "--max-ngram", "2", *HERE,
    ]  # fmt: skip
    code, _, err = call(*sweep, "--corpus", reviews_csv, "--ngrams", "1-2", "--text-column", "review")
    assert code == 0, err
    assert call("report", "runs/demo")[0] == 0
    page = (tmp_path / "runs/demo/report.html").read_text()
    start = page.index("corpus = &#34;")
    Path("again.toml").write_text(unescape(page[start : page.index("</pre>", start)]))
    code, _, err = call("run", "again.toml", "--out", "runs/again", *HERE)
    assert code == 0, err
    chains = [sorted(path.name for path in (tmp_path / f"runs/{name}/chains").iterdir()) for name in ("demo", "again")]
    assert chains[0] == chains[1]
    assert len(chains[0]) == 8
