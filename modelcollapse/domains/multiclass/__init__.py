"""More than two classes: the study's loop, measured class by class."""
