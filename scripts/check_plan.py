#!/usr/bin/env python
"""Plan against reality: what is foreseen for 1 and 2 workers beside what they take.

    python scripts/check_plan.py --trees 1000 --seeds 6

Trainings are measured just before, on cores that should have nothing else to do.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from itertools import chain

from modelcollapse import Sweep, load_corpus, run_sweep
from modelcollapse.execution.plan import plan_from_nothing
from modelcollapse.execution.ray.scheduling import CorpusSize
from modelcollapse.planning.estimate import Kind, calibrate
from modelcollapse.planning.forecast import Cluster, forecast


def main() -> None:
    """Foresee, run, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", default="synthetic:12000")
    parser.add_argument("--model", default="forest")
    parser.add_argument("--trees", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=6, help="two chains each")
    options = parser.parse_args()
    sweep = Sweep(
        rates=[0, 0.5], seeds=options.seeds, initial_size=1000, final_size=4000, increment=250, test_size=2000,
        model=options.model, trees=options.trees,
    )  # fmt: skip
    corpus = load_corpus(options.corpus)
    tasks = [planned.task for planned in plan_from_nothing(sweep, corpus.fingerprint).to_run]
    law = calibrate(Kind(tasks[0].spec.model), corpus)
    size = CorpusSize.of(corpus, corpus.n_documents)
    for workers in (1, 2):
        foreseen = forecast(tasks, law.generations, Cluster(workers, 1, 10**12), size)
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            rows = run_sweep(sweep, corpus, folder, workers=workers).results()
            taken = time.perf_counter() - started
        busy = sum(chain.from_iterable(rows.select("fit_seconds", "predict_seconds").rows()))
        print(
            f"{workers} workers: {foreseen.makespan:.1f} s foreseen, {taken:.1f} s taken, "
            f"ratio {foreseen.makespan / taken:.2f}; in trainings {foreseen.busy:.1f} s and {busy:.1f} s, "
            f"ratio {foreseen.busy / busy:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
