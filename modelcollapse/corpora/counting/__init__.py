"""Texts in, counts out: cleaning, words, n-grams, arrays on disk."""
