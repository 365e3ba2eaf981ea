"""Tables of rows in, tables of estimates out: arms, intervals, tests, curves."""
