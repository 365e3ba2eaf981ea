"""The peak of a process' memory, for benches."""

from __future__ import annotations

import re
from pathlib import Path


def memory(*, reset: bool) -> float:
    """Megabytes in use after resetting the peak, or the peak since then; Linux only, else 0."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    found = re.search(rf"{'VmRSS' if reset else 'VmHWM'}:\s+(\d+) kB", status.read_text())
    return int(found.group(1)) / 1024 if found else 0.0
