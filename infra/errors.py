"""What may go wrong without being a defect: shown to the person as a message, without a traceback."""

from botocore.exceptions import BotoCoreError, ClientError
from pymongo.errors import PyMongoError
from urllib3.exceptions import HTTPError

from infra.deployment.errors import DeployError
from infra.local.errors import OperatorError

EXPECTED = (OperatorError, DeployError, BotoCoreError, ClientError, PyMongoError, HTTPError, OSError)
