"""A random forest for sparse counts: scikit-learn's distribution over trees, many times faster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelcollapse.forest.estimator import SparseForestClassifier

__all__ = ["SparseForestClassifier"]


def __getattr__(name: str) -> Any:
    """Import Numba and scikit-learn only when the forest is asked for."""
    if name == "SparseForestClassifier":
        from modelcollapse.forest.estimator import SparseForestClassifier

        return SparseForestClassifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
