"""What stored rows say: curves, honest statistics, figures, the report. Reads rows only, never simulates.

Every function takes a Polars frame of rows: the columns of `modelcollapse.simulation.rows.Row` and ``experiment``, one
row per generation of a chain. `results` are such rows as they are stored, `rows` what `statistics.arms.prepare` makes
of them. Where functions take these,

- `metric` is the column to look at;
- `n_seen` is the size at which to look, by default the largest of each setting;
- `margin` is the difference that counts as none, a fraction: 0.005 is half a percentage point.

Figures and tables are None where the rows have no data for them.
"""
