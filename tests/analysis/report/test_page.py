import json
import re
import tomllib
from dataclasses import replace
from html.parser import HTMLParser

import polars as pl
import pytest

from modelcollapse.analysis.report.page import About, Report, build_report, nonbreaking
from modelcollapse.analysis.report.setup import as_toml, describe_setup
from modelcollapse.sweeps.sweep import Sweep
from tests.analysis.fake import World, fake_results

SWEEP = Sweep(
    experiment="controls",
    rates=[0, 0.1, 1],
    seeds=5,
    initial_size=1000,
    final_size=4000,
    increment=500,
    label_rule="argmax,human-only",
    model_param={"max_depth": [5, None]},
)
ABOUT = About(
    name="runs/<controls>",
    corpus={"name": "reviews & more", "fingerprint": "f00d", "origin": {"rows": {"kept": 33_530}}},
    sweeps=[SWEEP.model_dump(mode="json", exclude_none=True)],
    versions={"python": "3.12.1", "numpy": "2.3.4"},
    n_chains=25,
    n_finished=25,
)


class Page(HTMLParser):
    """Tags, ids, links and text of a page; complains about tags that are not closed."""

    void = frozenset(("meta", "link", "br", "img", "path", "use", "rect"))

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.void:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).replace("\N{NO-BREAK SPACE}", " ").split())


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    return fake_results(
        World(
            rates=(0.0, 0.1, 1.0),
            seeds=range(5),
            sizes=(1000, 2000, 3000, 4000),
            degenerate={1.0: range(5)},
            label_rules=("argmax", "human-only", "prior-matched"),
            experiment="controls",
        )
    )


@pytest.fixture(scope="module")
def report(rows: pl.DataFrame) -> Report:
    return build_report(rows, ABOUT)


@pytest.fixture(scope="module")
def page(report: Report) -> Page:
    return Page(report.html)


def test_the_page_is_closed_and_needs_nothing_else(report: Report, page: Page) -> None:
    assert page.open == []
    outside = [
        value
        for tag, attributes in page.seen
        for name, value in attributes.items()
        if name in ("src", "href", "xlink:href") and tag != "svg" and not str(value).startswith("#")
    ]
    assert outside == []
    assert "@import" not in report.html
    assert not re.search(r"url\((?!#)", report.html)


def test_ids_are_unique(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.seen if "id" in attributes]
    assert len(ids) == len(set(ids))
    used = {
        str(value)[1:]
        for _, attributes in page.seen
        for name, value in attributes.items()
        if name in ("href", "xlink:href") and str(value).startswith("#")
    }
    assert used <= set(ids)


def test_names_are_escaped(report: Report) -> None:
    assert "<controls>" not in report.html
    assert "&lt;controls&gt;" in report.html
    assert "reviews &amp; more (33,530 documents)" in report.html


def test_it_says_what_happened_and_how_to_repeat_it(report: Report, page: Page) -> None:
    assert report.headlines[0] in page.text
    for words in (
        "In one sentence",
        "What self-labels cost",
        "The claims of the original study, checked here",
        "How it comes about",
        "Controls: which part of the loop",
        "Where the loss comes from",
        "What became of the predictor",
        "What this run can see",
        "How to repeat this",
        "modelcollapse run controls.toml",
        "fingerprint f00d",
        "numpy 2.3.4",
        "25 of 25 chains finished",
    ):
        assert words in page.text
    assert "This run is not finished" not in page.text


def test_figures_take_their_colours_from_the_page(report: Report) -> None:
    light, dark = re.findall(r":root \{ (--c[^}]*)\}", report.html)
    assert set(re.findall(r"--c\w{6}", light)) == set(re.findall(r"--c\w{6}", dark))
    for svg in re.findall(r"<svg.*?</svg>", report.html, flags=re.DOTALL):
        assert set(re.findall(r"#[0-9a-f]{6}\b", svg)) == set()
        assert "currentColor" in svg
        assert "aria-label" in svg


def test_tables_sort_by_numbers_not_by_their_text(page: Page) -> None:
    keys = [attributes["data-key"] for tag, attributes in page.seen if tag == "td" and "data-key" in attributes]
    numbers = [
        key
        for key, (_, attributes) in zip(
            keys, [s for s in page.seen if s[0] == "td" and "data-key" in s[1]], strict=True
        )
        if attributes.get("class") == "number"
    ]
    assert len(numbers) > 50
    assert all(float(str(key)) is not None for key in numbers)


@pytest.mark.usefixtures("_drawn_pictures")
def test_an_unfinished_run_says_so_and_is_compared_where_it_can_be(rows: pl.DataFrame) -> None:
    missing = (pl.col("collapse_rate") == 1.0) & (pl.col("n_seen") > 2000)
    loop = rows.filter(~missing & pl.col("label_rule").is_in(["none", "argmax"]))
    report = build_report(loop, replace(ABOUT, n_finished=10, n_failed=1))
    page = Page(report.html)
    assert "This run is not finished: 15 of 25 chains have not reached their end." in page.text
    assert "1 failed" in page.text
    assert "after 2,000 documents" in report.headlines[0]


@pytest.mark.parametrize(
    "world",
    [
        World(rates=(0.0,), seeds=(0,), sizes=(1000,)),
        World(rates=(0.0,), seeds=range(3), sizes=(76, 1015, 10_136), experiment="baseline"),
        World(rates=(1.0,), seeds=range(2), sizes=(1000, 2000)),
        World(rates=(0.0, 0.1), seeds=(0,), sizes=(1000, 2000)),
        World(
            rates=(0.0, 0.1), seeds=range(2), sizes=(1000, 2000), models=("a", "b"), regimes=("replace", "subsample")
        ),
    ],
    ids=["one row", "baseline", "no reference", "one seed", "many settings"],
)
def test_small_and_odd_runs_have_a_report_too(world: World) -> None:
    report = build_report(fake_results(world), ABOUT)
    assert Page(report.html).open == []
    assert report.headlines[0].endswith(".")


@pytest.mark.usefixtures("_drawn_pictures")
def test_imported_rows_have_a_report_too(rows: pl.DataFrame) -> None:
    filled = {
        "accuracy",
        "fit_seconds",
        "initial_size",
        "generation",
        "n_seen",
        "n_train",
        "n_synthetic",
        "n_test",
        "seed",
    }
    empty = [name for name, kind in rows.schema.items() if kind.is_numeric() and name not in filled | {"collapse_rate"}]
    bare = rows.filter(pl.col("label_rule").is_in(["none", "argmax"])).with_columns(
        pl.lit(None, rows.schema[name]).alias(name) for name in empty
    )
    assert "Measured" in Page(build_report(bare, ABOUT).html).text


@pytest.mark.usefixtures("_drawn_pictures")
def test_several_experiments_share_a_page(rows: pl.DataFrame) -> None:
    other = fake_results(World(rates=(0.0, 0.1, 0.3), seeds=range(2), sizes=(1000, 2000, 3000)))
    loop = rows.filter(pl.col("label_rule").is_in(["none", "argmax"]))
    report = build_report(pl.concat([loop, other]), ABOUT)
    page = Page(report.html)
    assert len(report.headlines) == 2
    assert "All experiments." in page.text
    assert page.text.count("More reviews make a better model.") == 1  # one table for all, each claim named once
    assert {"controls", "low-rates"} <= {attributes.get("id") for tag, attributes in page.seen if tag == "section"}


def test_the_spec_file_repeats_the_sweep() -> None:
    values = tomllib.loads(as_toml(ABOUT.sweeps[0], {"name": "movies"}))
    assert values.pop("corpus") == "movies"
    assert Sweep(**values) == SWEEP


def test_setup_in_words(rows: pl.DataFrame) -> None:
    assert describe_setup(rows) == (
        "A model is trained on 1,000 documents that people labelled and tested on 20,000 others; the training set "
        "then grows to 4,000 in up to 3 steps. Of each increment 0, 10 and 100 % is labelled by the model itself, by "
        "the label rules argmax, prior-matched and human-only. Model: forest-sklearn (n_estimators=200); regime "
        "accumulate; 5 seeds, each with its own order of documents, the same for all rates."
    )


def test_units_stay_with_their_numbers() -> None:
    assert nonbreaking("[0.1, 0.2] or [no interval: one seed]").count("\N{NO-BREAK SPACE}") == 1
    assert nonbreaking("0.5 pp at 10 % of x") == "0.5\N{NO-BREAK SPACE}pp at 10\N{NO-BREAK SPACE}% of x"
    assert json.dumps(nonbreaking("pp %")) == '"pp %"'
