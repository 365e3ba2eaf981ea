"""Made-up words that can be read aloud and that the text pipeline leaves as they are."""

from __future__ import annotations

_SYLLABLES = [consonant + vowel for consonant in "bdfghjklmnprtvz" for vowel in "aeiou"]
_ENDS = "klrt"  # no plural, no "men": nothing the lemmatiser would change

_TWO = len(_SYLLABLES) ** 2 * len(_ENDS)

#: Most words there are.
MAX_WORDS = _TWO * (1 + len(_SYLLABLES))

#: Without common factor with the numbers of words: multiplying by it visits all words in an order without pattern.
_STEP = 1_000_003


def make_words(n: int) -> list[str]:
    """Make distinct words, up to `MAX_WORDS`: two syllables for the first 22,500, three for the others."""
    short = [_spell(i * _STEP % _TWO, 2) for i in range(min(n, _TWO))]
    return short + [_spell(i * _STEP % (MAX_WORDS - _TWO), 3) for i in range(n - len(short))]


def _spell(number: int, n_syllables: int) -> str:
    number, end = divmod(number, len(_ENDS))
    word = _ENDS[end]
    for _ in range(n_syllables):
        number, syllable = divmod(number, len(_SYLLABLES))
        word = _SYLLABLES[syllable] + word
    return word
