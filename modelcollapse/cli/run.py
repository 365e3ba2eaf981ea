"""``run``, ``resume``, ``status`` and ``doctor``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
from modelcollapse.cli.execute import (
    Address,
    ExecutorOption,
    How,
    Json,
    LogFile,
    RetryFailed,
    Shards,
    Workers,
    execute,
)

if TYPE_CHECKING:
    from modelcollapse.execution.plan import Plan
    from modelcollapse.simulation.sweep import Sweep


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(run)
    app.command()(resume)
    app.command()(status)
    app.command()(doctor)


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
    shared_reference: Annotated[
        bool | None, typer.Option(help="On a ladder: one chain at rate 0, from the smallest initial size.")
    ] = None,
    test_size: Annotated[int | None, typer.Option(help="Documents of the test set.")] = None,
    trees: Annotated[int | None, typer.Option(help="Trees of the forests.")] = None,
    regime: Annotated[str | None, typer.Option(help="accumulate, replace, subsample.")] = None,
    label_rule: Annotated[str | None, typer.Option(help="argmax, prior-matched, frozen, human-only, …")] = None,
    min_df: Annotated[int | None, typer.Option(help="Training documents a term must be in.")] = None,
    max_ngram: Annotated[int | None, typer.Option(help="Highest n-gram order that models see.")] = None,
    max_terms: Annotated[int | None, typer.Option(help="Most frequent terms that models see.")] = None,
    scale: Annotated[float | None, typer.Option(help="Multiply an experiment's sizes: 0.1 for a tenth.")] = None,
    out: Annotated[str | None, typer.Option(help="The run's folder or URL.  [runs/<experiment>]")] = None,
    executor: ExecutorOption = "ray",
    address: Address = None,
    workers: Workers = None,
    shards: Shards = None,
    retry_failed: RetryFailed = False,
    log_file: LogFile = None,
    json: Json = False,
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
    from modelcollapse.cli import EXIT_FAILED_CHAINS
    from modelcollapse.corpora import load_corpus
    from modelcollapse.execution.folder import RunFolder
    from modelcollapse.execution.plan import make_plan
    from modelcollapse.execution.run import check_same_corpus, default_folder

    sweep, about_corpus = _merge(experiment, context.params, scale)
    location = out or default_folder(sweep)
    sweep.models()  # a slip in their names should not wait for the corpus
    documents = load_corpus(**{"name_or_path": "movies", **about_corpus})
    if dry_run:
        folder = RunFolder(location)
        check_same_corpus(folder.read_spec(), documents, folder)
        _print_plan(make_plan(sweep, documents, folder, retry_failed), location)
        return
    how = How(executor, address, workers, shards, retry_failed, log_file, json)
    if not execute(sweep, documents, location, how, about_corpus, until_ci, max_seeds):
        raise typer.Exit(EXIT_FAILED_CHAINS)


def resume(
    location: Annotated[str, typer.Argument(metavar="RUN", help="A run's folder or URL.")],
    executor: ExecutorOption = "ray",
    address: Address = None,
    workers: Workers = None,
    shards: Shards = None,
    retry_failed: RetryFailed = False,
    log_file: LogFile = None,
    json: Json = False,
) -> None:
    """Go on with every sweep of a run from where it was stopped."""
    from modelcollapse.cli import EXIT_FAILED_CHAINS
    from modelcollapse.corpora import load_corpus
    from modelcollapse.errors import RunFolderError
    from modelcollapse.execution import open_run

    run = open_run(location)
    given = run.corpus.get("given")
    if not isinstance(given, dict):
        raise RunFolderError(f"{location} does not say how to load its corpus: use run … --out {location}.")
    sweeps = run.sweeps
    documents = load_corpus(**{"name_or_path": "movies", **given})
    how = How(executor, address, workers, shards, retry_failed, log_file, json)
    complete = [execute(sweep, documents, location, how, given) for sweep in sweeps]
    if not all(complete):
        raise typer.Exit(EXIT_FAILED_CHAINS)


def _merge(experiment: str, params: dict[str, Any], factor: float | None) -> tuple[Sweep, dict[str, Any]]:
    """Return the sweep that the user means, and what `load_corpus` takes: options override the file."""
    from modelcollapse.corpora import CorpusOptions
    from modelcollapse.simulation.experiments import experiment_values
    from modelcollapse.simulation.scaling import scale
    from modelcollapse.simulation.sweep import Sweep, read_spec

    about_corpus = ("corpus", *CorpusOptions.model_fields)
    path = Path(experiment)
    if path.suffix == ".toml" or path.is_file():
        values = {"experiment": path.stem, **read_spec(path, about_corpus)}
    else:
        values = dict(experiment_values(experiment))
    corpus = {name: values.pop(name) for name in about_corpus if name in values} | corpus_options(params)
    if params["corpus"] is not None:
        corpus["corpus"] = params["corpus"]
    if "corpus" in corpus:
        corpus["name_or_path"] = _absolute(corpus.pop("corpus"))
    if factor is not None:
        values = scale(values, factor)
    fields = Sweep.model_fields.keys() - {"experiment"}
    given = {name: params[name] for name in fields if params[name] is not None}
    if "increment" in given or "sizes" in given:  # another way to grow replaces the experiment's
        values = {name: value for name, value in values.items() if name not in ("increment", "sizes")}
    return Sweep(**{**values, **given}), corpus


def _absolute(name_or_path: str) -> str:
    """Return a corpus as it can be found again from another working directory."""
    path = Path(name_or_path).expanduser()
    return str(path.absolute()) if path.is_file() else name_or_path


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
        f"{len(plan.chains)} chains, {len(plan.finished)} finished, {len(plan.partial)} begun"
        f"{f', {len(plan.given_up)} failed before' if plan.given_up else ''}; "
        f"{plan.n_generations_to_run} generations to run → {location}"
    )


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


def doctor() -> None:
    """Look at this machine – Ray, cores, memory, folders – and say what to change for sweeps."""
    from modelcollapse.cli.tables import print_table
    from modelcollapse.execution.doctor import examine

    findings = list(examine())
    print_table(("", "what", "found"), [("!" if f.advice else "ok", f.subject, f.found) for f in findings])
    for finding in findings:
        if finding.advice:
            typer.echo(f"{finding.subject}: {finding.advice}")
