"""Classifiers and how they are trained: the table of learners, their check, containment, terms, threads."""
