"""The face: everything users call. The command line does nothing that is not one of these calls."""
