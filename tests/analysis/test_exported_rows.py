from pathlib import Path

import polars as pl
import pytest

from modelcollapse.analysis.exported_rows import read_rows
from modelcollapse.analysis.statistics.arms import AnalysisError


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_exported_rows_are_read_back_the_same(rows: pl.DataFrame, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"rows{suffix}"
    plain = rows.with_columns(model_params=pl.lit(""))
    if suffix == ".csv":
        plain.write_csv(file)
    else:
        plain.write_parquet(file)
    assert read_rows(file).equals(plain.select(read_rows(file).columns))


def test_other_files_are_refused(tmp_path: Path, rows: pl.DataFrame) -> None:
    short, empty, torn = tmp_path / "short.csv", tmp_path / "empty.csv", tmp_path / "torn.parquet"
    rows.select("seed", "accuracy").write_csv(short)
    empty.touch()
    torn.write_bytes(b"PAR1 and then nothing")
    with pytest.raises(AnalysisError, match="holds no exported rows: it lacks experiment, chain_id"):
        read_rows(short)
    for file in (empty, torn):
        with pytest.raises(AnalysisError, match="Cannot read"):
            read_rows(file)
