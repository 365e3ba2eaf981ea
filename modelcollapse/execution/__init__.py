"""Carrying out the chains of a sweep: the plan, where chains run, and what is kept of them."""
