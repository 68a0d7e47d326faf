"""The rights of each function: one role per function, with what it needs and nothing else.

A function that has no line in ``RIGHTS`` is not packaged. What its own log group and the dead-letter queue take from
every function is in ``statements``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Statement = dict[str, Any]

APPCONFIG = "arn:${AWS::Partition}:appconfig:${AWS::Region}:${AWS::AccountId}"
FLAGS_APPLICATION = f"{APPCONFIG}:application/${{FlagsApplicationId}}"
FLAGS_ENVIRONMENT = f"{FLAGS_APPLICATION}/environment/${{FlagsEnvironmentId}}"
FLAGS_PROFILE = f"{FLAGS_APPLICATION}/configurationprofile/${{FlagsProfileId}}"


def _allowed(name: str, actions: Sequence[str], *resources: Any) -> Statement:
    return {"Sid": name, "Effect": "Allow", "Action": [*actions], "Resource": [*resources]}


def _sub(text: str) -> dict[str, str]:
    return {"Fn::Sub": text}


def _arn(resource: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [resource, "Arn"]}


READ_SECRET = _allowed(
    "ReadSecret",
    ["secretsmanager:GetSecretValue"],
    _sub("arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${SecretId}-??????"),
)
PUBLISH_EVENTS = _allowed("PublishEvents", ["events:PutEvents"], _arn("EnergyEventBus"))
READ_FLAGS = _allowed(
    "ReadFlags",
    ["appconfig:StartConfigurationSession", "appconfig:GetLatestConfiguration"],
    _sub(f"{FLAGS_ENVIRONMENT}/configuration/${{FlagsProfileId}}"),
)
FLAGS_HOME = [
    *map(_sub, (FLAGS_APPLICATION, FLAGS_ENVIRONMENT, f"{FLAGS_ENVIRONMENT}/deployment/*")),
    *map(_sub, (FLAGS_PROFILE, f"{FLAGS_PROFILE}/hostedconfigurationversion/*")),
]
LOOK_AT_FLAGS = _allowed(
    "LookAtFlags",
    [
        "appconfig:ListDeployments",
        "appconfig:GetDeployment",
        "appconfig:ListHostedConfigurationVersions",
        "appconfig:GetHostedConfigurationVersion",
    ],
    *FLAGS_HOME,
)
DEPLOY_FLAGS = _allowed(
    "DeployFlags",
    ["appconfig:CreateHostedConfigurationVersion", "appconfig:StartDeployment", "appconfig:StopDeployment"],
    *FLAGS_HOME,
    _sub(f"{APPCONFIG}:deploymentstrategy/${{FlagsStrategyId}}"),
)
DELETE_FLAG_VERSIONS = _allowed("DeleteFlagVersions", ["appconfig:DeleteHostedConfigurationVersion"], *FLAGS_HOME)
COUNT_LETTERS = _allowed("CountLetters", ["sqs:GetQueueAttributes"], _arn("DeadLetterQueue"))
TAKE_LETTERS = _allowed(
    "TakeLetters",
    ["sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage"],
    _arn("DeadLetterQueue"),
)
SEND_RANGES = _allowed("SendRanges", ["sqs:SendMessage"], _arn("WorkQueue"))
TAKE_RANGES = _allowed(
    "TakeRanges", ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], _arn("WorkQueue")
)
# What the queue has given up on goes back to it.
SEND_RANGES_AGAIN = _allowed("SendRangesAgain", ["sqs:GetQueueUrl", "sqs:SendMessage"], _arn("WorkQueue"))
CALL_FUNCTIONS = _allowed(
    "CallFunctions",
    ["lambda:InvokeFunction"],
    _sub("arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}-*"),
)
SEE_ALARMS = _allowed(
    "SeeAlarms",
    ["cloudwatch:DescribeAlarms"],
    _sub("arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*"),  # a search needs them all
)
# A person who goes leaves what is kept beside the database: dead letters; flags' lists, which is waited for, and their
# old versions.
ERASE_PEOPLE = (
    *(READ_FLAGS, LOOK_AT_FLAGS, DEPLOY_FLAGS, DELETE_FLAG_VERSIONS),
    *(COUNT_LETTERS, TAKE_LETTERS),
)

API, OPERATORS_API, ACCOUNT_API = "APIHandler", "OperatorsApi", "AccountApi"
ON_THE_DATABASE = (READ_SECRET,)  # where MongoDB is, and the key of the pseudonyms
REFRESHES = (*ON_THE_DATABASE, PUBLISH_EVENTS)  # the next step of a meter with very many readings is an event

RIGHTS: Mapping[str, Sequence[Statement]] = {
    API: (
        *(READ_SECRET, PUBLISH_EVENTS),  # writes publish
        READ_FLAGS,  # flags decide which backend answers
    ),
    # Dead letters are sent again or discarded, alarms are shown.
    OPERATORS_API: (
        *(READ_SECRET, PUBLISH_EVENTS),
        *(READ_FLAGS, LOOK_AT_FLAGS, DEPLOY_FLAGS),
        *(COUNT_LETTERS, TAKE_LETTERS, CALL_FUNCTIONS, SEND_RANGES_AGAIN, SEE_ALARMS),
    ),
    ACCOUNT_API: (READ_SECRET, *ERASE_PEOPLE),  # the export says which flags name the person
    "EnergyReadingCreatedHandler": REFRESHES,
    "EnergyReadingUpdatedHandler": REFRESHES,
    "EnergyReadingDeletedHandler": REFRESHES,
    "EnergyReadingsSyncedHandler": REFRESHES,
    "BulkImportHandler": REFRESHES,
    "ImportUndoneHandler": REFRESHES,
    "MeterExchangedHandler": REFRESHES,
    "UserSettingsChangedHandler": REFRESHES,
    "MeterRefreshRequestedHandler": REFRESHES,
    "SyncJob": (READ_SECRET, PUBLISH_EVENTS),  # what it carries over is an event
    "BackendComparer": ON_THE_DATABASE,  # it asks both backends, whatever the flags say
    "CensusTaker": ON_THE_DATABASE,
    "Sweeper": (*REFRESHES, SEND_RANGES),  # ranges whose messages are lost
    "RangeWorker": (*REFRESHES, TAKE_RANGES, SEND_RANGES),  # Lambda takes the messages by its role; the rest of a range
    "AccountEraser": (READ_SECRET, *ERASE_PEOPLE),
    "StatusReporter": (READ_SECRET, LOOK_AT_FLAGS, COUNT_LETTERS),  # the percentages that are set; how many letters lie
    # It takes the next step or goes back, and waits for that; the gate asks for letters and alarms.
    "RolloutCarrier": (READ_SECRET, READ_FLAGS, LOOK_AT_FLAGS, DEPLOY_FLAGS, COUNT_LETTERS, SEE_ALARMS),
}


def statements(function: str, log_group: str) -> list[Statement]:
    """Everything that a function may do.

    Lambda checks by the function's role whether what it fails on may go to the dead-letter queue.
    """
    return [
        _allowed("WriteLog", ["logs:CreateLogStream", "logs:PutLogEvents"], _arn(log_group)),
        _allowed("SendDeadLetters", ["sqs:SendMessage"], _arn("DeadLetterQueue")),
        *RIGHTS[function],
    ]
