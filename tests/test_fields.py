"""Declared fields: what pydantic, spec files and the command line make of them."""

from __future__ import annotations

import re

import pytest

from modelcollapse import load_corpus, search_generational, search_hyperparameters
from modelcollapse.cli import command_line
from modelcollapse.cli.options import ExecutorOptions, RunOptions
from modelcollapse.corpora import CorpusOptions
from modelcollapse.corpora.option_fields import CorpusFields
from modelcollapse.fields import declared
from modelcollapse.searches.generational import SearchSettings
from modelcollapse.searches.hyperparameters import GridSettings
from modelcollapse.searches.settings_fields import GridFields, SearchFields
from modelcollapse.sweeps.sweep import Sweep
from modelcollapse.sweeps.sweep_fields import SweepFields


@pytest.mark.parametrize(
    ("model", "fields"),
    [(Sweep, SweepFields), (CorpusOptions, CorpusFields), (GridSettings, GridFields), (SearchSettings, SearchFields)],
)
def test_a_model_has_the_declared_fields_and_defaults_and_no_others(model, fields):
    assert list(model.model_fields) == list(declared(fields))
    for name, found in model.model_fields.items():
        default = declared(fields)[name].default
        assert found.is_required() if default is ... else found.default == default


@pytest.mark.parametrize(
    ("path", "groups"),
    [
        (["run"], [SweepFields, RunOptions, CorpusFields]),
        (["plan"], [SweepFields]),
        (["resume"], [RunOptions]),
        (["reproduce"], [RunOptions]),
        (["hyperparameters"], [GridFields, ExecutorOptions]),
        (["generational"], [SearchFields, ExecutorOptions]),
        (["corpus", "build"], [CorpusFields]),
        (["corpus", "info"], [CorpusFields]),
    ],
)
def test_a_command_has_an_option_for_every_field_that_has_help(path, groups):
    command = command_line()
    for name in path:
        command = command.commands[name]  # type: ignore[attr-defined]
    options = {parameter.name: parameter for parameter in command.params}
    for group in groups:
        for name, (_, field, _) in declared(group).items():
            if field.help:
                assert options[name].help == field.help  # type: ignore[attr-defined]
                assert f"--{name.replace('_', '-')}" in options[name].opts
            else:
                assert name in ("experiment", "domain")


def test_sweeps_do_not_share_what_is_declared_once():
    one, other = (Sweep(rates=0, initial_size=1) for _ in range(2))
    one.model_param["max_depth"] = (1,)
    assert other.model_param == SweepFields.model_param == {}


@pytest.mark.parametrize(
    ("thing", "fields"),
    [
        (search_hyperparameters, GridFields),
        (search_generational, SearchFields),
        (CorpusOptions, CorpusFields),
        (load_corpus, CorpusFields),
    ],
)
def test_help_says_what_every_field_is(thing, fields):
    for name, (_, field, _) in declared(fields).items():
        assert re.search(rf"^ +{name} : .+\n +{re.escape(field.help)}$", thing.__doc__ or "", re.MULTILINE)
