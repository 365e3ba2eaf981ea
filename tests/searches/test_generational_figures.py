from __future__ import annotations

import polars as pl
import pytest

from modelcollapse.searches.generational_figures import lineages, search_figure

GENES = {
    "min_df": 1, "max_ngram": 1, "max_features": "sqrt", "n_estimators": 1000, "max_depth": 20,
    "min_samples_split": 2, "min_samples_leaf": 1, "bootstrap": False,
}  # fmt: skip


@pytest.fixture
def variants() -> pl.DataFrame:
    def variant(name, parent, score, is_best=False, **genes):
        (generation, number), (parent_generation, parent_number) = name, parent or (None, None)
        return {
            "generation": generation, "number": number, "parent_generation": parent_generation,
            "parent_number": parent_number, "score": score, "sd": 0.01, "inherited_rate": 0.05,
            "collapse_rate": 0.05 * bool(parent), "wrong_labels": 0.0, **GENES, **genes, "is_best": is_best,
        }  # fmt: skip

    return pl.DataFrame(
        [
            variant((0, 0), None, 0.80),
            variant((0, 1), None, 0.84, is_best=True, min_df=2),
            variant((1, 0), (0, 0), 0.81, max_depth=25),
            variant((2, 0), (1, 0), 0.85, is_best=True, max_depth=25, bootstrap=True),
        ]
    )


def test_lineages_lead_from_the_best_to_their_founders(variants):
    table = lineages(variants)
    assert table.select("rank", "steps_back", "variant", "changed").rows() == [
        (1, 0, "2/0", "bootstrap False → True"),
        (1, 1, "1/0", "max_depth 20 → 25"),
        (1, 2, "0/0", ""),
        (2, 0, "0/1", "min_df 1 → 2"),
    ]
    assert table["has_parent"].to_list() == [True, True, False, False]


def test_the_figure_shows_every_variant_and_every_child(variants):
    left, right = search_figure(variants).axes
    dots = [tuple(point) for points in left.collections for point in points.get_offsets()]
    assert sorted(y for _, y in dots) == pytest.approx(sorted(variants["score"]))
    best, mean = left.get_lines()
    assert list(best.get_ydata()) == pytest.approx([0.84, 0.84, 0.85])
    assert list(mean.get_ydata()) == pytest.approx([0.82, 0.81, 0.85])
    children = [float(x) for points in right.collections for point in points.get_offsets() for x in point]
    assert children == pytest.approx([0.05, 0.81, 0.05, 0.85])
