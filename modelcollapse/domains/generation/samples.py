"""What a chain's blocks say: a few words of what its models wrote, beside what people wrote in the same places."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from modelcollapse.corpora.block_cache import BlockCorpus
from modelcollapse.corpora.blocks import END
from modelcollapse.domains.generation.domain import GenerationRow
from modelcollapse.errors import RunFolderError
from modelcollapse.simulation.rows import axes_of
from modelcollapse.simulation.slots import HUMAN, SYNTHETIC, Slots
from modelcollapse.simulation.spec import ChainSpec

#: Tokens of a sample.
N_WORDS = 25

#: How the end of a document is written.
_END_SIGN = "¶"
_KINDS = ("uint16", "uint32")

#: The slots that a chain has filled, as bytes, by the number of blocks seen before.
Filled = Mapping[int, bytes]


@dataclass(frozen=True)
class Vocabulary:
    """What stored tokens stand for: all that a run's folder needs of a corpus to show text.

    Attributes
    ----------
    words : sequence of str
    kind : str
        The dtype of stored tokens.
    """

    words: Sequence[str]
    kind: str

    @classmethod
    def of(cls, corpus: BlockCorpus) -> Vocabulary | None:
        """Return the vocabulary of a corpus; None if it has none."""
        return cls(corpus.vocabulary, corpus.blocks.dtype.name) if corpus.vocabulary else None

    def to_bytes(self) -> bytes:
        """Return it as a JSON file."""
        return json.dumps({"tokens": self.kind, "words": list(self.words)}).encode()

    @classmethod
    def from_bytes(cls, content: bytes, where: str) -> Vocabulary:
        """Read such a file; raise RunFolderError if it is damaged, `where` being its name."""
        try:
            known = json.loads(content)
            words, kind = known["words"], known["tokens"]
            if kind in _KINDS and isinstance(words, list) and all(isinstance(word, str) for word in words):
                return cls(words, kind)
        except (ValueError, KeyError, TypeError, RecursionError):
            pass
        raise RunFolderError(f"{where} is damaged: delete it; running or resuming on the corpus writes it anew.")

    def slots(self, content: bytes, n: int) -> Slots | None:
        """Read n slots; None if these are no such slots, or have tokens that are not in the vocabulary."""
        tokens = np.dtype(self.kind)
        length, rest = divmod(len(content) // max(n, 1) - 1, tokens.itemsize)
        if n < 1 or len(content) % n or rest or length < 1:
            return None
        slots = np.frombuffer(content, [("origin", "u1"), ("tokens", tokens, (length,))])
        return slots if slots["tokens"].max() < len(self.words) else None

    def text(self, tokens: npt.NDArray[Any]) -> str:
        """Write tokens as people would: no spaces before signs that close something, one sign for HTML's breaks."""
        words = (self.words[token] for token in tokens.tolist())
        joined = " ".join(_END_SIGN if word == END else word for word in words)
        return re.sub(r" (?=[.,!?;:)\]](?: |$))|(?<=[(\[]) ", "", joined.replace("< br / >", "/"))


def sample_rows(
    chains: Sequence[tuple[ChainSpec, Filled]], vocabulary: Vocabulary, n_words: int = N_WORDS
) -> Iterator[dict[str, Any]]:
    """Yield what the first, the middle and the last model of every chain wrote that wrote anything.

    Nothing is chosen: it is the beginning of the first block that the model wrote into the next increment. Beside it
    is what people wrote in the same place, as a chain at rate 0 of its seed and growth has it; or the first block that
    people wrote there. A row is the chain's place on every axis, and ``generation, n_seen, people, machine``: texts of
    `n_words` tokens; None where nothing of people is stored.
    """
    alone = {_place(spec): filled for spec, filled in chains if float(spec.collapse_rate) == 0}
    for spec, filled in chains:
        written = dict(_written(spec, filled, vocabulary))
        sizes = list(written)
        for size in dict.fromkeys(sizes[i] for i in (0, len(sizes) // 2, -1) if sizes):
            slots = written[size]
            first = int(np.flatnonzero(slots["origin"] == SYNTHETIC)[0])
            people = vocabulary.slots(alone.get(_place(spec), {}).get(size, b""), len(slots))
            human = people[first : first + 1] if people is not None else slots[slots["origin"] == HUMAN][:1]
            yield {
                **axes_of(spec, GenerationRow),
                "generation": spec.sizes().index(size),
                "n_seen": size,
                "people": vocabulary.text(human["tokens"][0, :n_words]) if len(human) else None,
                "machine": vocabulary.text(slots["tokens"][first, :n_words]),
            }


def _written(spec: ChainSpec, filled: Filled, vocabulary: Vocabulary) -> Iterator[tuple[int, Slots]]:
    """Yield the increments in which a model wrote something, by the number of blocks seen before."""
    sizes = spec.scheduled_sizes()
    for size, following in pairwise(sizes):
        slots = vocabulary.slots(filled.get(size, b""), following - size)
        if slots is not None and (slots["origin"] == SYNTHETIC).any():
            yield size, slots


def _place(spec: ChainSpec) -> tuple[object, ...]:
    return spec.seed, spec.test_size, tuple(spec.scheduled_sizes())
