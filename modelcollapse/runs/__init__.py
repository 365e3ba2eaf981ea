"""What users call: run a sweep, open a run, add seeds until it is precise."""
