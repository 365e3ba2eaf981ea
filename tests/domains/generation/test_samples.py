import json

import numpy as np
import pytest

from modelcollapse.corpora.blocks import END, UNKNOWN
from modelcollapse.domains.generation.samples import Vocabulary, sample_rows
from modelcollapse.errors import RunFolderError
from modelcollapse.execution.plan import chain_tasks
from modelcollapse.simulation.slots import HUMAN, LEFT_OUT, SYNTHETIC
from modelcollapse.sweeps.sweep import Sweep

WORDS = Vocabulary((UNKNOWN, END, "good", "film", "(", ")", ".", "<", "br", "/", ">"), "uint16")


def increment(*blocks):
    """Return the bytes of slots, each an origin and its tokens."""
    return np.array(list(blocks), [("origin", "u1"), ("tokens", "u2", (4,))]).tobytes()


def specs(rates="0,0.5,1", rule="sample"):
    sweep = Sweep(domain="generation", rates=rates, seeds=1, initial_size=2, final_size=8, increment=2, test_size=3,
                  regime="replace", label_rule=rule)  # fmt: skip
    return [task.spec for task in chain_tasks(sweep, "0" * 32)]


def test_a_vocabulary_is_read_as_it_was_written():
    odd = Vocabulary((UNKNOWN, END, "l’été", "\ud800"), "uint32")
    assert Vocabulary.from_bytes(odd.to_bytes(), "here").words == list(odd.words)
    for content in (b"", b"[]", b"{}", b"\xff", json.dumps({"tokens": "uint8", "words": []}).encode(),
                    json.dumps({"tokens": "uint16", "words": [1]}).encode(), b"[" * 100_000):  # fmt: skip
        with pytest.raises(RunFolderError, match=r"^here is damaged"):
            Vocabulary.from_bytes(content, "here")


def test_slots_are_read_or_refused():
    content = increment((HUMAN, [2, 3, 6, 1]), (SYNTHETIC, [3, 3, 3, 0]))
    assert WORDS.slots(content, 2)["origin"].tolist() == [HUMAN, SYNTHETIC]
    assert WORDS.slots(content, 0) is None
    assert WORDS.slots(content[:-1], 2) is None
    assert WORDS.slots(b"", 2) is None
    assert WORDS.slots(increment((HUMAN, [2, 3, 6, 11])), 1) is None  # no such word


def test_text_is_written_as_people_write_it():
    assert WORDS.text(np.array([2, 3, 6, 4, 2, 5, 1, 7, 8, 9, 10, 0])) == "good film. (good) ¶ / <unk>"


def test_what_the_first_the_middle_and_the_last_model_wrote_stands_beside_what_people_wrote_there():
    alone, half, whole = specs()
    human = {size: increment((HUMAN, [2, 2, 2, size]), (HUMAN, [3, 3, 3, size])) for size in (2, 4, 6)}
    written = {2: increment((HUMAN, [2, 2, 2, 2]), (SYNTHETIC, [6, 6, 6, 6])), 4: human[4], 6: b"damaged"}
    everything = {size: increment((SYNTHETIC, [4, 2, 5, 6]), (SYNTHETIC, [0, 0, 0, 0])) for size in (2, 4, 6)}
    rows = list(sample_rows([(alone, human), (half, written), (whole, everything)], WORDS, 3))
    assert [(row["collapse_rate"], row["generation"]) for row in rows] == [(0.5, 0), (1, 0), (1, 1), (1, 2)]
    assert (rows[0]["people"], rows[0]["machine"]) == ("film film film", "...")
    assert (rows[3]["people"], rows[3]["machine"]) == ("good good good", "(good)")
    without = list(sample_rows([(half, written), (whole, everything)], WORDS, 3))
    assert [row["people"] for row in without] == ["good good good", None, None, None]


def test_what_is_left_out_is_no_text():
    (spec,) = specs("1", "human-only")
    assert not list(sample_rows([(spec, {2: increment((LEFT_OUT, [0] * 4), (LEFT_OUT, [0] * 4))})], WORDS, 3))
