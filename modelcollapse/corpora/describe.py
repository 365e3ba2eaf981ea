"""What a corpus is and how it came about, as rows ``(what, value)`` of a table."""

from __future__ import annotations

import numpy as np

from modelcollapse.corpora.corpus import Corpus

_QUANTILES = ("min", "p10", "p25", "median", "p75", "p90", "max")
_SHOWN_IF_FALSE = ("lemmatize", "stopwords")


def describe_corpus(corpus: Corpus) -> list[tuple[str, str]]:
    """Say a corpus' size, balance, lengths and identity."""
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
    if corpus.origin is not None:
        tokens = corpus.origin.tokens
        quantiles = ", ".join(f"{name} {getattr(tokens, name):,}" for name in _QUANTILES)
        rows += [
            ("words", f"{tokens.total:,}"),
            ("words a document", f"mean {tokens.mean:.1f}, {quantiles}"),
            ("documents left empty", f"{tokens.empty_documents:,}"),
        ]
    rows.append(("counts stored", f"{len(corpus.data):,}"))
    if corpus.origin is not None and (error := corpus.origin.bayes_error) is not None:
        rows.append(("Bayes error", f"{error.error:.4f} ± {error.standard_error:.4f}"))
    return [*rows, ("fingerprint", corpus.fingerprint)]


def describe_origin(corpus: Corpus) -> list[tuple[str, str]]:
    """Say what a corpus was made of and with which options; nothing if that is not known."""
    if corpus.origin is None:
        return []
    rows = []
    for file in corpus.origin.rows.files:
        columns = "; ".join(f"{key}: {file[key]}" for key in ("text", "label", "rating") if key in file)
        rows.append((file["file"], file["form"] + (f" ({columns})" if columns else "")))
    source = corpus.origin.source
    options = {**source.get("options", {}), **source.get("parameters", {})}
    given = {key: value for key, value in options.items() if value not in (None, [], False) or key in _SHOWN_IF_FALSE}
    rows.append(("options", ", ".join(f"{key}={_written(value)}" for key, value in given.items())))
    return rows


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "+".join(map(str, value)) if isinstance(value, list) else str(value)


def describe_rows(corpus: Corpus) -> list[tuple[str, str]]:
    """Say how many rows were read, dropped for which reason, and kept; nothing if that is not known."""
    if corpus.origin is None:
        return []
    counts = corpus.origin.rows
    return [
        ("rows read", f"{counts.read:,}"),
        *((f"  unusable: {reason}", f"{n:,}") for reason, n in counts.bad.items()),
        *((f"  left out: {reason}", f"{n:,}") for reason, n in counts.left_out.items()),
        ("documents kept", f"{counts.kept:,}"),
        ("exact duplicates found", f"{counts.duplicates:,}"),
    ]
