"""Where runs and searches are kept."""

from __future__ import annotations

from pathlib import Path

from modelcollapse.errors import RunFolderError
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.store.paths import PATHS
from modelcollapse.sweeps.sweep import Sweep


def default_folder(sweep: Sweep) -> str:
    """Return where a sweep is kept unless the user says otherwise."""
    return f"runs/{sweep.experiment}"


def check_out(location: str | Path, spec: str = PATHS.spec) -> RunFolder:
    """Return a folder in which a run (or a search) can be kept, before anything is read or computed.

    Parameters
    ----------
    location : str or Path
        A path or any fsspec URL.
    spec : str
        The file that says what is there: `PATHS.spec` or `PATHS.search`.

    Raises
    ------
    RunFolderError
        If nothing stays there, or it holds something else.
    """
    folder = RunFolder(location)
    if not folder.is_kept:
        raise RunFolderError(f"{location} is gone when this command ends: expected a folder or a store as --out.")
    folder.check_usable(spec)
    return folder
