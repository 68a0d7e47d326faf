"""Fifty people on a deployed stack of their own while its functions are killed: ``make soak MINUTES=5``."""
