"""The face: everything users call. The command line does nothing that is not one of these calls."""

from modelcollapse.runs.adaptive_seeds import run_until_precise
from modelcollapse.runs.comparing import Comparison, compare
from modelcollapse.runs.file_results import FileResults
from modelcollapse.runs.foreseeing import dry_run, estimate, experiment, experiments, plan
from modelcollapse.runs.opening import open_results
from modelcollapse.runs.results import Results
from modelcollapse.runs.run import Run, open_run
from modelcollapse.runs.searching import Search, open_search, search_generational, search_hyperparameters
from modelcollapse.runs.several import reproduce, resume, run_laws
from modelcollapse.runs.sweeping import run_sweep

__all__ = [
    "Comparison",
    "FileResults",
    "Results",
    "Run",
    "Search",
    "compare",
    "dry_run",
    "estimate",
    "experiment",
    "experiments",
    "open_results",
    "open_run",
    "open_search",
    "plan",
    "reproduce",
    "resume",
    "run_laws",
    "run_sweep",
    "run_until_precise",
    "search_generational",
    "search_hyperparameters",
]
