"""Language models by import path: good ones, and what each of the others does wrong."""

from __future__ import annotations

import os
import signal

import numpy as np

HERE = "tests.domains.generation.odd_models"


class Bigram:
    """Counts pairs, adds a little to each, and mixes in a prior drawn from the seed: so seeds matter, too."""

    def __init__(self, n_types, plus=0.1):
        self.n_types, self.plus = n_types, plus

    def fit(self, blocks, seed):
        assert blocks.dtype == np.int64
        counts = np.random.default_rng(seed).random((self.n_types + 1, self.n_types)) * self.plus + 0.01
        before = np.pad(blocks[:, :-1], ((0, 0), (1, 0)), constant_values=self.n_types)
        np.add.at(counts, (before, blocks), 1.0)
        self.chances = counts / counts.sum(axis=1, keepdims=True)
        return self

    def sample(self, n, length, rng):
        tokens = np.full((n, length + 1), self.n_types)
        sums = self.chances.cumsum(axis=1)
        for i in range(length):
            drawn = rng.random((n, 1))
            tokens[:, i + 1] = np.minimum((sums[tokens[:, i]] < drawn).sum(axis=1), self.n_types - 1)
        return tokens[:, 1:]

    def log_prob(self, blocks):
        before = np.pad(blocks[:, :-1], ((0, 0), (1, 0)), constant_values=self.n_types)
        return np.log(self.chances[before, blocks])


class Decoding(Bigram):
    """Takes a decoder, and rows."""

    def fit(self, blocks, seed):
        super().fit(blocks, seed)

    def sample(self, n, length, rng, *, decoder=None, rows=None):
        kept, seeds = self.chances, rng.integers(2**32, size=n)
        if decoder and decoder.most:
            least = -np.sort(-self.chances, axis=1)[:, [min(decoder.most, self.n_types) - 1]]
            self.chances = np.where(kept >= least, kept, 0)
            self.chances /= self.chances.sum(axis=1, keepdims=True)
        chosen = range(n) if rows is None else rows
        found = [Bigram.sample(self, 1, length, np.random.default_rng(seeds[row]))[0] for row in chosen]
        self.chances = kept
        return np.array(found).astype(np.int16)


def make_bigram(n_types, plus=0.5):
    return Bigram(n_types, plus)


def answers(method, make):
    """Return a model whose method answers otherwise in chains, though not on the few blocks of the trial."""

    class Odd(Bigram):
        pass

    def odd(self, *given):
        right = getattr(Bigram, method)(self, *given)
        return make(right) if self.n_types > 100 else right

    setattr(Odd, method, odd)
    return Odd


def raising(error):
    def raise_it(right):
        raise error

    return raise_it


def _with(array, value):
    array[0, 0] = value
    return array


#: What each does in a chain, and what the chain's failure says.
FAILING = {
    "Beyond": (answers("sample", lambda t: _with(t, 302)), "its sample gave the token 302, expected 0 to 301"),
    "Below": (answers("sample", lambda t: _with(t, -1)), "its sample gave the token -1, expected 0 to 301"),
    "Short": (answers("sample", lambda t: t[:, 1:]), "its sample has the shape (40, 127), expected (40, 128)"),
    "Fewer": (answers("sample", lambda t: t[1:]), "its sample has the shape (39, 128), expected (40, 128)"),
    "Floats": (answers("sample", lambda t: t / 1.0), "its sample gave values of type float64, expected integers"),
    "Nothing": (answers("sample", lambda t: None), "its sample has the shape ()"),
    "Ragged": (answers("sample", lambda t: [[1], [1, 2]]), "its sample gave no array"),
    "Means": (answers("log_prob", lambda s: s.mean(axis=1)), "its log_prob has the shape (30,), expected (30, 128)"),
    "Certain": (answers("log_prob", lambda s: _with(s, 0.5)), "its log_prob gave 0.5, expected logarithms"),
    "Never": (answers("log_prob", lambda s: _with(s, -np.inf)), "its log_prob gave numbers that are not finite"),
    "Unknown": (answers("log_prob", lambda s: _with(s, np.nan)), "its log_prob gave numbers that are not finite"),
    "Complex": (answers("log_prob", lambda s: s + 0j), "its log_prob gave values of type complex128"),
    "Other": (answers("fit", lambda m: "done"), "its fit gave 'done', expected itself or nothing"),
    "Raising": (answers("sample", raising(RuntimeError("no more words"))), "RuntimeError: no more words"),
    "Ending": (answers("fit", raising(SystemExit(3))), "called for the end of the program"),
}


class Unseeded(Bigram):
    def sample(self, n, length, rng):
        return super().sample(n, length, np.random.default_rng())


class Stateful(Bigram):
    def fit(self, blocks, seed):
        self.own = np.random.default_rng(seed)
        return super().fit(blocks, seed)

    def sample(self, n, length, rng):
        return super().sample(n, length, self.own)


class OtherRows(Decoding):
    def sample(self, n, length, rng, decoder=None, rows=None):
        return Bigram.sample(self, n if rows is None else len(rows), length, rng)


class Unnormalised(Bigram):
    def log_prob(self, blocks):
        return super().log_prob(blocks) - 1.0


class Seeing(Bigram):
    """Knows the last token of a block from the first place on."""

    def log_prob(self, blocks):
        scores = super().log_prob(blocks)
        scores[:, 0] -= blocks[:, -1]
        return scores


class Dropping(Bigram):
    """Is still in training."""

    def fit(self, blocks, seed):
        self.noise = np.random.default_rng(seed)
        return super().fit(blocks, seed)

    def log_prob(self, blocks):
        return super().log_prob(blocks) - self.noise.random(blocks.shape)


class Slipping(Bigram):
    def log_prob(self, blocks):
        return self.chance[blocks]


class Impossible(Bigram):
    def log_prob(self, blocks):
        return np.where(blocks == 3, -np.inf, super().log_prob(blocks))


class Needing(Bigram):
    def __init__(self, n_types, width):
        super().__init__(n_types)


class NoVocabulary(Bigram):
    def __init__(self, plus=0.1):
        super().__init__(5, plus)


class Unscored:
    def __init__(self, n_types):
        pass

    def fit(self, blocks, seed): ...

    def sample(self, n, length, rng): ...


class OtherArguments(Bigram):
    def sample(self, n, length):
        return np.zeros((n, length), int)


class Refusing(Bigram):
    def __init__(self, n_types, plus=0.1):
        raise ValueError("no such machine")


class Lacking(Bigram):
    def fit(self, blocks, seed):
        import no_such_library  # noqa: F401


class Unnamed(Bigram):
    def __init__(self, n_types, what=object()):  # noqa: B008
        super().__init__(n_types)


class Killing(Bigram):
    """Kills its process when it is trained on the file's first generations for the first time."""

    def __init__(self, n_types, flag=""):
        super().__init__(n_types)
        self.flag = flag

    def fit(self, blocks, seed):
        if self.flag and self.n_types > 100 and len(blocks) > 50 and not os.path.exists(self.flag):
            open(self.flag, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().fit(blocks, seed)


a_number = 5

#: What is refused before anything runs, and why.
REFUSED = {
    "Unseeded": "its sample gave two texts for one seed and one rng",
    "Stateful": "its sample gave two texts for one seed and one rng",
    "OtherRows": "its sample wrote other blocks when asked for some rows alone",
    "Unnormalised": "its log_prob gives all tokens of a place 0.368 together, expected 1",
    "Seeing": "its log_prob of a token changes with what comes later",
    "Dropping": "its log_prob gave two answers for the same blocks",
    "Slipping": "AttributeError",
    "Impossible": "its log_prob gave numbers that are not finite",
    "Needing": "whose argument is n_types and whose others have defaults",
    "NoVocabulary": "whose argument is n_types and whose others have defaults",
    "Unscored": "whose log_prob cannot be called",
    "OtherArguments": "whose sample cannot be called",
    "Refusing": "cannot be made with n_types alone: no such machine",
    "Lacking": "No module named 'no_such_library'",
    "Unnamed": "whose text differs from process to process",
    "a_number": "expected a class, or a function that makes a model",
    "not_there": "Found no language model at",
}

globals().update({name: cls for name, (cls, _) in FAILING.items()})
