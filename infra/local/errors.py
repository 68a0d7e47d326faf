"""Errors of the laptop stack: each message says what is wrong, where to look and what to do."""


class OperatorError(Exception):
    """Raised when the stack cannot do what was asked; shown to the person as it is, without a traceback."""
