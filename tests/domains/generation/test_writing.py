import numpy as np
import pytest

from modelcollapse.domains.generation.ngram import Ngram
from modelcollapse.domains.generation.writing import Decoder
from tests.domains.generation.naive_ngram import NaiveNgram
from tests.domains.generation.test_ngram import blocks_of

N_TYPES, N_WRITTEN = 8, 200_000

DECODERS = {
    "sample": (Decoder(), lambda p: p),
    "flat": (Decoder(exponent=1 / 1.7), lambda p: p ** (1 / 1.7)),
    "sharp": (Decoder(exponent=1 / 0.4), lambda p: p ** (1 / 0.4)),
    "top-k": (Decoder(most=3), lambda p: np.where(p >= np.sort(p)[-3] * (1 - 1e-9), p, 0)),
    "greedy": (Decoder(most=1), lambda p: np.arange(len(p)) == np.argmax(p)),
    "nucleus": (Decoder(mass=0.7), lambda p: np.where([p[p > q * (1 + 1e-9)].sum() < 0.7 for q in p], p, 0)),
}


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("name", DECODERS)
def test_tokens_are_drawn_as_the_decoder_says(name, order):
    """Third tokens after each pair: their shares among those written are due, within 5 standard errors."""
    decoder, make = DECODERS[name]
    train = blocks_of(N_TYPES, n_blocks=25, length=6)
    naive = NaiveNgram(train, N_TYPES, [0.75] * order)
    written = Ngram(N_TYPES, order).fit(train).sample(N_WRITTEN, 3, np.random.default_rng(0), decoder)
    for first, second in {tuple(pair) for pair in written[:2000, :2].tolist()}:
        here = written[(written[:, 0] == first) & (written[:, 1] == second), 2]
        if len(here) < 1000:
            continue
        context = (N_TYPES, N_TYPES, first, second)[len((0,) * (5 - order)) :]
        due = make(np.array(naive.distribution(context)))
        due = due / due.sum()
        error = np.sqrt(due * (1 - due) / len(here))
        found = np.bincount(here, minlength=N_TYPES) / len(here)
        assert (np.abs(found - due) <= 5 * error + 5 / len(here) * (due > 0)).all()


def test_without_smoothing_only_what_was_seen_is_written():
    train = blocks_of(N_TYPES, n_blocks=10, length=6)
    written = Ngram(N_TYPES).fit(train).sample(500, 6, np.random.default_rng(0), Decoder(smooths=False))
    seen, made = ({tuple(b[i : i + 3]) for b in blocks.tolist() for i in range(4)} for blocks in (train, written))
    assert set(written[:, 0].tolist()) <= set(train[:, 0].tolist())
    assert made <= seen | {gram for gram in made if gram[:2] not in {known[:2] for known in seen}}


def test_decoding_once_more_than_everything_is_the_model_itself():
    model = Ngram(N_TYPES).fit(blocks_of(N_TYPES))
    drawn = [
        model.sample(50, 6, np.random.default_rng(1), decoder)
        for decoder in (Decoder(), Decoder(most=N_TYPES), Decoder(mass=1.0))
    ]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    np.testing.assert_array_equal(drawn[0], drawn[2])
