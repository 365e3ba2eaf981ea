import logging
import os
import subprocess
import sys
import time

from modelcollapse.forest import compilation
from tests.forest.data import generated_counts
from tests.forest.helpers import grow


def start(code, cache):
    """A new process with a cache of its own."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    return subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_kernels_work_where_no_cache_can_be_written(tmp_path):
    (tmp_path / "file").touch()
    code = """
import os, sys
os.environ["HOME"] = os.environ["XDG_CACHE_HOME"] = os.environ["NUMBA_CACHE_DIR"]
from numba.core import caching
caching.CacheImpl._locator_classes[:] = caching.CacheImpl._locator_classes[:1]  # an in-tree cache cannot be forbidden
from modelcollapse.forest.splits import split_score
assert split_score(1, 0, 1, 1) == 1.0
"""
    process = start(code, tmp_path / "file" / "folder")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert said.count("compiling the forest's kernels") == 1


def test_many_workers_may_start_at_once(tmp_path):
    code = "from modelcollapse.forest.sampling import log_factorials; print(round(log_factorials(4)[4], 9))"
    processes = [start(code, tmp_path) for _ in range(4)]
    said = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0, 0], said
    assert {out for out, _ in said} == {"3.17805383\n"}
    again = start(code, tmp_path)
    out, err = again.communicate(timeout=60)
    assert (out, err) == ("3.17805383\n", "")  # nothing is compiled once more


def test_nothing_is_said_when_nothing_is_compiled(caplog):
    counts = generated_counts(60, 200)
    grow(*counts, bootstrap=False)
    caplog.clear()
    with caplog.at_level(logging.WARNING, "modelcollapse.forest"):
        grow(*counts, bootstrap=False)
    assert not caplog.records


def test_kernels_that_nobody_has_loaded_for_a_month_are_removed_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    own = tmp_path / "modelcollapse-kernels"
    ages = {"forest-" + "0" * 16: 31, "forest-" + "1" * 16: 29, "forest-" + "2" * 16: 99, "forest-inventory-2019": 99}
    for name, days in ages.items():
        for folder in (own / name, tmp_path / name):
            (folder / "forest_abc").mkdir(parents=True)
            (folder / "forest_abc" / "kernel-1.py311.nbi").touch()
            (folder / "forest_abc" / "kernel-1.py311.1.nbc.tmp.0a1b").touch()
            if name[-1] == "2":
                (folder / "data.csv").write_text("mine")
            used = time.time() - 24 * 3600 * days
            os.utime(folder, (used, used))
    (own / ("forest-" + "3" * 16)).symlink_to(tmp_path / "forest-inventory-2019")
    monkeypatch.delitem(vars(compilation.COMPILER), "cache_folder")
    here = compilation.COMPILER.cache_folder
    assert here.parent == own
    assert {path.name for path in own.iterdir()} == {*list(ages)[1:], "forest-" + "3" * 16, here.name}
    assert [path.name for path in (own / ("forest-" + "2" * 16)).iterdir()] == ["data.csv"]
    assert len(list(tmp_path.glob("forest-*/forest_abc/*"))) == 2 * len(ages)
