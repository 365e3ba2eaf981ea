#!/usr/bin/env python
"""What Ray costs, and what a second worker brings: one sweep in this process and with 1 and 2 workers, alternating.

    python scripts/bench_sweep.py --rounds 3
    python scripts/bench_sweep.py --rounds 3 --against main --workers 0   # an older commit's times beside this one's
    python scripts/bench_sweep.py --sizes 60000 61000 500 --test-size 20000 --corpus synthetic:100000 --workers 0

Start-up is what passes until the first worker trains. Idle is the share of the workers' time after that in which they
neither train, score nor label, the tail of the sweep – when a worker has no chain left – not counted. In this
process that is a chain's own work (metrics, mostly); what is more than that with Ray is Ray's. A generation is the
sweep's time times workers, divided by its rows; of that, fit and score are what training, and scoring and labelling
take. What must be compiled is compiled before anything is timed.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from typing import TYPE_CHECKING

import polars as pl
from against import compare

from modelcollapse import Sweep, load_corpus, run_sweep
from modelcollapse.execution.progress import Reporter
from modelcollapse.simulation.rows import Row

if TYPE_CHECKING:  # it runs on older commits too
    from modelcollapse.execution.tasks import Task


class Clock(Reporter):
    """Notes when the first worker began, when chains ended, and how long workers were busy."""

    def __init__(self) -> None:
        self.begun: float | None = None
        self.ends: list[float] = []
        self.fit = self.score = 0.0
        self.n_rows = 0

    def generation(self, row: Row) -> None:
        """Take note of a new row."""
        super().generation(row)
        self.fit += row.fit_seconds
        self.score += row.predict_seconds
        self.n_rows += 1
        if self.begun is None:
            self.begun = time.perf_counter() - row.fit_seconds - row.predict_seconds

    def finished(self, task: Task) -> None:
        """Take note that a chain reached its end and is kept."""
        super().finished(task)
        self.ends.append(time.perf_counter())


def measure(sweep: Sweep, corpus_name: str, workers: int) -> dict[str, float]:
    """Run the sweep once, in this process for no workers; times in seconds."""
    clock = Clock()
    corpus = load_corpus(corpus_name)
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        run_sweep(
            sweep, corpus, folder, executor="ray" if workers else "inprocess", workers=workers or None, progress=clock
        )
        ended = time.perf_counter()
    assert clock.begun is not None
    last_ends = sorted(clock.ends)[-max(1, workers) :]  # one for each worker: from then on it had nothing to do
    available = sum(end - clock.begun for end in last_ends)
    return {
        "start_up": clock.begun - started,
        "sweep": clock.ends[-1] - clock.begun,
        "generation": (clock.ends[-1] - clock.begun) * max(1, workers) / clock.n_rows,
        "fit": clock.fit / clock.n_rows,
        "score": clock.score / clock.n_rows,
        "shut_down": ended - clock.ends[-1],
        "idle": 1 - (clock.fit + clock.score) / available,
    }


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", default="synthetic:12000")
    parser.add_argument("--trees", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=6, help="two chains each")
    parser.add_argument("--sizes", type=int, nargs=3, default=[1000, 4000, 250], help="initial, final, increment")
    parser.add_argument("--test-size", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--model", default="forest")
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2], help="0 is this process")
    parser.add_argument("--against", metavar="COMMIT", help="compare with this commit, run in turn")
    parser.add_argument("--figures", action="store_true", help="print the times of one round as JSON, and no more")
    options = parser.parse_args()
    if options.against:
        arguments = ["--corpus", options.corpus, "--trees", options.trees, "--seeds", options.seeds]
        arguments += ["--model", options.model, "--workers", *options.workers]
        arguments += ["--sizes", *options.sizes, "--test-size", options.test_size]
        compare(options.against, __file__, [str(argument) for argument in arguments], options.rounds)
        return
    initial, final, increment = options.sizes
    model = {"model": options.model} if options.model != "forest" else {"trees": options.trees}
    sizes = {"initial_size": initial, "final_size": final, "increment": increment, "test_size": options.test_size}
    sweep = Sweep(rates=[0, 0.5], seeds=options.seeds, **sizes, **model)
    tiny = Sweep(rates=0.5, seeds=1, initial_size=200, final_size=300, increment=50, test_size=200, **model)
    measure(tiny, options.corpus, 0)  # compiles, or loads what was compiled
    if options.figures:
        figures: dict[str, float] = {}
        for workers in options.workers:
            times = measure(sweep, options.corpus, workers)
            figures |= {f"{name}, {workers} workers": seconds for name, seconds in times.items()}
        print(json.dumps(figures))
        return
    rows = []
    for number in range(options.rounds):
        for workers in options.workers[:: 1 if number % 2 == 0 else -1]:
            times = measure(sweep, options.corpus, workers)
            rows.append({"workers": workers, **times})
            print(f"{workers} workers:", ", ".join(f"{name} {value:.3f}" for name, value in times.items()), flush=True)
    medians = pl.DataFrame(rows).group_by("workers").median().sort("workers")
    with pl.Config(tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True, float_precision=3):
        print(medians)
    if options.workers != [0, 1, 2]:
        return
    idle, seconds = medians["idle"].to_list(), medians["sweep"].to_list()
    for workers in (1, 2):
        print(f"{workers} workers: Ray's share of their time is {1 - (1 - idle[workers]) / (1 - idle[0]):.1%}")
    print(f"2 workers are {seconds[1] / seconds[2]:.2f} times as fast as one")


if __name__ == "__main__":
    main()
