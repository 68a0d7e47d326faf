"""The errors of infra: each message says what is wrong, where to look and what to do; no traceback is shown.

OperatorError              what was asked cannot be done
└── DeployError            packaging or deploying failed; the message names the resource and its reason
"""


class OperatorError(Exception):
    """Raised when a command cannot do what was asked; shown to the person as it is, without a traceback."""


class DeployError(OperatorError):
    """Raised when packaging or deploying fails; the message names the resource and its reason."""


def expected_errors() -> tuple[type[Exception], ...]:
    """What may go wrong without being a defect. Imported when something did: most commands need none of these."""
    from botocore.exceptions import BotoCoreError, ClientError
    from pymongo.errors import PyMongoError
    from urllib3.exceptions import HTTPError

    return OperatorError, BotoCoreError, ClientError, PyMongoError, HTTPError, OSError
