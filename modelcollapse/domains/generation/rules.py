"""Who writes the selected blocks, and how: decoders of the model, and controls without it."""

from __future__ import annotations

from modelcollapse.domains.generation.writing import Decoder
from modelcollapse.errors import SpecError

#: Controls: blocks are left out; generation 0's model writes them; human tokens in an order drawn for each block.
HUMAN_ONLY, FROZEN, SHUFFLED = "human-only", "frozen", "shuffled"

RULES = ("sample", "temperature:T", "top-k:K", "nucleus:P", "greedy", "mle", HUMAN_ONLY, FROZEN, SHUFFLED)


def decoder_of(rule: str) -> Decoder:
    """Return how tokens are drawn under a rule; as by the model itself under a control.

    Raise SpecError if there is no such rule, or its number is impossible.
    """
    name, colon, text = rule.partition(":")
    try:
        if not colon and name in ("sample", "none", HUMAN_ONLY, FROZEN, SHUFFLED):
            return Decoder()
        if not colon and name == "greedy":
            return Decoder(most=1)
        if not colon and name == "mle":
            return Decoder(smooths=False)
        if name == "temperature" and 0.05 <= float(text) <= 20:
            return Decoder(exponent=1 / float(text))
        if name == "top-k" and int(text) >= 1:
            return Decoder(most=int(text))
        if name == "nucleus" and 0 < float(text) <= 1:
            return Decoder(mass=float(text))
    except ValueError:
        pass
    raise SpecError(f"label_rule: found '{rule}', expected one of {', '.join(RULES)}; T from 0.05 to 20, P up to 1.")
