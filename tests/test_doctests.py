"""Every call that users make has an example, and the examples are true."""

from __future__ import annotations

import doctest
import inspect
from typing import Any

import pytest

import modelcollapse
from modelcollapse.runs.results import Results
from modelcollapse.runs.run import Run
from modelcollapse.sweeps import experiments

#: Classes that calls return: what they are for stands with the calls.
_RETURNED = {"Comparison", "FileResults", "Results", "Run", "Search"}
#: Methods without an example of their own: what they say is for other code.
_INNER = {"about", "chains", "failed", "is_readable", "sweeps_to_run"}


def calls() -> dict[str, Any]:
    public = {name: getattr(modelcollapse, name) for name in modelcollapse.__all__ if name not in _RETURNED}
    public.pop("ModelCollapseError")
    for owner in (Results, Run):
        for name, method in vars(owner).items():
            if inspect.isfunction(method) and name[0] != "_" and name not in _INNER:
                public[f"Run.{name}"] = getattr(Run, name)
    return public


def run_examples(name: str, docstring: str, names: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    test = doctest.DocTestParser().get_doctest(docstring, names, name, None, 0)
    failed, tried = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, clear_globs=False)
    assert failed == 0, f"an example of {name} is not true: see above"
    return tried, test.globs


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """Return what the package's own example leaves behind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("examples"))
        patch.setenv("MODELCOLLAPSE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(experiments, "STUDY", ("baseline", "total-collapse"))  # two steps of the five are soon done
        patch.setattr(experiments, "SETS", {"laws": ("laws-gaussian",)})
        tried, names = run_examples("modelcollapse", modelcollapse.__doc__ or "", {})
        assert tried == 6
        yield names


@pytest.mark.parametrize("name", sorted(calls()))
def test_the_example_is_true(name, names):
    docstring = inspect.getdoc(calls()[name]) or ""
    assert run_examples(name, docstring, names)[0] > 0, "has no example"


def parameters() -> list[str]:
    return [name for name, call in calls().items() if inspect.isfunction(call) and inspect.signature(call).parameters]


@pytest.mark.parametrize("name", parameters())
def test_every_parameter_is_documented(name):
    call = calls()[name]
    docstring = inspect.getdoc(call) or ""
    head = docstring.partition("Parameters\n----------\n")[2].partition("\n\n")[0]
    documented = {
        word.strip("* ")
        for line in head.splitlines()
        if not line.startswith(" ")
        for word in line.partition(" : ")[0].split(",")
    }
    assert {parameter for parameter in inspect.signature(call).parameters if parameter != "self"} <= documented
