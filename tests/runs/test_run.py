from __future__ import annotations

import itertools
import json
import logging
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from modelcollapse import open_run, run_sweep
from modelcollapse.corpora.origin import BayesError, Lengths, Origin
from modelcollapse.corpora.reading.read_report import ReadReport
from modelcollapse.domains.catalogue import run_chain
from modelcollapse.errors import LearnerError, RunFolderError, SpecError
from modelcollapse.execution.executors import MAX_SETBACKS, InProcessExecutor
from modelcollapse.execution.progress import JsonProgress, Reporter
from modelcollapse.execution.store.chains import Chains
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.tasks import ChainTask, Event, Failed, Yielded
from modelcollapse.sweeps.sweep import Sweep
from tests.analysis.texts import run_texts

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


def run(out, corpus, watching=None, retry_failed=False, **changes):
    return run_sweep(sweep(**changes), corpus, out, executor="inprocess", progress=watching, retry_failed=retry_failed)


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
    assert open_run(tmp_path / "b").results().height == n_events - n_events // 6  # a Done is no row
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
            begins = isinstance(event, Yielded) and event.item.row.generation == 0
            if event.task.spec.seed == 1 and not begins:
                yield Failed(event.task, "ValueError: no", "Traceback …\nValueError: no", is_own=True)
                continue
            yield event


def test_a_failed_chain_is_no_result_and_does_not_stop_the_others(tmp_path, corpus):
    failing = run_sweep(sweep(), corpus, tmp_path, executor=Failing())
    assert len(failing.failed(sweep())) == 2
    reasons = [json.loads(path.read_text())["reason"] for path in (tmp_path / "failures").iterdir()]
    assert reasons == ["ValueError: no", "ValueError: no"]
    assert len(list((tmp_path / "chains").iterdir())) == 2
    watching = Watching()
    assert len(run(tmp_path, corpus, watching).failed(sweep())) == 2  # they would fail again: left out
    assert watching.computed == []
    mended = run(tmp_path, corpus, watching, retry_failed=True)
    assert [size for _, size in watching.computed] == [200, 300, 200, 300]  # from where they failed
    assert mended.failed(sweep()) == []
    assert mended.results().height == 12


class Unlucky(InProcessExecutor):
    """Gives every chain up for the machine's sake."""

    def run(self, corpus, tasks, state_of):
        for task in tasks:
            yield Failed(task, "WorkerCrashedError: no", "…", is_own=False)


def test_what_failed_for_the_machines_sake_is_simply_run(tmp_path, corpus):
    assert len(run_sweep(sweep(), corpus, tmp_path, executor=Unlucky()).failed(sweep())) == 4
    assert run(tmp_path, corpus).results().height == 12
    assert list((tmp_path / "failures").iterdir()) == []


def test_a_fault_of_the_machine_is_tried_again_from_the_last_row(tmp_path, corpus, monkeypatch):
    monkeypatch.setattr("modelcollapse.execution.executors.FIRST_PAUSE_SECONDS", 0.0)
    begun = []

    def fragile(spec, corpus, state, train):
        begun.append(0 if state is None else state.generation)
        for n, result in enumerate(run_chain(spec, corpus, state)):
            if n == 1 and spec.seed == 0:
                raise MemoryError
            if spec.seed == 1 and n == 2:
                raise OSError("gone")
            yield result

    monkeypatch.setattr("modelcollapse.execution.tasks.run_chain", fragile)
    watching = Watching()
    results = run(tmp_path, corpus, watching, rates=[0.5]).results()
    assert results.height == len(watching.computed) == 6
    assert begun == [0, 1, 2, 0, 2]


@pytest.mark.parametrize("error", [MemoryError(), ImportError("failed to map segment"), LearnerError("Found none.")])
def test_a_fault_that_stays_is_given_up(tmp_path, corpus, monkeypatch, error):
    monkeypatch.setattr("modelcollapse.execution.executors.FIRST_PAUSE_SECONDS", 0.0)
    attempts = []

    def broken(spec, corpus, state, train):
        attempts.append(spec)
        raise error
        yield

    monkeypatch.setattr("modelcollapse.execution.tasks.run_chain", broken)
    assert len(run(tmp_path, corpus, rates=[0.5], seeds=1).failed(sweep(rates=[0.5], seeds=1))) == 1
    assert len(attempts) == MAX_SETBACKS + 1


def test_a_learner_that_raises_is_recorded(tmp_path, corpus):
    failing = {"model": "sklearn.neighbors:KNeighborsClassifier", "model_param": "n_neighbors=100000"}
    broken = run(tmp_path, corpus, **failing)
    assert len(broken.failed(sweep(**failing))) == 4
    failure = json.loads(next((tmp_path / "failures").iterdir()).read_text())
    assert "n_neighbors" in failure["reason"]
    assert "Traceback" in failure["details"]


def test_another_corpus_is_refused_and_nothing_is_touched(tmp_path, corpus):
    origin = Origin({"options": {"ngrams": 1}}, ReadReport(), Lengths.of(np.array([1, 2])))
    run(tmp_path, replace(corpus, origin=origin))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    lengths = Lengths.of(np.array([1, 1, 3, 4]))  # differs because of what was asked for, which is named first
    origin = replace(
        origin, source={"kind": "files", "options": {"ngrams": 2}}, tokens=lengths, bayes_error=BayesError(0.1, 0.01)
    )
    other = replace(corpus, fingerprint="other", name="other", origin=origin)
    with pytest.raises(
        RunFolderError,
        match=r"corpus 'generated' .* differ in source\.options\.ngrams 1 there, 2 here; source\.kind None there",
    ):
        run(tmp_path, other, seeds=5)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_too_small_a_corpus_is_refused_before_anything_is_written(tmp_path, corpus):
    with pytest.raises(SpecError, match=r"needs 5,200 documents .* make the sizes 0\.28 times as large \(--scale"):
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


def test_a_checkpoint_that_went_further_than_the_finished_chain_is_used(tmp_path, corpus):
    run(tmp_path, corpus, rates=[0.5], seeds=1)

    class Stopping(InProcessExecutor):
        def run(self, *arguments):
            yield from itertools.islice(super().run(*arguments), 2)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_sweep(sweep(rates=[0.5], seeds=1, final_size=700), corpus, tmp_path, executor=Stopping())
    watching = Watching()
    run(tmp_path, corpus, watching, rates=[0.5], seeds=1, final_size=700)
    assert [size for _, size in watching.computed] == [500, 600, 700]  # the first event was 300 once more


@pytest.mark.parametrize("step", [(Chains, "finish"), (RunFolder, "remove")])
def test_a_driver_killed_between_two_steps_of_a_chains_end(tmp_path, corpus, monkeypatch, step):
    def killed(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("modelcollapse.execution.drive.CHECKPOINT_SECONDS", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(*step, killed)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, corpus, rates=[0.5], seeds=1)
    assert len(list((tmp_path / "partial").iterdir())) == 1
    watching = Watching()
    assert run(tmp_path, corpus, watching, rates=[0.5], seeds=1).results().height == 3
    assert watching.computed == []
    assert list((tmp_path / "partial").iterdir()) == []
    assert len(list((tmp_path / "chains").iterdir())) == 1


def test_a_full_disk_is_one_error_and_the_same_command_goes_on(tmp_path, corpus, monkeypatch):
    expected = run(tmp_path / "a", corpus).results()
    n_written = itertools.count()

    def fsync(descriptor: int) -> None:
        if next(n_written) >= 3:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", fsync)
        with pytest.raises(RunFolderError, match=r"Cannot write .*: No space left on device\. .* same command goes on"):
            run(tmp_path / "b", corpus)
    assert not list((tmp_path / "b").rglob("*.tmp"))
    watching = Watching()
    assert table(run(tmp_path / "b", corpus, watching).results()).equals(table(expected))
    assert 0 < len(watching.computed) < 12


def test_a_folders_learner_is_not_imported_unless_someone_vouches_for_it(tmp_path, corpus, monkeypatch):
    (tmp_path / "intruder.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    run(tmp_path / "run", corpus)
    file = tmp_path / "run" / "spec.json"
    file.write_text(file.read_text().replace("naive-bayes", "intruder:Learner"))
    assert open_run(tmp_path / "run").results()["model"].unique().to_list() == ["intruder:Learner"]
    with pytest.raises(RunFolderError, match="names the learner intruder:Learner, whose code would be run"):
        open_run(tmp_path / "run").sweeps_to_run()
    monkeypatch.setenv("MODELCOLLAPSE_TRUSTED_LEARNERS", "other,intruder")
    with pytest.raises(LearnerError, match="imported"):
        run_sweep(*open_run(tmp_path / "run").sweeps_to_run(), corpus, tmp_path / "run", executor="inprocess")


def test_a_learner_of_a_sweep_that_an_older_version_stored_is_trusted_or_refused(tmp_path, corpus, monkeypatch):
    (tmp_path / "intruder.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    run(tmp_path / "run", corpus)
    file = tmp_path / "run" / "spec.json"
    older = {**json.loads(file.read_text().replace("naive-bayes", "intruder:Learner")), "format": 1}
    del older["models"]
    file.write_text(json.dumps(older))
    with pytest.raises(RunFolderError, match="names the learner intruder:Learner, whose code would be run"):
        open_run(tmp_path / "run").results()
    monkeypatch.setenv("MODELCOLLAPSE_TRUSTED_LEARNERS", "other,intruder")
    with pytest.raises(LearnerError, match="imported"):
        open_run(tmp_path / "run").results()


@pytest.mark.parametrize("sweeps", ["[1]", "[{}]", '[{"rates": [2], "initial_size": 1}]', '[{"colour": 1}]'])
def test_a_damaged_sweep_in_the_folder_is_one_line(tmp_path, corpus, sweeps):
    run(tmp_path, corpus)
    spec = json.loads((tmp_path / "spec.json").read_text())
    (tmp_path / "spec.json").write_text(json.dumps({**spec, "sweeps": json.loads(sweeps)}))
    with pytest.raises(RunFolderError, match=r"spec\.json is damaged"):
        open_run(tmp_path).results()


def test_the_log_says_what_happened_and_nothing_is_left_behind(tmp_path, corpus, caplog):
    run(tmp_path / "run", corpus)
    first, *_ = sorted((tmp_path / "run/chains").iterdir())
    first.write_bytes(b"")
    run_sweep(sweep(), corpus, tmp_path / "run", executor="inprocess", log_file=tmp_path / "my.log")
    assert "reached its end" in (tmp_path / "run/log.txt").read_text()
    assert f"{first} is damaged" in (tmp_path / "my.log").read_text()
    assert logging.getLogger("modelcollapse").handlers == []


def test_progress_for_programs(tmp_path, corpus, capsys):
    run(tmp_path, corpus, JsonProgress(), rates=[0.5], seeds=1)
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["event"] for event in events] == ["planned", *["generation"] * 3, "chain finished", "ended"]
    assert events[0]["generations"] == 3
    assert [event["row"]["n_seen"] for event in events[1:4]] == [100, 200, 300]


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


def test_a_run_of_texts_shows_what_was_written_without_its_corpus(tmp_path):
    run = run_texts(tmp_path)
    assert open_run(tmp_path).samples().equals(run.samples())
    samples = run.samples(5)
    assert samples["generation"].to_list() == [0, 1, 2] * 2
    assert samples["collapse_rate"].to_list() == [0.5] * 3 + [1.0] * 3
    assert samples["seed"].unique().to_list() == [0]
    assert samples.select(pl.col("people", "machine").str.split(" ").list.len() <= 5).to_numpy().all()
    (tmp_path / "vocabulary.json").write_text("{")
    with pytest.raises(RunFolderError, match=r"vocabulary\.json is damaged: delete it"):
        run.samples()
    run_texts(tmp_path)  # all of it is there already
    assert run.samples(5).equals(samples)
    run_texts(tmp_path, label_rule="mle")
    assert open_run(tmp_path).samples()["label_rule"].unique().sort().to_list() == ["mle", "sample"]


def test_other_domains_have_no_samples(tmp_path, corpus):
    run = run_sweep(sweep(), corpus, tmp_path, executor="inprocess")
    assert run.samples() is None
    assert not (tmp_path / "vocabulary.json").exists()
