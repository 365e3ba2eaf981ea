"""Domains: what a slot of an increment is – labels of two classes or more, text, draws in small worlds."""
