from __future__ import annotations

import polars as pl
import pytest

from modelcollapse import experiment, experiments, load_corpus
from modelcollapse.errors import SpecError
from modelcollapse.planning import estimate as estimating
from modelcollapse.planning.estimate import CostLaw
from modelcollapse.sweeps.experiments import SEARCHES


def test_every_experiment_is_listed_and_is_a_sweep():
    table = experiments()
    assert {"baseline", "demo", "low-rates"} <= set(table["experiment"])
    for domain, name, chains, _, documents, _ in table.filter(pl.col("domain") != "search").iter_rows():
        sweep = experiment(name)
        assert (sweep.domain, len(list(sweep.chains())), sweep.documents_needed or None) == (domain, chains, documents)


def test_times_are_those_of_its_chains_on_each_number_of_cores(corpus, monkeypatch, tmp_path):
    monkeypatch.setenv("MODELCOLLAPSE_CACHE", str(tmp_path / "cache"))
    unknown = experiments(corpus, (1, 220))
    assert set(unknown["1"]) == {None}
    monkeypatch.setattr(estimating, "calibrate", lambda *about: CostLaw((100, 400_000), (1.0, 1.0), (1e-12, 1e-12)))
    known = experiments(corpus, (1, 220), measure=True)
    fine = known.row(by_predicate=pl.col("experiment") == "fine-rates", named=True)
    assert (fine["1"], fine["220"]) == (pytest.approx(20_020, rel=1e-6), pytest.approx(91, rel=1e-6))
    assert experiments(corpus, (1, 220)).equals(known)
    searches = known.filter(domain="search")
    assert searches["experiment"].to_list() == list(SEARCHES)
    assert searches["1"].is_not_null().all()
    assert known.filter(~pl.col("domain").is_in(["classification", "search"]))["1"].is_null().all()
    digits = experiments(load_corpus("sklearn:digits", progress=False), (1,), measure=True)
    timed = digits.filter(pl.col("1").is_not_null())["experiment"].to_list()
    assert "low-rates" in timed
    assert {"hyperparameters", "curation"}.isdisjoint(timed)  # they are about words, or about two classes
    with pytest.raises(SpecError, match="cores: found 0, expected whole numbers"):
        experiments(corpus, (0,))
    with pytest.raises(SpecError, match=r"cores: found 1\.5"):
        experiments(corpus, (1.5,))  # type: ignore[arg-type]


def test_a_spec_file_is_an_experiment(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('corpus = "movies"\nrates = [0, 1]\ninitial_size = 100\nfinal_size = 300\nincrement = 100\n')
    sweep = experiment(file, seeds=2, sizes=[200, 300])
    assert (sweep.experiment, sweep.seeds, sweep.increment, sweep.sizes) == ("mine", (0, 1), None, (200, 300))
    assert experiment(str(file), 0.5).initial_size == (50,)
    with pytest.raises(SpecError, match="trees: naive-bayes has none"):
        experiment(file, trees=9, model="naive-bayes")


def test_an_experiment_is_scaled_and_changed():
    whole, tenth = experiment("collapse-rates"), experiment("collapse-rates", 0.1, seeds=2, test_size=7)
    assert tenth.final_size * 10 == whole.final_size
    assert (tenth.seeds, tenth.test_size) == ((0, 1), 7)
    with pytest.raises(SpecError, match="Found no experiment and no spec file 'nothing'"):
        experiment("nothing")
    with pytest.raises(SpecError, match="Found the key 'colour'"):
        experiment("demo", colour="red")
