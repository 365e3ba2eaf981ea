from __future__ import annotations

import io
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelcollapse.domains.catalogue import DOMAINS, run_chain
from modelcollapse.execution.store.record import (
    SCHEMA,
    ChainRecord,
    DamagedRecordError,
    domain_of,
    rows_frame,
    schema_of,
)
from modelcollapse.simulation.rows import AXES
from modelcollapse.simulation.spec import ChainSpec, Growth, Model

SPEC = ChainSpec(0, Decimal("0.5"), 100, 450, 200, Growth(increment=100), Model("naive-bayes"))


@pytest.fixture(scope="module")
def results(corpus):
    return list(run_chain(SPEC, corpus))


@pytest.fixture
def record(results):
    record = ChainRecord()
    for result in results:
        assert record.add(result, SPEC)
    return record


def test_survives_the_file(record):
    assert ChainRecord.from_bytes(record.to_bytes()) == record


def test_knows_what_is_done_and_where_to_go_on(results, record):
    assert record.n_done(SPEC) == len(SPEC.sizes())
    partial = ChainRecord()
    for result in results[:3]:
        partial.add(result, SPEC)
    assert partial.n_done(SPEC) == 3 < len(SPEC.sizes())
    state = partial.state(SPEC)
    assert state is not None
    assert state.generation == 3
    assert state.slots.tolist() == np.concatenate([r.new_slots for r in results[:3]]).tolist()
    assert (state.memory == results[2].memory).all()
    assert ChainRecord().state(SPEC) is None


def test_a_known_row_is_never_replaced(results, record):
    assert not record.add(results[2], SPEC)
    assert ChainRecord.from_bytes(record.to_bytes()) == record


def test_any_reader_of_parquet_can_read_it(record):
    assert pl.read_parquet(io.BytesIO(record.to_bytes()))["n_seen"].to_list() == sorted(record.rows)


def test_every_truncation_is_noticed(record):
    content = record.to_bytes()
    for length in range(len(content)):
        with pytest.raises(DamagedRecordError):
            ChainRecord.from_bytes(content[:length])


def test_every_flipped_byte_is_noticed(record):
    content = record.to_bytes()
    for position in range(len(content)):
        damaged = bytearray(content)
        damaged[position] ^= 1 + position % 255
        with pytest.raises(DamagedRecordError):
            ChainRecord.from_bytes(bytes(damaged))


@given(st.binary(max_size=300))
def test_foreign_bytes_are_noticed(content):
    with pytest.raises(DamagedRecordError):
        ChainRecord.from_bytes(content)


def test_schema_is_the_contracts():
    assert list(SCHEMA)[:9] == [
        "chain_id", "seed", "collapse_rate", "initial_size", "model", "model_params", "regime", "label_rule",
        "generation",
    ]  # fmt: skip
    assert {"chain_id", "generation", *AXES} <= set(SCHEMA)
    assert rows_frame([]).schema == SCHEMA
    assert SCHEMA["accuracy"] == pl.Float64
    assert SCHEMA["n_train"] == pl.Int64


def test_the_columns_of_every_domain_name_it_with_and_without_those_that_came_later():
    for domain in DOMAINS.values():
        columns = schema_of(domain.row)
        first = [name for name in columns if name not in domain.row.added]
        assert domain_of([*columns, "experiment"]) == domain_of(first) == domain.name
        assert domain_of([*columns, "other"]) is domain_of(first[1:]) is None
