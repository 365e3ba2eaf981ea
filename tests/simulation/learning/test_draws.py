from __future__ import annotations

import random

import numpy as np
import pytest

from modelcollapse.simulation.learning import draws


def test_draws_are_seeded_and_the_process_goes_on_as_it_was():
    def drawn():
        return np.random.random(), random.random()  # noqa: NPY002

    np.random.seed(5)  # noqa: NPY002
    random.seed(5)
    undisturbed = [drawn(), drawn()]
    np.random.seed(5)  # noqa: NPY002
    random.seed(5)
    disturbed = [drawn()]
    with draws.seeded(1):
        first = drawn()
    with draws.seeded(1, 1):
        assert drawn() != first
    with pytest.raises(ValueError, match="mine"), draws.seeded(1):
        raise ValueError("mine")
    with draws.seeded(1):
        assert drawn() == first
    assert [*disturbed, drawn()] == undisturbed
