"""What runs and files say of themselves, whatever state they are in."""

from __future__ import annotations

import json
import shutil
from xml.etree import ElementTree

import polars as pl
import pytest

import modelcollapse
from modelcollapse import Run, Sweep, open_results, open_run, run_sweep
from modelcollapse.analysis.exported_rows import read_rows
from modelcollapse.analysis.mechanism.curation import curation
from modelcollapse.analysis.profile.profile import profile
from modelcollapse.analysis.statistics.arms import AnalysisError, PairingError, prepare, with_sound_pairing
from modelcollapse.analysis.statistics.compare_rates import compare_rates
from modelcollapse.analysis.statistics.curves import curves
from modelcollapse.analysis.statistics.trends import tolerance
from modelcollapse.errors import RunFolderError
from modelcollapse.execution.executors import InProcessExecutor
from modelcollapse.execution.tasks import Failed
from tests.analysis.fake import World, fake_results

HOSTILE = "<script>alert(1)</script>&\x1b[2J"


def test_everything_public_is_found_and_said_to_be_there():
    for name in modelcollapse.__all__:
        assert getattr(modelcollapse, name).__doc__
    assert set(modelcollapse.__all__) <= set(dir(modelcollapse))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        modelcollapse.nothing  # noqa: B018


def test_frames_are_those_of_the_analysis(finished: Run):
    rows = finished.results()
    assert finished.curves("roc_auc").equals(curves(rows, "roc_auc"))
    assert finished.compare_rates(margin=0.01).equals(compare_rates(rows, margin=0.01))
    assert finished.tolerance(0.01).equals(tolerance(rows, 0.01))


def test_seeds_whose_pairing_is_broken_are_never_compared_within_seeds(tmp_path):
    rows = fake_results(World(label_rules=("argmax", "checked:0.1")))
    wrong = (pl.col("generation") == 0) & (pl.col("collapse_rate") == 0.1) & (pl.col("seed") == 3)
    broken = rows.with_columns(accuracy=pl.when(wrong).then(pl.col("accuracy") + 0.01).otherwise("accuracy"))
    broken.write_parquet(tmp_path / "rows.parquet")
    file = open_results(tmp_path / "rows.parquet")
    apart, _ = with_sound_pairing(prepare(broken))
    for asked, function in ((file.tolerance, tolerance), (file.profile, profile), (file.curation, curation)):
        with pytest.warns(UserWarning, match=r"seed 3 differs .* compared as independent samples"):
            found = asked()
        assert found.equals(function(apart))
        assert not found.equals(function(rows))
    with pytest.raises(PairingError):
        file.compare_rates()


def test_status_counts_chains_and_generations(finished: Run):
    assert finished.status().rows(named=True) == [
        {"experiment": "mine", "chains": 15, "finished": 15, "begun": 0, "failed": 0, "done": 60, "asked": 60}
    ]


def test_the_report_says_the_same_headline(tmp_path):
    fake_results(World(rates=(0.0, 0.3), seeds=range(3))).write_parquet(tmp_path / "rows.parquet")
    file = open_results(tmp_path / "rows.parquet")
    assert file.report() == str(tmp_path / "rows/report.html")
    page = (tmp_path / "rows/report.html").read_text().replace("\N{NO-BREAK SPACE}", " ")
    assert file.headline().split(" [")[0] in page


def test_claims_have_verdicts(finished: Run):
    table = finished.claims()
    assert table.columns == ["experiment", "claim", "measured", "verdict"]
    assert set(table["experiment"]) == {"mine"}
    assert set(table["verdict"]) <= {"holds", "holds in part", "not shown", "contradicted"}
    assert not table.is_empty()


def test_plot_returns_figures_of_a_kind_or_all(finished: Run):
    every = finished.plot()
    assert {"mine", "mine-loop", "mine-controls"} <= set(every)
    assert list(finished.plot("loop")) == ["mine-loop"]
    with pytest.raises(AnalysisError, match="kind: found 'pie', expected what these rows have data for: curves, loop"):
        finished.plot("pie")


def test_an_exported_file_says_the_same(finished: Run, tmp_path):
    assert finished.export(tmp_path / "rows.csv") == 60
    file = open_results(tmp_path / "rows.csv")
    assert file.results().equals(read_rows(tmp_path / "rows.csv"))
    assert file.headline() == finished.headline()
    assert file.cautions()[:1] == finished.cautions()[:1]
    assert repr(file) == f"<FileResults {tmp_path / 'rows.csv'}: 60 rows>"
    assert '<td style="text-align:left">15</td>' in file._repr_html_()


def test_a_run_introduces_itself(finished: Run):
    assert repr(finished).endswith("corpus: generated, chains: 15 of 15 finished, generations: 60 of 60>")
    html = finished._repr_html_()
    assert finished.headline() in html
    assert html.count("<svg") == 1
    ElementTree.fromstring(html.replace("<br>", "<br/>").replace("xlink:", ""))


class Failing(InProcessExecutor):
    """Lets every chain fail."""

    def run(self, corpus, tasks, state_of):
        for task in tasks:
            yield Failed(task, "ValueError: no", "…", is_own=True)


def test_a_run_of_failed_chains_says_so(tmp_path, corpus):
    values = {"rates": [0, 1], "initial_size": 100, "test_size": 100, "model": "naive-bayes"}
    run = run_sweep(Sweep(**values), corpus, tmp_path, executor=Failing())
    assert run.status()["failed"].to_list() == [2]
    assert "0 of 2 finished, 2 failed" in repr(run)
    assert "There are no results yet" in run._repr_html_()
    for ask in (run.headline, run.claims, run.curves, run.plot, run.report, run.compare_rates):
        with pytest.raises(AnalysisError, match="There are no results yet"):
            ask()
    assert run.cautions() == []


@pytest.mark.parametrize("margin", [0, -1, 0.6, float("nan")])
def test_a_margin_is_a_loss_of_accuracy(finished: Run, margin):
    for ask in (finished.headline, finished.claims, finished.tolerance, finished.report, finished.write_figures):
        with pytest.raises(AnalysisError, match="margin: found"):
            ask(margin)
    for call in (finished.plot, finished.compare_rates):
        with pytest.raises(AnalysisError, match="margin: found"):
            call(margin=margin)


def test_a_metric_is_a_measure_in_the_rows(finished: Run):
    for call in (finished.curves, finished.compare_rates, finished.tolerance):
        with pytest.raises(AnalysisError, match="metric: found 'model', expected one of accuracy, "):
            call(metric="model")


def test_a_folder_that_is_gone_is_an_empty_run(finished: Run, tmp_path):
    shutil.copytree(str(finished.folder), tmp_path / "gone")
    run = open_run(tmp_path / "gone")
    shutil.rmtree(tmp_path / "gone")
    assert "0 of 15 finished" in repr(run)
    assert "There are no results yet" in run._repr_html_()
    assert run.results().is_empty()


def test_names_of_strangers_are_escaped(finished: Run, tmp_path):
    folder = tmp_path / HOSTILE
    shutil.copytree(str(finished.folder), folder)
    spec = json.loads((folder / "spec.json").read_text())
    spec["corpus"]["name"] = HOSTILE
    (folder / "spec.json").write_text(json.dumps(spec))
    run = open_run(folder)
    html = run._repr_html_()
    assert "<script" not in html
    assert "\x1b" not in html + repr(run)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;" in html


def test_a_sweep_that_names_foreign_code_is_not_read_and_not_run(finished: Run, tmp_path):
    shutil.copytree(str(finished.folder), tmp_path / "theirs")
    file = tmp_path / "theirs" / "spec.json"
    spec = json.loads(file.read_text())
    spec["sweeps"][0]["model"], spec["models"] = ["evil.module:Learner"], [None]
    file.write_text(json.dumps(spec))
    run = open_run(tmp_path / "theirs")
    assert "If you trust it, say so" in repr(run)
    assert "If you trust it, say so" in run._repr_html_()


@pytest.mark.parametrize("content", [None, "{", '{"format": 1, "other": true}'])
def test_what_is_no_run_is_refused(tmp_path, content):
    (tmp_path / "letter.txt").write_text("Dear John")
    if content:
        (tmp_path / "spec.json").write_text(content)
    with pytest.raises(RunFolderError, match=r"Found no run|is no run|is damaged"):
        open_results(tmp_path)


def test_looking_while_the_run_goes_on(tmp_path, corpus):
    values = {"rates": [0, 1], "initial_size": 100, "final_size": 300, "increment": 100, "test_size": 100}
    seen = []

    class Looking(InProcessExecutor):
        def run(self, *arguments):
            for event in super().run(*arguments):
                yield event
                run = open_run(tmp_path)
                seen.append(run.status()["done"].item())
                assert repr(run)
                assert run._repr_html_()

    run_sweep(Sweep(**values, model="naive-bayes"), corpus, tmp_path, executor=Looking())
    assert seen == sorted(seen)
    assert open_run(tmp_path).status()["done"].item() == 6
