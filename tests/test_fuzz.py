"""A small share of what scripts/fuzz.py does."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from modelcollapse.errors import SpecError
from modelcollapse.sweeps.sweep import Sweep


@pytest.mark.filterwarnings("ignore:.* was begun with other versions")
def test_no_reader_answers_with_a_traceback(monkeypatch, capsys):
    script = Path(__file__).parents[1] / "scripts" / "fuzz.py"
    monkeypatch.syspath_prepend(script.parent)
    spec = importlib.util.spec_from_file_location("fuzz", script)
    assert spec is not None
    assert spec.loader is not None
    fuzz = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fuzz)
    monkeypatch.setattr("sys.argv", ["fuzz.py", "--inputs", "1500", "--seed", "7"])
    with pytest.raises(SystemExit) as ended:
        fuzz.main()
    assert not ended.value.code, capsys.readouterr().out


@pytest.mark.parametrize("rates", ["1e999999999", "0:1:1e-999999999", "\udcff"])
def test_what_once_hung_or_gave_a_traceback(rates):
    with pytest.raises(SpecError, match=r"ordinary size|expected text in UTF-8"):
        Sweep(rates=rates, initial_size=10)


@pytest.mark.parametrize("field", ["model", "regime", "label_rule", "model_param"])
def test_a_number_is_no_name(field):
    with pytest.raises(SpecError, match="found 3, expected"):
        Sweep(rates=0, initial_size=10, **{field: 3})
