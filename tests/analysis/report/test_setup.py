import tomllib

from hypothesis import given
from hypothesis import strategies as st

from modelcollapse.analysis.report.setup import as_toml, describe_corpus
from modelcollapse.sweeps.sweep import Sweep

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.one_of(TEXT, st.booleans(), st.integers(-(2**62), 2**62), st.floats(allow_nan=False))
LISTS = st.lists(VALUES)


@given(TEXT, st.dictionaries(TEXT.filter(lambda key: key != "corpus"), st.one_of(VALUES, LISTS)),
       st.dictionaries(TEXT, LISTS, min_size=1))  # fmt: skip
def test_every_spec_file_is_read_back_the_same(corpus, values, params):
    sweep = {**values, "model_param": params}
    assert tomllib.loads(as_toml(sweep, {"name": corpus})) == {"corpus": corpus, **sweep}


@given(st.lists(st.one_of(st.none(), st.booleans(), st.integers(1, 99), st.floats(0, 1)), min_size=1, max_size=3))
def test_a_spec_file_means_the_same_sweep(values):
    sweep = Sweep(rates="0:0.3:0.1", seeds=3, initial_size=10, final_size=40, increment=10, model_param={"a": values})
    read = tomllib.loads(as_toml(sweep.model_dump(mode="json", exclude_none=True), {"name": "movies", "given": 5}))
    del read["corpus"]
    assert Sweep(**read) == sweep


def test_an_origin_that_is_none_is_no_trouble():
    for origin in (None, 5, "x", [], {"rows": 3}, {"rows": {"kept": "many"}}):
        assert describe_corpus({"name": "shop", "origin": origin}) == "shop"
