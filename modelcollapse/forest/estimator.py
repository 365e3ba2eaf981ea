"""The public face of the forest: a scikit-learn classifier."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from joblib import effective_n_jobs
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from modelcollapse.forest.compilation import Array
from modelcollapse.forest.shards import (
    ForestParameters,
    check_integer,
    count_documents,
    grow_trees,
    predict_votes,
    probabilities,
)

Labels = npt.NDArray[Any]


class SparseForestClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A random forest for two classes and sparse data that are not negative, such as word counts.

    Its trees have the same distribution as those of :class:`sklearn.ensemble.RandomForestClassifier` with the same
    parameters; single trees differ, as the random numbers do. The same seed gives the same bits for any `n_jobs`.

    Parameters
    ----------
    n_estimators : int
        Number of trees.
    max_depth : int or None
        Largest depth of a tree; None for no limit.
    max_features : {"sqrt", "log2"}, int, float or None
        Terms drawn per split: ``max(1, int(√V))``, ``max(1, int(log2(V)))``, that many, that share, all.
    min_samples_split : int
        Documents that a node must have to be split, at least 2.
    min_samples_leaf : int
        Documents that each child must have, at least 1.
    bootstrap : bool
        Whether every tree sees its own bootstrap sample instead of all documents. A document that was drawn twice
        counts twice in impurities and probabilities, and once in `min_samples_split` and `min_samples_leaf`.
    criterion : {"gini"}
        The impurity.
    random_state : int, RandomState or None
        Source of the forest's seed.
    n_jobs : int or None
        Threads: None is 1 (outside of a joblib context), −1 all processors.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
        One or two labels. Trained on a single class, the forest is the constant predictor of that class.
    n_features_in_ : int
        Number of columns.
    trees_ : modelcollapse.forest.trees.Trees
        The trees as flat arrays.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> from modelcollapse.forest import SparseForestClassifier
    >>> X = sparse.random_array((100, 30), density=0.2, rng=np.random.default_rng(0), format="csr")
    >>> y = (X[:, [0]].toarray().ravel() > 0).astype(int)
    >>> forest = SparseForestClassifier(n_estimators=50, bootstrap=False, random_state=0).fit(X, y)
    >>> float(forest.score(X, y))
    1.0
    """

    def __init__(
        self,
        n_estimators: int = 100,
        *,
        max_depth: int | None = None,
        max_features: str | int | float | None = "sqrt",
        min_samples_split: int = 2,
        min_samples_leaf: int = 1,
        bootstrap: bool = True,
        criterion: str = "gini",
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_estimators = n_estimators
        self.max_depth = max_depth
        self.max_features = max_features
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.bootstrap = bootstrap
        self.criterion = criterion
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any) -> Self:
        """Grow the forest.

        Parameters
        ----------
        X : sparse matrix, sparse array or array-like, shape (n_documents, n_features)
            Values that are finite and not negative. CSR is used as it is; everything else is converted to it.
        y : array-like, shape (n_documents,)
            One or two different labels.

        Raises
        ------
        ValueError
            If a parameter is not possible, values are negative, NaN or infinite, or there are three classes.
        """
        parameters = self.tree_parameters()
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=_DTYPES)
        check_classification_targets(y)
        classes, labels = np.unique(y, return_inverse=True)
        if len(classes) > 2:
            raise ValueError(
                "Only binary classification is supported. The type of the target is multiclass. "
                f"Found {len(classes)} classes: use labels of two"
            )
        documents = *_canonical(X, type(self).__name__), np.arange(X.shape[0]), labels.astype(np.uint8)
        self.trees_ = grow_trees(
            *documents,
            parameters,
            seed=self.draw_seed(),
            numbers=range(self.n_estimators),
            active=np.ones(X.shape[1], bool),
            frequency=count_documents(*documents, X.shape[1]),
            n_threads=effective_n_jobs(self.n_jobs),
        )
        self.classes_ = classes
        return self

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Average each class's share in a document's leaf over the trees.

        Returns
        -------
        ndarray of float64, shape (n_documents, n_classes)
            In the order of `classes_`; rows add up to 1.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=_DTYPES, reset=False)
        counts, rows = _canonical(X, type(self).__name__), np.arange(X.shape[0])
        votes = predict_votes(self.trees_, *counts, rows, self.n_features_in_, effective_n_jobs(self.n_jobs))
        positive = probabilities(votes, self.trees_.n_trees)
        return np.column_stack([1.0 - positive, positive])[:, : len(self.classes_)]

    def predict(self, X: Any) -> Labels:
        """Return the class with the larger probability, the first at exactly 0.5; shape (n_documents,)."""
        most_likely = self.predict_proba(X).argmax(axis=1)
        return self.classes_[most_likely]

    def tree_parameters(self) -> ForestParameters:
        """Return what a tree of this forest is like.

        Raises
        ------
        ValueError
            If a parameter is not possible.
        """
        check_integer("n_estimators", self.n_estimators, 1)
        if self.criterion != "gini":
            raise ValueError(f"criterion={self.criterion!r} is not possible: use 'gini'")
        return ForestParameters(
            self.max_depth, self.max_features, self.min_samples_split, self.min_samples_leaf, self.bootstrap
        )

    def draw_seed(self) -> int:
        """Draw the seed that `fit` hands to the kernels, in [0, 2³¹ − 1): always the same for an int as source."""
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def _validate_params(self) -> None:
        """Raise a ValueError if a parameter is not possible (scikit-learn's name for it)."""
        self.tree_parameters()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        tags.classifier_tags.multi_class = False
        return tags


#: Everything that is neither int32 nor float32 becomes float32, as in scikit-learn's trees.
_DTYPES = [np.float32, np.int32]


def _canonical(X: Any, name: str) -> tuple[Array, Array, Array]:
    """Return (data, indices, indptr) with the kernels' types, no repeated entries, and nothing negative."""
    matrix = sparse.csr_matrix(X)
    if not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()
    if matrix.data.min(initial=0) < 0:
        raise ValueError(f"Negative values in data passed to {name}: use counts or other values of at least 0")
    return matrix.data, matrix.indices.astype(np.int32, copy=False), matrix.indptr.astype(np.int64, copy=False)
