"""``run``, ``status`` and ``experiments``."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from modelcollapse.cli.corpus import (
    Balance,
    DropDuplicates,
    Encoding,
    KeepGoing,
    LabelColumn,
    Lemmatize,
    Member,
    Ngrams,
    RatingColumn,
    Stopwords,
    TextColumn,
    corpus_options,
)

if TYPE_CHECKING:
    from modelcollapse.execution.plan import Plan
    from modelcollapse.simulation.sweep import Sweep


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(run)
    app.command()(status)
    app.command()(experiments)


def run(
    context: typer.Context,
    experiment: Annotated[str, typer.Argument(help="An experiment's name, or a spec file (TOML).")],
    corpus: Annotated[str | None, typer.Option(help="A corpus' name, or a file with reviews.  [movies]")] = None,
    model: Annotated[str | None, typer.Option(help="Learners or import paths: forest,naive-bayes,…")] = None,
    model_param: Annotated[
        list[str] | None, typer.Option(help="A parameter and its values: max_depth=5,20,None. May be repeated.")
    ] = None,
    rates: Annotated[str | None, typer.Option(help="Collapse rates in [0, 1]: 0,0.1,0.5 or 0:0.3:0.03.")] = None,
    seeds: Annotated[str | None, typer.Option(help="How many seeds, or which: 20, 3,5,8 or 7:7:1.")] = None,
    initial_size: Annotated[str | None, typer.Option(help="Documents to begin with: 1000 or 80,800.")] = None,
    final_size: Annotated[int | None, typer.Option(help="Documents seen at the end.")] = None,
    increment: Annotated[int | None, typer.Option(help="Documents added in each generation.")] = None,
    sizes: Annotated[str | None, typer.Option(help="A ladder instead: 80,202,507 or geometric:80:320000:10.")] = None,
    test_size: Annotated[int | None, typer.Option(help="Documents of the test set.")] = None,
    trees: Annotated[int | None, typer.Option(help="Trees of the forests.")] = None,
    regime: Annotated[str | None, typer.Option(help="accumulate, replace, subsample.")] = None,
    label_rule: Annotated[str | None, typer.Option(help="argmax, prior-matched, frozen, human-only, …")] = None,
    min_df: Annotated[int | None, typer.Option(help="Training documents a term must be in.")] = None,
    max_ngram: Annotated[int | None, typer.Option(help="Highest n-gram order that models see.")] = None,
    max_terms: Annotated[int | None, typer.Option(help="Most frequent terms that models see.")] = None,
    scale: Annotated[float | None, typer.Option(help="Multiply an experiment's sizes: 0.1 for a tenth.")] = None,
    out: Annotated[str | None, typer.Option(help="The run's folder or URL.  [runs/<experiment>]")] = None,
    executor: Annotated[Literal["ray", "inprocess"], typer.Option(help="Where chains run.")] = "ray",
    address: Annotated[str | None, typer.Option(help="Of a running Ray cluster.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Chains at a time.  [all cores]")] = None,
    until_ci: Annotated[
        float | None, typer.Option(help="Add seeds until all paired 95 % intervals at the end are ± this: 0.002.")
    ] = None,
    max_seeds: Annotated[int, typer.Option(min=2, help="For --until-ci: stop there.")] = 100,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List chains and generations; run nothing.")] = False,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    rating_column: RatingColumn = None,
    encoding: Encoding = None,
    member: Member = None,
    drop_duplicates: DropDuplicates = None,
    balance: Balance = None,
    keep_going: KeepGoing = None,
    lemmatize: Lemmatize = None,
    stopwords: Stopwords = None,
    ngrams: Ngrams = None,
) -> None:
    """Run a sweep, or what is missing of it. The same command goes on where it was stopped."""
    from modelcollapse.cli import EXIT_FAILED_CHAINS, EXIT_INTERRUPTED
    from modelcollapse.corpora import load_corpus
    from modelcollapse.execution.folder import RunFolder
    from modelcollapse.execution.plan import make_plan
    from modelcollapse.execution.progress import terminal_progress
    from modelcollapse.execution.run import check_same_corpus, default_folder, run_sweep
    from modelcollapse.precision import run_until_precise

    sweep, about_corpus = _merge(experiment, context.params, scale)
    location = out or default_folder(sweep)
    sweep.models()  # a slip in their names should not wait for the corpus
    documents = load_corpus(about_corpus.pop("corpus", "movies"), **about_corpus)
    if dry_run:
        folder = RunFolder(location)
        check_same_corpus(folder.read_spec(), documents, folder)
        _print_plan(make_plan(sweep, documents, folder), location)
        return
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        options: dict[str, Any] = {
            "out": location,
            "executor": executor,
            "address": address,
            "workers": workers,
            "progress": terminal_progress(),
        }
        if until_ci is None:
            done = run_sweep(sweep, documents, **options)
        else:
            done, reached = run_until_precise(sweep, documents, until_ci, max_seeds, **options)
    except KeyboardInterrupt:
        typer.echo(f"Interrupted. What was computed is kept in {location}; the same command goes on from it.", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    _print_outcome(done.results().filter(experiment=sweep.experiment))
    if until_ci is not None:
        n_seeds = done.results()["seed"].n_unique()
        typer.echo(f"Widest paired 95 % interval at the end: ± {reached:.4f} with {n_seeds} seeds.")
    typer.echo(f"Results: {location}. Next: modelcollapse plot {location}, or report, or export.")
    if failed := done.failed(sweep):
        typer.echo(f"{len(failed)} chains failed; why: {done.folder.path('failures')}", err=True)
        raise typer.Exit(EXIT_FAILED_CHAINS)


def _merge(experiment: str, params: dict[str, Any], factor: float | None) -> tuple[Sweep, dict[str, Any]]:
    """Return the sweep that the user means, and what is said of the corpus: options override the file."""
    from modelcollapse.corpora import CorpusOptions
    from modelcollapse.simulation.experiments import experiment_values
    from modelcollapse.simulation.sweep import Sweep, read_spec, scale

    about_corpus = ("corpus", *CorpusOptions.model_fields)
    path = Path(experiment)
    if path.suffix == ".toml" or path.is_file():
        values = {"experiment": path.stem, **read_spec(path, about_corpus)}
    else:
        values = dict(experiment_values(experiment))
    corpus = {name: values.pop(name) for name in about_corpus if name in values} | corpus_options(params)
    if params["corpus"] is not None:
        corpus["corpus"] = params["corpus"]
    if factor is not None:
        values = scale(values, factor)
    fields = Sweep.model_fields.keys() - {"experiment"}
    given = {name: params[name] for name in fields if params[name] is not None}
    if "increment" in given or "sizes" in given:  # another way to grow replaces the experiment's
        values = {name: value for name, value in values.items() if name not in ("increment", "sizes")}
    return Sweep(**{**values, **given}), corpus


def _interrupt(signum: int, frame: object) -> None:
    raise KeyboardInterrupt


def _print_plan(plan: Plan, location: str) -> None:
    from modelcollapse.cli.tables import print_table

    rows = [
        (
            chain.task.chain_id,
            chain.task.spec.seed,
            f"{float(chain.task.spec.collapse_rate):g}",
            " ".join(part for part in (chain.task.spec.model.name, chain.task.spec.model.params_text) if part),
            chain.task.spec.regime,
            chain.task.spec.label_rule,
            f"{chain.task.spec.initial_size:,} → {chain.task.spec.final_size:,}",
            f"{chain.n_done}/{chain.n_generations}",
        )
        for chain in plan.chains
    ]
    titles = ("chain", "seed", "rate", "model", "regime", "label rule", "documents", "generations done")
    print_table(titles, rows)
    typer.echo(
        f"{len(plan.chains)} chains, {len(plan.finished)} finished, {len(plan.partial)} begun; "
        f"{plan.n_generations_to_run} generations to run → {location}"
    )


def _print_outcome(results: Any) -> None:
    """Print where every arm of a sweep began and ended: means over seeds."""
    from modelcollapse.analysis.arms import varying_axes
    from modelcollapse.analysis.outcome import outcome
    from modelcollapse.cli.tables import print_table

    if results.is_empty():
        return
    axes = [axis for axis in varying_axes(results) if axis not in ("seed", "collapse_rate", "model_params")]
    if results.filter(results["model_params"] != "")["model_params"].n_unique() > 1:
        axes.append("model_params")
    rows = [
        (
            f"{100 * row['collapse_rate']:g} %",
            *(row[axis] for axis in axes),
            row["n_seeds"],
            f"{row['first_n_seen']:,} → {row['n_seen']:,}",
            f"{row['first_accuracy']:.3f} → {row['accuracy']:.3f}",
            "–" if row["half_width"] is None else f"{row['half_width']:.3f}",
            "–" if row["roc_auc"] is None else f"{row['roc_auc']:.3f}",
            f"{row['first_predicted_positive_rate']:.2f} → {row['predicted_positive_rate']:.2f}",
        )
        for row in outcome(results).iter_rows(named=True)
    ]
    names = [axis.replace("_", " ") for axis in axes]
    titles = ("rate", *names, "seeds", "documents", "accuracy", "± 95 %", "ROC AUC", "called positive")
    print_table(titles, rows)


def status(
    location: Annotated[str, typer.Argument(metavar="RUN", help="A run's folder or URL.")],
) -> None:
    """Say what a run has and what is missing. Works while it is running."""
    from modelcollapse.cli.tables import print_table
    from modelcollapse.execution import open_run

    run = open_run(location)
    typer.echo(f"{location}: corpus '{run.corpus['name']}', fingerprint {run.corpus['fingerprint'][:12]}")
    rows = []
    for sweep in run.sweeps:
        chains = list(run.chains(sweep))
        done = [record.n_done(task.spec) for task, record in chains]
        wanted = [len(task.spec.sizes()) for task, _ in chains]
        finished = sum(d == w for d, w in zip(done, wanted, strict=True))
        begun = sum(0 < d < w for d, w in zip(done, wanted, strict=True))
        rows.append((
            sweep.experiment, f"{finished}/{len(chains)}", begun, len(run.failed(sweep)), f"{sum(done)}/{sum(wanted)}",
        ))
    print_table(("experiment", "chains finished", "begun", "failed", "generations"), rows)


def experiments() -> None:
    """List the experiments: what there is, with sizes and number of chains and generations."""
    from modelcollapse.cli.tables import print_table
    from modelcollapse.simulation.experiments import experiment_values, load_experiments
    from modelcollapse.simulation.sweep import Sweep

    rows = []
    for name, values in load_experiments().items():
        sweep = Sweep(**experiment_values(name))
        chains = list(sweep.chains())
        generations = sum(len(chain.sizes()) for chain in chains)
        rows.append((name, len(chains), f"{generations:,}", f"{sweep.documents_needed:,}", values["description"]))
    print_table(("experiment", "chains", "generations", "documents", "what"), rows)
