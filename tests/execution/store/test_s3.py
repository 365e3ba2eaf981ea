"""A run's folder in an S3 bucket, served by moto on this machine."""

from __future__ import annotations

import itertools
import json
import os

import pytest

from modelcollapse import open_run, run_sweep
from modelcollapse.errors import RunFolderError
from modelcollapse.execution.executors import InProcessExecutor
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.store.paths import PATHS
from modelcollapse.execution.store.spec import RunSpec, StoredCorpus
from modelcollapse.sweeps.sweep import Sweep

SWEEP = Sweep(
    rates=[0, 0.5], seeds=2, initial_size=100, final_size=400, increment=100, test_size=200, model="naive-bayes"
)


def table(run):
    results = run.results()
    kept = [name for name in results.columns if not name.endswith("_seconds")]
    return results.select(kept).sort("chain_id", "n_seen")


def test_stopped_and_gone_on_with_the_table_is_the_local_one(bucket, corpus, tmp_path):
    class Stopping(InProcessExecutor):
        def run(self, *arguments):
            yield from itertools.islice(super().run(*arguments), 7)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_sweep(SWEEP, corpus, f"{bucket}/a", executor=Stopping())
    assert open_run(f"{bucket}/a").results().height == 6
    stored = run_sweep(SWEEP, corpus, f"{bucket}/a", executor="inprocess")
    assert table(stored).equals(table(run_sweep(SWEEP, corpus, tmp_path, executor="inprocess")))
    assert stored.folder.ids(PATHS.partial) == []
    assert len(stored.folder.ids(PATHS.chains)) == 4
    assert b"reached its end" in (stored.folder.read("log.txt") or b"")
    assert stored.folder.read("lock.json") is None


def test_a_second_driver_is_refused(bucket):
    folder, other = RunFolder(f"{bucket}/b"), RunFolder(f"{bucket}/b")
    with folder.locked():
        assert json.loads(folder.read("lock.json") or b"")["process"] == os.getpid()
        with pytest.raises(RunFolderError, match="Another process"), other.locked():
            pass
    with other.locked():
        pass


@pytest.mark.parametrize("is_there", [False, True])
def test_what_another_driver_writes_into_the_spec_meanwhile_is_not_lost(bucket, is_there):
    one, other = (RunFolder(f"{bucket}/c{is_there}") for _ in range(2))
    seen = []

    def with_sweep(name: str, known: RunSpec | None) -> RunSpec:
        known = known or RunSpec(corpus=StoredCorpus(name="a", fingerprint="b"), sweeps=[], models=[], versions={})
        return known.model_copy(update={"sweeps": [*known.sweeps, name], "models": [*known.models, None]})

    def while_the_other_writes(known: RunSpec | None) -> RunSpec:
        seen.append(known and known.sweeps)
        if len(seen) == 1:
            other.spec.update(lambda known: with_sweep("other's", known))
        return with_sweep("mine", known)

    before = ["first"] if is_there else []
    if is_there:
        one.spec.update(lambda known: with_sweep("first", known))
    one.spec.update(while_the_other_writes)
    assert seen == [before or None, [*before, "other's"]]
    assert other.spec.read().sweeps == [*before, "other's", "mine"]


def test_a_store_that_knows_no_conditions_is_written_plainly(bucket, monkeypatch):
    folder = RunFolder(f"{bucket}/d")
    plain = type(folder._fs).pipe_file

    def pipe_file(self, path, value, **conditions):
        if conditions:
            raise OSError(501, "A header you provided implies functionality that is not implemented.")
        return plain(self, path, value)

    monkeypatch.setattr(type(folder._fs), "pipe_file", pipe_file)
    for content in (b"1", b"2"):
        folder.update("spec.json", lambda before, content=content: content)
        assert folder.read("spec.json") == content


def test_a_bucket_that_is_not_there_is_one_line(bucket, corpus):
    with pytest.raises(RunFolderError, match="Cannot write s3://missing/a"):
        run_sweep(SWEEP, corpus, "s3://missing/a", executor="inprocess")
