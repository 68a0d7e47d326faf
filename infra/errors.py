"""The errors of infra: each message says what is wrong, where to look and what to do; no traceback is shown.

OperatorError              what was asked cannot be done
└── DeployError            packaging or deploying failed; the message names the resource and its reason
"""

import sys

_EXPECTED = {
    "botocore.exceptions": ("BotoCoreError", "ClientError"),
    "pymongo.errors": ("PyMongoError",),
    "urllib3.exceptions": ("HTTPError",),
}


class OperatorError(Exception):
    """Raised when a command cannot do what was asked; its text is shown to the person, without a traceback."""


class DeployError(OperatorError):
    """Raised when packaging or deploying fails; the message names the resource and its reason."""


def expected_errors() -> tuple[type[Exception], ...]:
    """What may go wrong without being a defect. Of a library that nobody has imported nothing can have been raised."""
    found = (getattr(sys.modules.get(module), name, None) for module, names in _EXPECTED.items() for name in names)
    return OperatorError, OSError, *filter(None, found)
