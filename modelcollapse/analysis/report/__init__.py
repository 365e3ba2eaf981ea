"""The report: one HTML page with its headline, caveats, tables and figures."""
