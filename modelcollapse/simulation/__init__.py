"""The science, free of Ray and files: what a chain is, and how one generation follows from the last."""
