"""Errors that are the user's to mend: one line says what was found, what was expected and what to do."""


class ModelCollapseError(Exception):
    """Base of all errors the command line reports in one line with exit code 2."""


class CorpusError(ModelCollapseError):
    """A corpus cannot be found, read, built or is too small for what was asked."""


class SpecError(ModelCollapseError):
    """A sweep, an experiment or one of their values is not valid."""


class LearnerError(ModelCollapseError):
    """A learner does not exist, or does not take the parameters it was given."""


class RunFolderError(ModelCollapseError):
    """A run folder cannot be used: another corpus, an unknown format, nothing in it."""


class ClusterError(ModelCollapseError):
    """A Ray cluster cannot be reached, or does not let us in."""
