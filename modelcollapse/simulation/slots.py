"""Slots: what increments are made of, in every domain. Each says where its content came from: its origin.

A chain's whole state is the bytes of the slots filled so far. In a domain all slots are equally wide.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

#: One record per slot, of a dtype that the domain chooses.
Slots: TypeAlias = npt.NDArray[Any]

#: One of the following numbers per slot.
Origins: TypeAlias = npt.NDArray[np.uint8]

HUMAN = 0
SYNTHETIC = 2
LEFT_OUT = 4
#: Selected for the model, but checked by people: their content is what people put there.
CHECKED = 8
