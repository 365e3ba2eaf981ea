"""Time the project's language model: tokens trained, written and scored a second, generations, a chain, memory.

    python scripts/bench_generation.py                               # 1,000, 10,000 and 100,000 blocks
    python scripts/bench_generation.py --corpus movies --sizes 1000

Everything runs on one thread, after compilation. Sizes that the corpus does not have are left out. Memory is the growth
of the peak: too little where what loading freed is used again. Beside it, on the same blocks: a token drawn by nltk.lm;
and scoring by the `kenlm` package, if it can be imported (it belongs to nothing but this script: `pip install kenlm`),
which is given the project's own model as an ARPA file and so must say the same.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from nltk.lm import KneserNeyInterpolated
from peak_memory import memory

from modelcollapse.corpora.block_cache import BlockCorpus
from modelcollapse.corpora.blocks import load_blocks
from modelcollapse.domains.catalogue import run_chain
from modelcollapse.domains.generation.measures import HumanText, text_measures
from modelcollapse.domains.generation.ngram import Ngram
from modelcollapse.domains.generation.trie import Trie
from modelcollapse.execution.plan import chain_tasks
from modelcollapse.simulation.learning.surroundings import one_thread
from modelcollapse.sweeps.sweep import Sweep

Blocks = npt.NDArray[Any]

N_TEST = 500

_DATA = Path(os.environ.get("MODELCOLLAPSE_DATA", Path(__file__).parents[2] / "shared" / "data"))
_REVIEWS = _DATA / "amazon_reviews.parquet"


def timed(work: Callable[[], Any], times: int = 1) -> tuple[Any, float]:
    """Return what work returns, and the seconds of the process that it took: the least of several times."""
    seconds = []
    for _ in range(times):
        start = time.process_time()
        found = work()
        seconds.append(time.process_time() - start)
    return found, min(seconds)


def bench_generation(corpus: BlockCorpus, size: int, order: int) -> float:
    """Time training, writing as many blocks, and measuring; print a row and return tokens written a second."""
    n_types = int(corpus.n_types[0])
    test, train = corpus.blocks[:N_TEST], corpus.blocks[N_TEST : N_TEST + size]
    people = HumanText(train, train[:10_000], test, n_types)
    text_measures(test, people)  # what is known of people is prepared once a chain
    before = memory(reset=True)
    model, fit = timed(lambda: Ngram(n_types, order).fit(train))
    written, write = timed(lambda: model.sample(size, train.shape[1], np.random.default_rng(0)))
    _, score = timed(lambda: model.log_prob(test), times=3)
    _, measure = timed(lambda: text_measures(written[:N_TEST], people))
    peak = memory(reset=False) - before
    rates = [n / seconds / 1e6 for n, seconds in ((train.size, fit), (train.size, write), (test.size, score))]
    columns = "".join(f"{rate:>10.2f}" for rate in rates)
    total = fit + write + score + measure
    print(f"{size:>9,}{columns}{total:>14.2f}{peak:>9.0f}{peak * 2**20 / train.size:>12.0f}", flush=True)
    return 1e6 * rates[1]


def bench_nltk(blocks: Blocks, order: int, ours: float, n_tokens: int = 2) -> None:
    """Print how long nltk.lm takes for a token on the same blocks."""
    marked = [["#"] * (order - 1) + [str(token) for token in block] for block in blocks.tolist()]
    grams = ([tuple(b[i : i + n]) for n in range(1, order + 1) for i in range(len(b) - n + 1)] for b in marked)
    model = KneserNeyInterpolated(order, discount=0.75)
    model.fit(grams, [str(token) for token in np.unique(blocks)])
    _, seconds = timed(lambda: model.generate(n_tokens, text_seed=["#"] * (order - 1), random_seed=0))
    each = seconds / n_tokens
    print(
        f"nltk.lm writes a token in {each:.2f} s, on {len(blocks):,} blocks: ours is {each * ours:,.0f} times faster."
    )


def write_arpa(trie: Trie, path: Path) -> None:
    """Write a model as an ARPA file: tokens are numbers, and `#` is the mark of a block's beginning."""
    ends = [0, *np.flatnonzero(np.diff(trie.length)) + 1, len(trie.token)]
    parent = np.concatenate(([0], np.repeat(np.arange(len(trie.token)), np.diff(trie.first_child))))
    names, texts = [*map(str, range(trie.n_types)), "#"], [""]
    with np.errstate(divide="ignore"):
        chance, backoff = (np.maximum(np.log10(values), -99) for values in (trie.chance, trie.backoff))
    for node in range(1, len(trie.token)):
        texts.append(f"{texts[parent[node]]} {names[trie.token[node]]}".strip())
    extra = ("<unk>", "<s>", "</s>")
    with path.open("w") as file:
        print("\\data\\", file=file)
        for n in range(1, len(ends) - 1):
            print(f"ngram {n}={ends[n + 1] - ends[n] + (len(extra) if n == 1 else 0)}", file=file)
        for n in range(1, len(ends) - 1):
            print(f"\n\\{n}-grams:", file=file)
            if n == 1:
                file.writelines(f"-99\t{name}\t0\n" if n < len(ends) - 2 else f"-99\t{name}\n" for name in extra)
            for node in range(ends[n], ends[n + 1]):
                last = f"\t{backoff[node]:.7f}" if n < len(ends) - 2 else ""
                print(f"{chance[node]:.7f}\t{texts[node]}{last}", file=file)
        print("\n\\end\\", file=file)


def bench_kenlm(model: Ngram, test: Blocks) -> None:
    """Print how fast kenlm scores the same blocks with the same model, and how far the two are apart."""
    try:
        kenlm = importlib.import_module("kenlm")
    except ImportError:
        print("kenlm cannot be imported: scoring is not compared.")
        return
    marks = "# " * (model.order - 1)
    lines = [marks + " ".join(map(str, block)) for block in test.tolist()]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.arpa")
        write_arpa(model.trie, path)
        theirs = kenlm.Model(str(path))
    scores, seconds = timed(lambda: [theirs.score(line, bos=False, eos=False) for line in lines], times=5)
    begin = theirs.score(marks.strip(), bos=False, eos=False)
    found, ours = timed(lambda: model.log_prob(test), times=5)
    apart = np.abs((np.array(scores) - begin) * np.log(10) - found.sum(axis=1)).max() / test.shape[1]
    print(
        f"kenlm scores {test.size / seconds / 1e6:.2f} million tokens a second, ours {test.size / ours / 1e6:.2f}: "
        f"{seconds / ours:.1f} times as fast; at most {apart:.1e} nats a token apart."
    )


def bench_chain(corpus: BlockCorpus) -> None:
    """Print the seconds of ten generations of 1,000 blocks, all written by the model."""
    sweep = Sweep(
        domain="generation", rates="1", seeds=1, initial_size=1_000, final_size=10_000, increment=1_000,
        regime="replace", test_size=N_TEST,
    )  # fmt: skip
    (task,) = chain_tasks(sweep, corpus.fingerprint)
    results, seconds = timed(lambda: list(run_chain(task.spec, corpus)))
    print(f"A chain of {len(results)} generations of 1,000 blocks takes {seconds:.2f} s of one core.")


def main() -> None:
    """Parse, run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", default=str(_REVIEWS) if _REVIEWS.exists() else "movies")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000], help="blocks a generation")
    parser.add_argument("--order", type=int, default=3)
    options = parser.parse_args()
    corpus = load_blocks(options.corpus)
    sizes = [size for size in options.sizes if size + N_TEST <= corpus.n_documents]
    for size in sorted({*options.sizes} - {*sizes}):
        print(f"{corpus.name} has {corpus.n_documents:,} blocks: {size:,} and {N_TEST} to test on are left out.")
    if not sizes:
        sys.exit("Found no size that the corpus has, expected --sizes of fewer blocks or another --corpus.")
    n_types, first = int(corpus.n_types[0]), corpus.blocks[N_TEST : N_TEST + sizes[0]]
    with one_thread():
        model = Ngram(n_types, options.order).fit(first)  # compiles or loads
        model.log_prob(first[:2])
        model.sample(2, 8, np.random.default_rng(0))
        print("            million tokens a second        seconds a    peak   bytes for")
        print("   blocks   trained   written    scored    generation      MB     a token")
        written = [bench_generation(corpus, size, options.order) for size in sizes]
        bench_nltk(first, options.order, written[0])
        bench_kenlm(model, corpus.blocks[:N_TEST])
        if corpus.n_documents >= 10_000 + N_TEST:
            bench_chain(corpus)


if __name__ == "__main__":
    main()
