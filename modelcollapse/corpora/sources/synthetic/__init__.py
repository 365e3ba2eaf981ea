"""Synthetic reviews: any number, in seconds, with a known Bayes error."""

#: What the names of synthetic corpora begin with.
PREFIX = "synthetic"
