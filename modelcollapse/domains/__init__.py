"""Domains: what a slot of an increment is – so far the small worlds whose laws are known exactly."""
