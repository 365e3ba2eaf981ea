"""The commands on results, called in this process; errors are the user's one line."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from modelcollapse import open_run, run_sweep
from modelcollapse.analysis.exported_rows import read_rows
from modelcollapse.analysis.profile.definitions import MEANINGS
from modelcollapse.analysis.statistics.arms import check_pairing, prepare
from modelcollapse.cli import results
from modelcollapse.corpora.corpus import Corpus
from modelcollapse.sweeps.sweep import Sweep
from tests.analysis.fake import World, fake_results

Call = Callable[..., str]


@pytest.fixture(scope="module")
def run_folder(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "mine"
    sweep = Sweep(
        experiment="mine",
        rates=[0, 0.2, 1],
        seeds=3,
        initial_size=100,
        final_size=400,
        increment=100,
        test_size=200,
        model="naive-bayes",
        label_rule="argmax,human-only,prior-matched",
    )
    run_sweep(sweep, corpus, folder, executor="inprocess")
    return folder


@pytest.fixture
def call() -> Call:
    app = typer.Typer()
    for command in (results.plot, results.report, results.profile, results.export, results.compare):
        app.command()(command)

    def call_(*arguments: object) -> str:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    return call_


@pytest.mark.usefixtures("_drawn_pictures")
def test_plot_writes_the_figures_of_a_run(call: Call, run_folder: Path) -> None:
    named = call("plot", run_folder).split()
    assert str(run_folder / "figures" / "mine.png") in named
    assert named[0] == str(run_folder / "claims.md")
    assert {Path(name).name for name in named[1:]} == {path.name for path in (run_folder / "figures").iterdir()}
    assert {"mine-controls.svg", "mine-decomposition.png", "mine-loop.png"} <= {Path(name).name for name in named}


@pytest.mark.usefixtures("_drawn_pictures")
def test_report_prints_the_headline_and_writes_the_page(call: Call, run_folder: Path) -> None:
    headline, path = call("report", run_folder, "--margin", "0.02").strip().splitlines()
    assert headline.endswith(".")
    assert path == str(run_folder / "report.html")
    page = (run_folder / "report.html").read_text()
    assert "equal ± 2.00 pp" in page
    assert "21 of 21 chains finished" in page  # 3 seeds × (rate 0 once + 2 rates × 3 rules)


def test_profile_prints_every_definition_and_what_its_words_mean(call: Call, run_folder: Path) -> None:
    text = call("profile", run_folder)
    for number, meaning in MEANINGS.items():
        assert f"{number} {meaning}" in text
    assert "Schaeffer" in text
    assert "below the margin, 2.00 pp" in call("profile", run_folder, "--margin", "0.02")


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_export_writes_every_row(call: Call, run_folder: Path, tmp_path: Path, name: str) -> None:
    file = tmp_path / "new" / name
    assert call("export", run_folder, file).startswith("84 rows → ")
    assert [path.name for path in file.parent.iterdir()] == [name]
    there = open_run(run_folder).results()
    assert read_rows(file).equals(there.select(read_rows(file).columns))


def test_export_refuses_other_formats_and_unwritable_files(call: Call, run_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"'rows.xlsx': expected a name that ends in .csv or .parquet"):
        call("export", run_folder, tmp_path / "rows.xlsx")
    (tmp_path / "file").touch()
    with pytest.raises(Exception, match="Choose another file"):
        call("export", run_folder, tmp_path / "file" / "rows.csv")


def test_compare_two_runs_on_one_corpus(call: Call, run_folder: Path, tmp_path: Path) -> None:
    text = call("compare", run_folder, run_folder)
    assert "Same corpus: yes; differences within seeds." in text
    assert "difference to rate 0" in text
    assert (run_folder / "figures" / "mine-compared-with-mine.svg").exists()
    call("export", run_folder, tmp_path / "rows.csv")
    assert "Same corpus: not recorded in a file; " in call("compare", run_folder, tmp_path / "rows.csv")


def test_compare_with_the_published_curves(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    fake_results(World(rates=(0.0, 0.03, 0.3), seeds=range(3), experiment="again")).write_parquet(file)
    text = call("compare", file)
    assert "again is compared with the published low-rates" in text
    assert "in this run; a random forest of 1,000 trees" in text
    assert "shape: " in text
    assert "level: " in text
    assert (tmp_path / "rows" / "figures" / "again-published.png").exists()


def test_compare_has_the_cautions_of_the_runs(call: Call, tmp_path: Path) -> None:
    """Of every run that is compared, with the published curves or with another run."""
    for name, n_test in (("few", 20), ("many", 2000)):
        rows = fake_results(World(rates=(0.0, 0.03), seeds=range(2), experiment="again"))
        rows.with_columns(n_test=pl.lit(n_test, pl.Int64)).write_parquet(tmp_path / f"{name}.parquet")
    few, many = tmp_path / "few.parquet", tmp_path / "many.parquet"
    assert "\nCaution: The test set has 20 documents" in call("compare", few)
    text = call("compare", many, few)
    assert "\nCaution (few): The test set has 20 documents" in text
    assert "Caution (many)" not in text


def test_compare_without_anything_in_common_says_so(call: Call, run_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="No published curve has start, rates and sizes in common"):
        call("compare", run_folder)


@pytest.mark.usefixtures("_drawn_pictures")
def test_a_result_file_of_the_study_can_be_plotted_and_compared(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "collapse.csv"
    lines = [
        f"50000,{size},{rate},{cv},{0.84 - 0.1 * rate * (size - 50000) / 30000 + 0.001 * cv},9"
        for rate in (0, 0.30000000000000004, 1)
        for size in (50_000, 60_000, 80_000)
        for cv in range(3)
    ]
    file.write_text("\n".join(["initial_size,new_size,colapse_rate,cv,score,time", *lines]))
    assert "collapse/figures/collapse-rates.png" in call("plot", file)
    assert "agrees" in call("compare", file)
    assert call("report", file).splitlines()[-1].endswith("collapse/report.html")
    page = (tmp_path / "collapse" / "report.html").read_text()
    assert "Rates share no seeds" in page
    assert "How to repeat this" not in page


def test_rows_of_a_real_run_are_paired(run_folder: Path) -> None:
    rows = prepare(open_run(run_folder).results())
    assert check_pairing(rows) == 18
    assert rows.filter(pl.col("collapse_rate") == 0)["label_rule"].unique().to_list() == ["none"]
