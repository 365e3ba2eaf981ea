"""What a corpus is and how it came about, as rows of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from modelcollapse.corpora.corpus import Corpus


def describe_corpus(corpus: Corpus) -> list[tuple[str, str]]:
    """Rows ``(what, value)`` with a corpus' size, balance, lengths and identity."""
    n_positive = int(np.count_nonzero(corpus.labels))
    rows = [
        ("corpus", corpus.name),
        ("documents", f"{corpus.n_documents:,}"),
        ("positive", f"{n_positive:,} ({n_positive / corpus.n_documents:.1%})"),
        ("terms", f"{corpus.n_terms:,}"),
    ]
    orders = np.bincount(corpus.term_orders)
    if len(orders) > 2:
        rows.append(("terms by n-gram order", ", ".join(f"{n}: {orders[n]:,}" for n in range(1, len(orders)))))
    tokens: Mapping[str, Any] = corpus.origin["tokens"]
    rows += [
        ("words", f"{tokens['total']:,}"),
        ("words a document", f"mean {tokens['mean']:.1f}, " + ", ".join(f"{k} {tokens[k]:,}" for k in _QUANTILES)),
        ("documents left empty", f"{tokens['empty_documents']:,}"),
        ("counts stored", f"{len(corpus.data):,}"),
    ]
    if "bayes_error" in corpus.origin:
        error = corpus.origin["bayes_error"]
        rows.append(("Bayes error", f"{error['error']:.4f} ± {error['standard_error']:.4f}"))
    return [*rows, ("fingerprint", corpus.fingerprint)]


_QUANTILES = ("min", "p10", "p25", "median", "p75", "p90", "max")


def describe_origin(corpus: Corpus) -> list[tuple[str, str]]:
    """Rows ``(what, value)`` with what a corpus was made of and with which options."""
    source: Mapping[str, Any] = corpus.origin["source"]
    rows = []
    for file in corpus.origin["rows"].get("files", ()):
        columns = "; ".join(f"{key}: {file[key]}" for key in ("text", "label", "rating") if key in file)
        rows.append((file["file"], file["form"] + (f" ({columns})" if columns else "")))
    options = {**source.get("options", {}), **source.get("parameters", {})}
    given = {key: value for key, value in options.items() if value not in (None, [], False) or key in _SHOWN_IF_FALSE}
    rows.append(("options", ", ".join(f"{key}={_written(value)}" for key, value in given.items())))
    return rows


_SHOWN_IF_FALSE = ("lemmatize", "stopwords")


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "+".join(map(str, value)) if isinstance(value, list) else str(value)


def describe_rows(corpus: Corpus) -> list[tuple[str, str]]:
    """Rows ``(what, number)`` of what was read, dropped for which reason, and kept."""
    counts: Mapping[str, Any] = corpus.origin["rows"]
    return [
        ("rows read", f"{counts['read']:,}"),
        *((f"  unusable: {reason}", f"{n:,}") for reason, n in counts["bad"].items()),
        *((f"  left out: {reason}", f"{n:,}") for reason, n in counts["left_out"].items()),
        ("documents kept", f"{counts['kept']:,}"),
        ("exact duplicates found", f"{counts['duplicates']:,}"),
    ]
