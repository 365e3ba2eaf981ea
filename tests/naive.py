"""The original study's procedure, written plainly: no matrix is ever kept, everything is refitted on token lists.

Given the same random choices, a chain of the package must reproduce it exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from sklearn.feature_extraction.text import CountVectorizer

from modelcollapse.simulation import streams


def naive_chain(
    documents: Sequence[list[str]],
    labels: Sequence[int],
    make_classifier: Callable[[int], Any],
    *,
    seed: int,
    rate: float,
    initial_size: int,
    final_size: int,
    increment: int,
    test_size: int,
) -> list[dict[str, float]]:
    """Train, score, label, grow; return accuracy, share of predicted positives and errors of self-labels."""
    order = [int(i) for i in streams.document_order(seed, len(documents))]
    test, pool = order[:test_size], order[test_size:]
    train_documents = [documents[i] for i in pool[:initial_size]]
    train_labels = [int(labels[i]) for i in pool[:initial_size]]
    wrong: list[bool] = []
    results = []
    generation = 0
    while True:
        vectorizer = CountVectorizer()
        training = vectorizer.fit_transform([" ".join(tokens) for tokens in train_documents])
        classifier = make_classifier(streams.model_seed(seed, generation)).fit(training, train_labels)
        predicted = classifier.predict(vectorizer.transform([" ".join(documents[i]) for i in test]))
        results.append(
            {
                "n_train": len(train_documents),
                "n_features": training.shape[1],
                "accuracy": sum(int(p) == labels[i] for p, i in zip(predicted, test, strict=True)) / test_size,
                "predicted_positive_rate": sum(int(p) for p in predicted) / test_size,
                "synthetic_label_error": sum(wrong) / len(wrong) if wrong else None,
            }
        )
        seen = len(train_documents)
        if seen == final_size:
            return results
        new = pool[seen : min(seen + increment, final_size)]
        chosen = naive_self_labelled(seed, generation, rate, len(new))
        guesses = classifier.predict(vectorizer.transform([" ".join(documents[i]) for i in new]))
        for position, document in enumerate(new):
            truth = int(labels[document])
            label = int(guesses[position]) if position in chosen else truth
            if position in chosen:
                wrong.append(label != truth)
            train_documents.append(documents[document])
            train_labels.append(label)
        generation += 1


def naive_self_labelled(seed: int, generation: int, rate: float, size: int) -> set[int]:
    """The first floor(round(rate·k, 9) + u_g) documents of a permutation, with u_g as in the design."""
    u = (streams.stream(seed, "phase").random() + generation * 0.6180339887498949) % 1.0
    count = min(size, math.floor(round(rate * size, 9) + u))
    return {int(i) for i in streams.stream(seed, "self-labelled", generation).permutation(size)[:count]}
