"""What a language model must do, so that chains can train it and let it write: any class that does will do."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt


class LanguageModel(Protocol):
    """A language model of token blocks, named by its import path: ``--model my_models:Recurrent``.

    Every generation makes a new one, ``Recurrent(n_types=…)``, trains it once, and lets it score and write. Its other
    arguments are its parameters (``--model-param width=64,128``); all have defaults. It is made more often than it is
    trained, so what takes long belongs in `fit`. A function of these arguments that returns a model will do, too.

    Parameters
    ----------
    n_types : int
        Size of the vocabulary: tokens are 0 … n_types − 1.

    Notes
    -----
    All randomness comes from `seed` and `rng`, so that results are the same to the last bit wherever chains run. Every
    answer is checked: with a token outside the vocabulary, another shape, or a log-probability above 0 or not finite,
    the chain fails and says so; others go on. Before anything runs, a model is tried on a few blocks of a vocabulary
    of seven: whether it writes the same twice, and gives probabilities that add up to 1 and do not know what follows.

    `sample` may have two more arguments, by keyword. ``decoder``, a `writing.Decoder`, says how to draw tokens: only
    then the model can be run under ``temperature``, ``top-k``, ``nucleus``, ``greedy`` and ``mle``. ``rows``, integers,
    says which of the n blocks are wanted, which must be those that it writes without: without it all n are written at
    every rate, for rates share them.

    Examples
    --------
    With PyTorch, which is not installed by this project, on a processor or (``--model-param device=cuda``) a GPU::

        import torch
        from torch import nn

        class Recurrent(nn.Module):
            def __init__(self, n_types, width=128, epochs=2, device="cpu"):
                super().__init__()
                self.n_types, self.width, self.epochs, self.device = n_types, width, epochs, device

            def fit(self, blocks, seed):
                torch.manual_seed(seed)
                self.embedding = nn.Embedding(self.n_types + 1, self.width)  # one more: a block's beginning
                self.layer = nn.GRU(self.width, self.width, batch_first=True)
                self.head = nn.Linear(self.width, self.n_types)
                optimizer = torch.optim.Adam(self.to(self.device).parameters(), lr=3e-3)
                for _ in range(self.epochs):
                    for batch in torch.from_numpy(blocks)[torch.randperm(len(blocks))].split(32):
                        optimizer.zero_grad()
                        (-self.score(batch).mean()).backward()
                        optimizer.step()

            def forward(self, tokens, state=None):
                hidden, state = self.layer(self.embedding(tokens), state)
                return self.head(hidden).log_softmax(-1), state

            def score(self, batch):
                batch = nn.functional.pad(batch.to(self.device), (1, 0), value=self.n_types)
                return self(batch[:, :-1])[0].gather(-1, batch[:, 1:, None])[..., 0]

            @torch.no_grad()
            def log_prob(self, blocks):
                return torch.cat([self.score(batch) for batch in torch.from_numpy(blocks).split(32)]).cpu().numpy()

            @torch.no_grad()
            def sample(self, n, length, rng):
                random = torch.Generator(self.device).manual_seed(int(rng.integers(2**63)))
                tokens, state = [torch.full((n, 1), self.n_types, device=self.device)], None
                for _ in range(length):
                    log_prob, state = self(tokens[-1], state)
                    tokens.append(torch.multinomial(log_prob[:, -1].exp(), 1, generator=random))
                return torch.cat(tokens[1:], 1).cpu().numpy()
    """

    def fit(self, blocks: npt.NDArray[np.int64], seed: int) -> Any:
        """Train the model; return itself, or None.

        Parameters
        ----------
        blocks : ndarray of int64, shape (n, length)
            At least one.
        seed : int
            In [0, 2³¹).
        """

    def sample(self, n: int, length: int, rng: np.random.Generator) -> npt.NDArray[np.integer]:
        """Write n blocks; return integers in [0, n_types), shape (n, length)."""

    def log_prob(self, blocks: npt.NDArray[np.int64]) -> npt.NDArray[np.floating]:
        """Return the natural logarithm of each token's probability after those before it in its block.

        Parameters
        ----------
        blocks : ndarray of int64, shape (n, length)
            All test blocks at once.

        Returns
        -------
        ndarray of floats, shape (n, length)
            Finite, and 0 at most.
        """
