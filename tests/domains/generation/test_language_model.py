import ast
import inspect
import textwrap

import pytest

from modelcollapse.domains.generation import model_check
from modelcollapse.domains.generation.language_model import LanguageModel
from modelcollapse.domains.generation.models import ForeignModel
from modelcollapse.domains.generation.ngram import Ngram
from modelcollapse.simulation.spec import Model


def example():
    """Return the code of the contract's example."""
    _, _, after = inspect.cleandoc(LanguageModel.__doc__).partition("::\n")
    return textwrap.dedent(after)


def test_the_example_compiles_and_has_what_the_contract_asks_for():
    code = example()
    compile(code, "example", "exec")
    (model,) = (node for node in ast.parse(code).body if isinstance(node, ast.ClassDef))
    methods = {node.name: node for node in model.body if isinstance(node, ast.FunctionDef)}
    for name in ("fit", "sample", "log_prob"):
        wanted = [*inspect.signature(getattr(LanguageModel, name)).parameters]
        assert [each.arg for each in methods[name].args.args] == wanted
    init = methods["__init__"].args
    assert [each.arg for each in init.args[:2]] == ["self", "n_types"]
    assert len(init.defaults) == len(init.args) - 2


def test_the_example_is_a_language_model_where_its_library_is_installed(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    (tmp_path / "my_recurrent.py").write_text(example())
    monkeypatch.syspath_prepend(tmp_path)
    model_check._try(Model("my_recurrent:Recurrent", (("width", 8),)))


def test_our_own_models_keep_the_contract():
    for name in ("fit", "sample", "log_prob"):
        wanted = [*inspect.signature(getattr(LanguageModel, name)).parameters]
        for model in (Ngram, ForeignModel):
            assert [*inspect.signature(getattr(model, name)).parameters][: len(wanted)] == wanted
