"""What stored rows say: curves, honest statistics, figures, the report. Reads rows only, never simulates.

Every function takes a Polars frame of rows: the columns of `modelcollapse.simulation.rows.Row` and ``experiment``, one
row per generation of a chain.
"""
