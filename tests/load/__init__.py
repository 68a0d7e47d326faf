"""A deployed stack under load, and the same in process beside it: ``make load``."""
