"""The settings of both searches: options of the command line, and of `search_hyperparameters`, `search_generational`.

Their defaults stand in ``searches.toml``.
"""

from __future__ import annotations

from typing import Annotated, Any

from modelcollapse.fields import Field
from modelcollapse.simulation.parsing import parse_params


class GridFields:
    """What can be said of a grid search."""

    grid: Annotated[
        dict[str, tuple[Any, ...]],
        Field("A parameter and its values: max_depth=5,20,None. May be repeated.  [all]", parse_params, list[str]),
    ]
    documents: Annotated[int, Field("Documents to cross-validate on.  [800]", ge=4)]
    folds: Annotated[int, Field("Parts that are the test set in turn.  [5]", ge=2)]
    folds_per_task: Annotated[int, Field("Folds that one task carries out.  [5]", ge=1)]
    seed: Annotated[int, Field("Draws the documents.  [0]", ge=0)]


class SearchFields:
    """What can be said of an evolutionary search."""

    variants: Annotated[int, Field("Variants to begin with.  [100]", ge=1)]
    parents: Annotated[int, Field("The best, which bear children.  [10]", ge=1)]
    children: Annotated[int, Field("Children of each parent.  [10]", ge=1)]
    train_size: Annotated[int, Field("Documents to train on.  [10000]", ge=2)]
    test_size: Annotated[int, Field("Documents of the test set.  [10000]", ge=1)]
    seeds: Annotated[int, Field("Trainings of each variant, averaged.  [5]", ge=1)]
    max_generations: Annotated[int, Field("Generations of children at most.  [10]", ge=0)]
    trees: Annotated[int | None, Field("Trees that mutation begins with.  [1000]", ge=1)] = None
