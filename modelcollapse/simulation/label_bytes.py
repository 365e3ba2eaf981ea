"""One byte a document: the label it carries in training, and where that label came from.

The byte is ``label + origin``: 0 and 1 are human labels, 2 and 3 self-labels, 4 a document that is left out, 8 and 9
labels that people gave when they checked what the model labels.
A chain's whole state is the string of these bytes, in the order in which documents were seen.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from modelcollapse.simulation.slots import CHECKED, SYNTHETIC, Origins

Labels = npt.NDArray[np.uint8]


def value(labels: Labels) -> Labels:
    """Return the labels themselves, 0 or 1 (documents left out have none: do not ask)."""
    return labels & np.uint8(1)


def is_synthetic(labels: Labels) -> npt.NDArray[np.bool_]:
    """Mark the self-labelled documents."""
    return (labels & SYNTHETIC) != 0


def is_human(labels: Labels) -> npt.NDArray[np.bool_]:
    """Mark the documents that people labelled without seeing what the model says of them."""
    return labels < SYNTHETIC


def is_checked(labels: Labels) -> npt.NDArray[np.bool_]:
    """Mark the documents whose label people checked."""
    return labels >= CHECKED


def origins(labels: Labels) -> Origins:
    """Return where labels come from: see `simulation.slots`."""
    return labels & np.uint8(254)
