"""One number a document: the label it carries in training, and where that label came from.

Of two classes it is a byte, ``label + origin``: 0 and 1 are human labels, 2 and 3 self-labels, 4 a document that is
left out, 8 and 9 labels that people gave when they checked what the model labels. Of more classes it is two bytes,
``16 · label + origin``. A chain's whole state is the string of these bytes, in the order in which documents were seen.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from modelcollapse.simulation.slots import CHECKED, HUMAN, SYNTHETIC, Origins

#: Classes by their places, and such numbers: uint8 where there are two classes, uint16 where there are more.
Labels: TypeAlias = npt.NDArray[Any]

_SHIFT = 4


def coded(labels: Labels, origin: int) -> Labels:
    """Return labels of one origin as such numbers."""
    return labels + np.uint8(origin) if labels.dtype == np.uint8 else (labels << _SHIFT) + np.uint16(origin)


def value(labels: Labels) -> Labels:
    """Return the labels themselves (documents left out have none: do not ask)."""
    return labels & np.uint8(1) if labels.dtype == np.uint8 else labels >> _SHIFT


def is_synthetic(labels: Labels) -> npt.NDArray[np.bool_]:
    """Mark the self-labelled documents."""
    return origins(labels) == SYNTHETIC


def is_human(labels: Labels) -> npt.NDArray[np.bool_]:
    """Mark the documents that people labelled without seeing what the model says of them."""
    return origins(labels) == HUMAN


def is_checked(labels: Labels) -> npt.NDArray[np.bool_]:
    """Mark the documents whose label people checked."""
    return origins(labels) == CHECKED


def origins(labels: Labels) -> Origins:
    """Return where labels come from: see `simulation.slots`."""
    return labels & np.uint8(254) if labels.dtype == np.uint8 else (labels & np.uint16(15)).astype(np.uint8)
