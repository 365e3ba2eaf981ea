"""The study's two searches among parameters: settings, units of work, runs, results, figures."""
