"""The original study: its published curves, its claims, and a run held against them."""
