"""A run's folder in an S3 bucket, served by moto on this machine."""

from __future__ import annotations

import itertools
import json
import os

import fsspec
import pytest

from modelcollapse import open_run, run_sweep
from modelcollapse.errors import RunFolderError
from modelcollapse.execution.executors import InProcessExecutor
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.simulation.sweep import Sweep

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
    assert stored.folder.names("partial", ".parquet") == []
    assert len(stored.folder.names("chains", ".parquet")) == 4
    assert b"reached its end" in (stored.folder.read("log.txt") or b"")
    assert stored.folder.read("lock.json") is None


def test_the_lock_is_created_only_where_there_is_none(bucket):
    folder, other = RunFolder(f"{bucket}/b"), RunFolder(f"{bucket}/b")
    with folder.locked():
        assert json.loads(folder.read("lock.json") or b"")["process"] == os.getpid()
        with pytest.raises(FileExistsError):
            fsspec.filesystem("s3").pipe_file(f"{bucket}/b/lock.json", b"", mode="create")
        with pytest.raises(RunFolderError, match="Another process"), other.locked():
            pass
    with other.locked():
        pass


def test_a_bucket_that_is_not_there_is_one_line(bucket, corpus):
    with pytest.raises(RunFolderError, match="Cannot write s3://missing/a"):
        run_sweep(SWEEP, corpus, "s3://missing/a", executor="inprocess")
