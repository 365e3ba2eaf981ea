from __future__ import annotations

import json
from dataclasses import replace

import polars as pl
import pytest

from modelcollapse.errors import RunFolderError, SpecError
from modelcollapse.execution import open_run, run_sweep
from modelcollapse.execution.executors import ChainFailed, ChainTask, Event, GenerationDone, InProcessExecutor
from modelcollapse.execution.progress import Reporter
from modelcollapse.simulation.sweep import Sweep

VALUES = {
    "rates": [0, 0.5], "seeds": 2, "initial_size": 100, "final_size": 300, "increment": 100, "test_size": 200,
    "model": "naive-bayes",
}  # fmt: skip


def sweep(**changes: object) -> Sweep:
    return Sweep(**{**VALUES, **changes})


def table(results: pl.DataFrame) -> pl.DataFrame:
    kept = [name for name in results.columns if not name.endswith("_seconds")]
    return results.select(kept).sort("experiment", "chain_id", "n_seen", "model_params")


class Watching(Reporter):
    """Remembers which rows were computed."""

    def __init__(self) -> None:
        self.computed: list[tuple[str, int]] = []

    def generation(self, row):
        super().generation(row)
        self.computed.append((row.chain_id, row.n_seen))


def run(out, corpus, watching=None, **changes):
    return run_sweep(sweep(**changes), corpus, out, executor="inprocess", progress=watching)


def test_results_have_the_contracts_columns_and_every_row_once(tmp_path, corpus):
    results = run(tmp_path, corpus).results()
    assert results.columns[-1] == "experiment"
    assert results.height == 4 * 3
    assert results.select("chain_id", "generation").is_unique().all()
    assert open_run(tmp_path).results().equals(results)


def test_running_again_computes_nothing(tmp_path, corpus):
    first = run(tmp_path, corpus).results()
    watching = Watching()
    assert run(tmp_path, corpus, watching).results().equals(first)
    assert watching.computed == []
    assert len(open_run(tmp_path).sweeps) == 1


@pytest.mark.parametrize("more", [{"seeds": 3}, {"rates": [0, 0.2, 0.5]}, {"label_rule": "argmax,human-only"}])
def test_more_of_an_axis_computes_only_what_is_missing(tmp_path, corpus, more):
    before = run(tmp_path / "a", corpus).results()
    watching = Watching()
    after = run(tmp_path / "a", corpus, watching, **more).results()
    assert len(watching.computed) == len(set(watching.computed)) == after.height - before.height > 0
    fresh = run(tmp_path / "b", corpus, **more).results()
    assert table(after).equals(table(fresh))


def test_a_larger_final_size_goes_on_and_a_smaller_one_cuts(tmp_path, corpus):
    run(tmp_path / "a", corpus)
    watching = Watching()
    after = run(tmp_path / "a", corpus, watching, final_size=550, experiment="longer").results()
    assert {size for _, size in watching.computed} == {400, 500, 550}
    longer = after.filter(experiment="longer").drop("experiment")
    fresh = run(tmp_path / "b", corpus, final_size=550).results().drop("experiment")
    key = ["chain_id", "n_seen"]
    kept = [name for name in fresh.columns if not name.endswith("_seconds")]
    assert longer.select(kept).sort(key).equals(fresh.select(kept).sort(key))
    assert sorted(after.filter(experiment="sweep")["n_seen"].unique()) == [100, 200, 300]

    watching = Watching()
    off_schedule = run(tmp_path / "a", corpus, watching, final_size=250, experiment="short").results()
    assert {size for _, size in watching.computed} == {250}
    fresh = run(tmp_path / "c", corpus, final_size=250, experiment="short").results()
    assert table(off_schedule.filter(experiment="short")).equals(table(fresh))


def test_a_chain_asked_for_under_other_words_is_the_same_chain(tmp_path, corpus):
    run(tmp_path, corpus)
    watching = Watching()
    results = run(tmp_path, corpus, watching, model_param="alpha=1.0", experiment="again").results()
    assert watching.computed == []
    assert set(results.filter(experiment="again")["model_params"]) == {"alpha=1.0"}


@pytest.mark.parametrize("n_events", [1, 2, 4, 5, 9])
def test_stopped_anywhere_the_same_command_ends_with_the_same_table(tmp_path, corpus, n_events):
    expected = run(tmp_path / "a", corpus, final_size=450).results()

    class Stopping(InProcessExecutor):
        def run(self, *arguments):
            for i, event in enumerate(super().run(*arguments)):
                if i == n_events:
                    raise KeyboardInterrupt
                yield event

    with pytest.raises(KeyboardInterrupt):
        run_sweep(sweep(final_size=450), corpus, tmp_path / "b", executor=Stopping())
    assert open_run(tmp_path / "b").results().height == n_events - n_events // 6  # a ChainDone is no row
    watching = Watching()
    assert table(run(tmp_path / "b", corpus, watching, final_size=450).results()).equals(table(expected))
    assert len(watching.computed) == expected.height - (n_events - n_events // 6)


def test_a_damaged_chain_is_computed_again(tmp_path, corpus):
    expected = run(tmp_path, corpus).results()
    first, second, *_ = sorted((tmp_path / "chains").iterdir())
    first.write_bytes(first.read_bytes()[:-100])
    second.write_bytes(b"")
    watching = Watching()
    assert table(run(tmp_path, corpus, watching).results()).equals(table(expected))
    assert len(watching.computed) == 6


class Failing(InProcessExecutor):
    """Lets the chains of one seed fail after their first generation."""

    def run(self, corpus, tasks, state_of):
        for event in super().run(corpus, tasks, state_of):
            begins = isinstance(event, GenerationDone) and event.result.row.generation == 0
            if event.task.spec.seed == 1 and not begins:
                yield ChainFailed(event.task, "ValueError: no", "Traceback …\nValueError: no")
                continue
            yield event


def test_a_failed_chain_is_no_result_and_does_not_stop_the_others(tmp_path, corpus):
    failing = run_sweep(sweep(), corpus, tmp_path, executor=Failing())
    assert len(failing.failed(sweep())) == 2
    reasons = [json.loads(path.read_text())["reason"] for path in (tmp_path / "failures").iterdir()]
    assert reasons == ["ValueError: no", "ValueError: no"]
    assert len(list((tmp_path / "chains").iterdir())) == 2
    mended = run(tmp_path, corpus)
    assert mended.failed(sweep()) == []
    assert mended.results().height == 12


def test_a_learner_that_raises_is_recorded(tmp_path, corpus):
    broken = run(tmp_path, corpus, model_param="alpha=-1")
    assert len(broken.failed(sweep(model_param="alpha=-1"))) == 4
    failure = json.loads(next((tmp_path / "failures").iterdir()).read_text())
    assert "alpha" in failure["reason"]
    assert "Traceback" in failure["details"]


def test_another_corpus_is_refused_and_nothing_is_touched(tmp_path, corpus):
    run(tmp_path, corpus)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(RunFolderError, match="holds a run on the corpus 'generated'"):
        run(tmp_path, replace(corpus, fingerprint="other", name="other"), seeds=5)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_too_small_a_corpus_is_refused_before_anything_is_written(tmp_path, corpus):
    with pytest.raises(SpecError, match=r"needs 5,200 documents .* has 1,500: make the sizes 0\.28 times as large \(--scale"):
        run(tmp_path / "run", corpus, final_size=5000)
    with pytest.raises(SpecError, match="has n-grams up to 1"):
        run(tmp_path / "run", corpus, max_ngram=2)
    assert not (tmp_path / "run").exists()


def test_other_versions_are_one_warning(tmp_path, corpus):
    run(tmp_path, corpus)
    spec = json.loads((tmp_path / "spec.json").read_text())
    spec["versions"]["numpy"] = "1.0"
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    with pytest.warns(UserWarning, match=r"begun with other versions: numpy 1\.0 then"):
        run(tmp_path, corpus)


def test_no_run_is_an_error(tmp_path):
    with pytest.raises(RunFolderError, match="Found no run in"):
        open_run(tmp_path)


def test_longest_chains_start_first(tmp_path, corpus):
    class Noting(InProcessExecutor):
        def run(self, corpus, tasks, state_of):
            self.tasks: list[ChainTask] = list(tasks)
            yield from super().run(corpus, tasks, state_of)

    executor = Noting()
    run_sweep(sweep(initial_size=[100, 200, 300]), corpus, tmp_path, executor=executor)
    sizes = [sum(task.spec.sizes()) for task in executor.tasks]
    assert sizes == sorted(sizes, reverse=True)
    assert isinstance(next(executor.run(corpus, executor.tasks[:1], lambda task: None)), Event)
