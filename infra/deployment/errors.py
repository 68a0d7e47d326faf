"""Errors of packaging and deploying."""


class DeployError(Exception):
    """Raised when packaging or deploying fails; the message names the resource and its reason."""
