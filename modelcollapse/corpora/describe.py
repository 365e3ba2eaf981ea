"""What a corpus is and how it came about, as rows ``(what, value)`` of a table."""

from __future__ import annotations

import numpy as np

from modelcollapse import notebook
from modelcollapse.corpora.corpus import Corpus
from modelcollapse.corpora.dense import AnyCorpus, DenseCorpus
from modelcollapse.corpora.reading.labels import TWO

_QUANTILES = ("min", "p10", "p25", "median", "p75", "p90", "max")
_SHOWN_IF_FALSE = ("lemmatize", "stopwords")

#: What columns of a file are taken for.
_ROLES = ("text", "features", "not used", "label", "rating")

#: So many of the largest classes are named.
_SHOWN_CLASSES = 10


def card(corpus: AnyCorpus) -> str:
    """Return what a notebook shows of a corpus: all of what is said below."""
    (_, name), *facts = describe_corpus(corpus)
    return notebook.card(f"Corpus {name}", dict([*facts, *describe_origin(corpus), *describe_rows(corpus)]))


def describe_corpus(corpus: AnyCorpus) -> list[tuple[str, str]]:
    """Say a corpus' size, balance, lengths and identity."""
    rows = [("corpus", corpus.name), ("documents", f"{corpus.n_documents:,}"), *_describe_classes(corpus)]
    rows += _describe_numbers(corpus) if isinstance(corpus, DenseCorpus) else _describe_counts(corpus)
    if corpus.origin is not None and (error := corpus.origin.bayes_error) is not None:
        rows.append(("Bayes error", f"{error.error:.4f} ± {error.standard_error:.4f}"))
    return [*rows, ("fingerprint", corpus.fingerprint)]


def _describe_classes(corpus: AnyCorpus) -> list[tuple[str, str]]:
    counts = np.bincount(corpus.labels, minlength=len(corpus.classes))
    if len(counts) == 2:
        positive = "positive" if corpus.classes == TWO else f"positive: {corpus.classes[1]}"
        rows = [(positive, f"{counts[1]:,} ({counts[1] / corpus.n_documents:.1%})")]
        return rows if corpus.classes == TWO else [("negative", corpus.classes[0]), *rows]
    largest = sorted(range(len(counts)), key=lambda c: -counts[c])
    shown = [f"{corpus.classes[c]} {counts[c]:,}" for c in largest[:_SHOWN_CLASSES]]
    others = [f"…, {corpus.classes[largest[-1]]} {counts[largest[-1]]:,}"] if len(counts) > _SHOWN_CLASSES else []
    return [("classes", f"{len(counts):,}: {', '.join([*shown, *others])}")]


def _describe_numbers(corpus: DenseCorpus) -> list[tuple[str, str]]:
    first = corpus.features[:1]
    is_constant = np.ones(corpus.n_terms, bool)
    for part in corpus.parts():
        is_constant &= ((part == first) | (np.isnan(part) & np.isnan(first))).all(axis=0)
    rows = [("columns", f"{corpus.n_terms:,}")]
    if is_constant.any():
        rows.append(("constant columns", f"{int(is_constant.sum()):,}"))
    return [*rows, ("missing values", f"{corpus.n_missing:,} ({corpus.n_missing / corpus.n_values:.1%})")]


def _describe_counts(corpus: Corpus) -> list[tuple[str, str]]:
    rows = [("terms", f"{corpus.n_terms:,}")]
    orders = np.bincount(corpus.term_orders)
    if len(orders) > 2:
        rows.append(("terms by n-gram order", ", ".join(f"{n}: {orders[n]:,}" for n in range(1, len(orders)))))
    if corpus.origin is not None and (tokens := corpus.origin.tokens) is not None:
        quantiles = ", ".join(f"{name} {getattr(tokens, name):,}" for name in _QUANTILES)
        rows += [
            ("words", f"{tokens.total:,}"),
            ("words a document", f"mean {tokens.mean:.1f}, {quantiles}"),
            ("documents left empty", f"{tokens.empty_documents:,}"),
        ]
    return [*rows, ("counts stored", f"{len(corpus.data):,}")]


def describe_origin(corpus: AnyCorpus) -> list[tuple[str, str]]:
    """Say what a corpus was made of and with which options; nothing if that is not known."""
    if corpus.origin is None:
        return []
    rows = []
    for file in corpus.origin.rows.files:
        columns = "; ".join(f"{key}: {file[key]}" for key in _ROLES if key in file)
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


def describe_rows(corpus: AnyCorpus) -> list[tuple[str, str]]:
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
