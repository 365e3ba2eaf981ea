"""How and where chains are run: the options of every command that runs something."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from modelcollapse.fields import Field


@dataclass(frozen=True)
class ExecutorOptions:
    """Where chains, or the units of a search, run."""

    executor: Annotated[Literal["ray", "inprocess"], Field("Where chains run.")] = "ray"
    address: Annotated[str | None, Field("Of a running Ray cluster.")] = None
    workers: Annotated[int | None, Field("Tasks at a time.  [all cores]", ge=1)] = None


@dataclass(frozen=True)
class RunOptions(ExecutorOptions):
    """How and where chains are run."""

    shards: Annotated[
        int | None, Field("Tasks that a generation's trees are split over.  [more than 1 when cores would idle]", ge=1)
    ] = None
    retry_failed: Annotated[
        bool, Field("Run chains again that failed for their own reasons.", flags=("--retry-failed",))
    ] = False  # fmt: skip
    log_file: Annotated[Path | None, Field("Where the log goes.  [log.txt in the run's folder]")] = None
    json: Annotated[
        bool, Field("Progress for programs: one JSON object a line on standard output.", flags=("--json",))
    ] = False  # fmt: skip
