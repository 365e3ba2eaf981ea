from __future__ import annotations

import os
import shutil

import pytest

from modelcollapse.planning import doctor


def found(subject: str) -> doctor.Finding:
    return next(finding for finding in doctor.examine() if finding.subject == subject)


def test_looks_at_everything_a_sweep_needs():
    subjects = {finding.subject for finding in doctor.examine()}
    assert subjects >= {"Ray", "cores", "memory", "shared memory", "compiled kernels", "corpus cache"}


def test_says_what_to_change(monkeypatch, tmp_path):
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    assert "Unset RAY_ADDRESS" in found("Ray").advice
    monkeypatch.setattr(os, "getloadavg", lambda: (64.0, 0.0, 0.0))
    assert "--workers 1" in found("cores").advice
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**8, 0, 10**8))
    assert "Enlarge /dev/shm" in found("shared memory").advice
    assert "MODELCOLLAPSE_CACHE" in found("corpus cache").advice


def test_an_idle_roomy_machine_is_fine(monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**13, 0, 10**13))
    monkeypatch.setattr(os, "sysconf", lambda name: 2**20)
    assert [finding.advice for finding in doctor.examine() if finding.advice] == []


def test_a_folder_that_cannot_be_written(monkeypatch, tmp_path):
    def refused(**options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refused)
    finding = found("compiled kernels")
    assert "no folder for them can be written" in finding.found
    assert "set NUMBA_CACHE_DIR" in finding.advice
    monkeypatch.setenv("MODELCOLLAPSE_CACHE", str(tmp_path / "none"))
    assert "Permission denied" in found("corpus cache").found


def test_kernels_that_are_not_compiled(monkeypatch):
    monkeypatch.setattr("numba.config.DISABLE_JIT", 1)
    assert found("compiled kernels").found == "none: NUMBA_DISABLE_JIT is set"
    assert "unset it" in found("compiled kernels").advice


def test_kernels_are_looked_for_where_numba_keeps_them():
    from modelcollapse.forest.splits import split_score

    assert found("compiled kernels").found.startswith(f"{split_score.stats.cache_path}, ")


@pytest.mark.parametrize("n_bytes", [0, 3 * 10**9])
def test_the_largest_corpus_is_weighed(monkeypatch, tmp_path, n_bytes):
    monkeypatch.setenv("MODELCOLLAPSE_CACHE", str(tmp_path))
    (tmp_path / "corpora" / "a").mkdir(parents=True)
    with (tmp_path / "corpora" / "a" / "data.npy").open("wb") as file:
        file.truncate(n_bytes)
    assert f"largest corpus {n_bytes / 1e9:.1f} GB" in found("shared memory").found
