"""A small notebook in a real kernel: what people see, and what an interruption leaves."""

from __future__ import annotations

from pathlib import Path

import nbclient
import nbformat
import pytest

CELLS = [
    "from modelcollapse import Sweep, load_corpus, run_sweep\ncorpus = load_corpus('synthetic:600')\ncorpus",
    """
sizes = {'initial_size': 100, 'final_size': 300, 'increment': 100, 'test_size': 200}
sweep = Sweep(rates=[0, 1], seeds=2, model='naive-bayes', **sizes)
sweep
""",
    """
import os, signal
from modelcollapse.execution.executors import InProcessExecutor
class Interrupted(InProcessExecutor):
    def run(self, *arguments):
        for i, event in enumerate(super().run(*arguments)):
            if i == 2:
                os.kill(os.getpid(), signal.SIGINT)
            yield event
run_sweep(sweep, corpus, 'run', executor=Interrupted())
""",
    "run = run_sweep(sweep, corpus, 'run', executor='inprocess')\nrun",
    "run.plot('curves')",
    "run_sweep(sweep, corpus, 'run', executor='inprocess', progress=False).status()",
    "print(run)",
]


@pytest.fixture(scope="module")
def cells(tmp_path_factory) -> list[list[nbformat.NotebookNode]]:
    """Return the outputs of every cell."""
    place = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    notebook.cells[2].metadata["tags"] = ["raises-exception"]
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(variable, str(place / variable))
        patch.setenv("MODELCOLLAPSE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        nbclient.NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(place)}}).execute()
    return [cell.outputs for cell in notebook.cells]


def html(outputs: list[nbformat.NotebookNode]) -> list[str]:
    return [output.data["text/html"] for output in outputs if "text/html" in output.get("data", {})]


def test_a_corpus_and_a_sweep_introduce_themselves(cells):
    assert "<b>Corpus synthetic:600</b>" in html(cells[0])[-1]
    assert "<b>Sweep sweep</b>" in html(cells[1])[-1]
    assert 'chains</th><td style="text-align:left">4</td>' in html(cells[1])[-1]


def test_interrupting_the_kernel_keeps_everything_and_says_how_to_go_on(cells):
    shown = html(cells[2])[-1]
    assert "2/12 generations" in shown or "3/12 generations" in shown
    assert "Interrupted. What was computed is kept; the same call goes on from it." in shown
    assert cells[2][-1].ename == "KeyboardInterrupt"
    progress = html(cells[3])[0]
    assert "1 to go on from where they were" in progress or "1 finished before" in progress
    assert "4/4 chains" in progress


def test_a_run_shows_how_far_it_is_its_headline_and_its_main_figure(cells):
    shown = html(cells[3])[-1]
    assert "4 of 4 finished" in shown
    assert "12 of 12" in shown
    assert "headline" in shown
    assert shown.count("<svg") == 1
    assert "corpus: synthetic:600" in cells[6][0].text


def test_figures_are_shown_and_silence_is_kept(cells):
    assert html(cells[4])[0].count("<svg") == 1
    assert len(cells[5]) == 1
