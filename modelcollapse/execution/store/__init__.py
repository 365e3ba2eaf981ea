"""A run's folder: its paths, its chains, who may write, and what is kept of what arrives."""
