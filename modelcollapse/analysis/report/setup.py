"""A run's set-up in words, and as a file that repeats it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from modelcollapse.analysis.formats import count, listed, parameters, percents, rule_order
from modelcollapse.analysis.report.caveats import known_counts
from modelcollapse.analysis.statistics.arms import NO_RULE
from modelcollapse.simulation.domain import NO_CORPUS


def describe_setup(rows: pl.DataFrame) -> str:
    """Describe one experiment's prepared rows in a few sentences."""
    rates = rows["collapse_rate"].unique().sort().to_list()
    starts = rows["initial_size"].unique().sort().to_list()
    sizes = rows["n_seen"].unique().sort().to_list()
    seeds = rows["seed"].n_unique()
    tests = listed([count(n) for n in rows["n_test"].unique().sort()])
    several = f"{count(starts[0])} to {count(starts[-1])} ({len(starts)} starts)"
    begin = count(starts[0]) if len(starts) == 1 else several
    generations = int(rows["generation"].max())  # type: ignore[arg-type]
    growth = f"grows to {count(sizes[-1])} in up to {generations} steps" if len(sizes) > 1 else "does not grow"
    rules = [rule for rule in sorted(rows["label_rule"].unique(), key=rule_order) if rule != NO_RULE]
    who = f"labelled by the model itself, by the label rule{'s' * (len(rules) > 1)} {listed(rules)}"
    regimes = listed(rows["regime"].unique().sort().to_list())
    sentences = [
        f"A model is trained on {begin} documents that people labelled and tested on {tests} others; "
        f"the training set then {growth}.",
        f"Of each increment {_rates(rates)} is {who}." if rules else "People label everything.",
        f"{_models(rows)}; regime {regimes}; {seeds} seed{'s' * (seeds > 1)}, each with its own order of documents, "
        "the same for all rates.",
    ]
    return " ".join(sentences)


def _rates(rates: list[float]) -> str:
    if len(rates) <= 12:
        return percents(rates)
    return f"{percents([rates[0], rates[-1]]).replace(' and ', ' … ')} ({len(rates)} rates)"


def _models(rows: pl.DataFrame) -> str:
    pairs = rows.select("model", "model_params").unique().sort("model", "model_params").iter_rows()
    words = [f"{model} ({', '.join(parameters(params))})" if params else str(model) for model, params in pairs]
    shown = words if len(words) <= 4 else [*words[:4], f"{len(words) - 4} more"]
    return f"Model{'s' * (len(words) > 1)}: {listed(shown)}"


def describe_corpus(corpus: Mapping[str, Any]) -> str:
    """Name a corpus with what is known of its size."""
    n_documents = known_documents(corpus)
    return str(corpus["name"]) + ("" if n_documents is None else f" ({count(n_documents)} documents)")


def known_documents(corpus: Mapping[str, Any]) -> int | None:
    """Return how many documents a corpus has, where its origin says so."""
    kept = known_counts(corpus).get("kept")
    return kept if isinstance(kept, int) else None


def as_toml(sweep: Mapping[str, Any], corpus: Mapping[str, Any]) -> str:
    """Write a sweep's fields as a spec file for ``modelcollapse run``.

    `corpus` is what a run knows of its corpus: ``name`` and, where it was written down, ``given``: what it was loaded
    with.
    """
    stored = corpus.get("given")
    given = dict(stored) if isinstance(stored, Mapping) else {}  # a run's folder may come from anywhere
    known_by = given.pop("name_or_path", corpus["name"])
    needed = {} if corpus.get("fingerprint") == NO_CORPUS else {"corpus": known_by, **given}
    about = [f"{_key(key)} = {_toml(value)}" for key, value in needed.items()]
    lines = [f"{_key(key)} = {_toml(value)}" for key, value in sweep.items() if not isinstance(value, Mapping)]
    tables = [
        f"[{_key(key)}]\n" + "\n".join(f"{_key(name)} = {_toml(inner)}" for name, inner in value.items())
        for key, value in sweep.items()
        if isinstance(value, Mapping) and value
    ]
    return "\n".join([*about, *lines, *tables])


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml(name)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return '"None"'
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_toml(item) for item in value)}]"
    # JSON's escapes are TOML's; only DEL, which TOML does not take as it is, JSON leaves
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
