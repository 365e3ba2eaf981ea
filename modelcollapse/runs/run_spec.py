"""Where runs are kept; what spec.json says of one, and whether it may be gone on with here."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import warnings
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from modelcollapse.corpora.block_cache import BlockCorpus
from modelcollapse.domains.catalogue import find_domain
from modelcollapse.domains.generation.samples import Vocabulary
from modelcollapse.errors import LearnerError, RunFolderError
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.store.models import check_same_objects, refreshed, resolve
from modelcollapse.execution.store.paths import PATHS
from modelcollapse.execution.store.spec import RunSpec, StoredCorpus, StoredRows
from modelcollapse.names import printable
from modelcollapse.simulation.domain import Data
from modelcollapse.simulation.rows import column_types
from modelcollapse.sweeps.sweep import Sweep

#: Packages whose versions can change results.
VERSIONED = ("modelcollapse", "numpy", "scipy", "scikit-learn", "numba", "nltk", "polars", "ray")

#: Names packages, separated by commas, whose learners may be imported when a run's folder names them.
TRUST_VARIABLE = "MODELCOLLAPSE_TRUSTED_LEARNERS"


def default_folder(sweep: Sweep) -> str:
    """Return where a sweep is kept unless the user says otherwise."""
    return f"runs/{sweep.experiment}"


def check_out(location: str | Path, spec: str = PATHS.spec) -> RunFolder:
    """Return a folder in which a run (or, with `PATHS.search`, a search) can be kept, before anything is computed.

    Raise RunFolderError if nothing stays there, or it holds something else.
    """
    folder = RunFolder(location)
    if not folder.is_kept:
        raise RunFolderError(f"{location} is gone when this command ends: expected a folder or a store as --out.")
    folder.check_usable(spec)
    return folder


def check_learners(sweep: Sweep, trusted: Collection[str], where: str, given: Collection[str] = ()) -> None:
    """Raise RunFolderError if a folder's sweep has a learner that is not here.

    That is one by import path that nobody here has vouched for: importing runs code, and a folder may come from
    anywhere. scikit-learn's own learners are installed here anyway; others are imported if the user named them in this
    call, or their package in MODELCOLLAPSE_TRUSTED_LEARNERS. And objects that are not `given` again, by name.
    """
    vouched = os.environ.get(TRUST_VARIABLE, "").split(",")
    for name in sweep.model:
        if ":" not in name and name not in given and not is_known(sweep, name):
            raise RunFolderError(
                f"{where} names the learner '{name}', an object that Python code gave: go on from there, with "
                f"resume(…, learners={{'{name}': …}}), or the call of run_sweep that began it."
            )
        package = name.partition(":")[0].partition(".")[0]
        if ":" in name and name not in trusted and package not in ("sklearn", "modelcollapse", *vouched):
            raise RunFolderError(
                f"{where} names the learner {name}, whose code would be run. If you trust it, say so: "
                f"{TRUST_VARIABLE}={package}."
            )


def is_known(sweep: Sweep, name: str) -> bool:
    """Return whether a name alone is a model of a sweep, in its domain."""
    try:
        find_domain(sweep.domain).parameter_names(name)
    except LearnerError:
        return False
    return True


def check_same_corpus(known: RunSpec | None, domain: str, corpus: Data, folder: RunFolder) -> None:
    """Raise RunFolderError if a folder belongs to another domain or corpus, and say in what they differ."""
    if known is not None and known.domain != domain:
        raise RunFolderError(
            f"{folder} holds a run of the domain '{known.domain}', not of '{domain}': choose another --out."
        )
    if known is None or known.corpus.fingerprint == corpus.fingerprint:
        return
    then = known.corpus
    there, here = _flat(then.origin), _flat(_origin(corpus))
    causes = ("source.options.", "source.parameters.", "source.", "")  # before what followed from them
    parts = sorted({*there, *here}, key=lambda part: ([part.startswith(cause) for cause in causes].index(True), part))
    differences = [
        f"{part} {there.get(part)} there, {here.get(part)} here" for part in parts if there.get(part) != here.get(part)
    ]
    raise RunFolderError(
        f"{folder} holds a run on the corpus '{then.name}' (fingerprint {then.fingerprint[:12]}), not on "
        f"'{corpus.name}' ({corpus.fingerprint[:12]})"
        + (f"; they differ in {'; '.join(differences[:4])}" if differences else "")
        + ": choose another --out, or the same corpus."
    )


def _origin(corpus: Data) -> dict[str, Any]:
    return {} if corpus.origin is None else corpus.origin.to_json()


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    """Return the leaves of nested mappings by their dotted names."""
    if not isinstance(value, dict):
        return {name: value}
    return {
        key: leaf
        for part, inner in value.items()
        for key, leaf in _flat(inner, f"{name}.{part}" if name else str(part)).items()
    }


def extended_spec(
    known: RunSpec | None,
    sweep: Sweep,
    corpus: Data,
    given: Mapping[str, Any] | None,
    folder: RunFolder,
) -> RunSpec:
    """Return a folder's spec with one more sweep."""
    asked, models = stored_sweep(sweep), resolve(sweep)
    written = [model.to_json() for model in models]
    now = _versions()
    if known is None:
        about: dict[str, Any] = {"name": corpus.name, "fingerprint": corpus.fingerprint, "origin": _origin(corpus)}
        if given is not None:
            about["given"] = dict(given)
        return RunSpec(
            corpus=StoredCorpus(**about), sweeps=[asked], models=[written], versions=now, rows=_rows_of(sweep)
        )
    check_same_objects(known.models, models, folder)
    then = known.versions
    changed = [f"{name} {then[name]} then, {now[name]} now" for name in now if then.get(name, now[name]) != now[name]]
    if changed:
        warnings.warn(f"{folder} was begun with other versions: {printable('; '.join(changed))}.", stacklevel=3)
    others = [i for i, values in enumerate(known.sweeps) if _as_text(values) != _as_text(asked)]
    again = [stored if i in others else written for i, stored in enumerate(refreshed(known.models, models))]
    if len(others) < len(known.sweeps):
        return known.model_copy(update={"models": again})
    more = {"sweeps": [*known.sweeps, asked], "models": [*again, written], "rows": _rows_of(sweep)}
    return known.model_copy(update=more)


def keep_vocabulary(data: Data, folder: RunFolder) -> None:
    """Write down what the tokens of blocks stand for, so that the folder alone shows what models wrote."""
    vocabulary = Vocabulary.of(data) if isinstance(data, BlockCorpus) else None
    if vocabulary is not None and folder.read(PATHS.vocabulary) != (content := vocabulary.to_bytes()):
        folder.write(PATHS.vocabulary, content)


def _rows_of(sweep: Sweep) -> StoredRows:
    row = find_domain(sweep.domain).row
    columns = {name: kind.__name__ for name, kind in column_types(row).items()}
    return StoredRows(domain=row.domain, version=row.schema_version, columns=columns)


def stored_sweep(sweep: Sweep) -> dict[str, Any]:
    """Return a sweep as it stands in spec.json."""
    return sweep.model_dump(mode="json", exclude_none=True)


def sweep_text(sweep: Sweep) -> str:
    """Return what two sweeps share if and only if they are the same."""
    return _as_text(stored_sweep(sweep))


def _as_text(values: object) -> str:
    """Return stored values as text: 1, 1.0 and true are equal, but not the same."""
    return json.dumps(values, sort_keys=True)


def _versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in VERSIONED}}
