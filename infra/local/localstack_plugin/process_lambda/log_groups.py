"""Makes LocalStack write a function's log to the group that the function names, as AWS does: it has one for each."""

from typing import Any

from localstack.runtime import hooks
from localstack.services.lambda_.invocation.execution_environment import ExecutionEnvironment


@hooks.on_infra_start()  # type: ignore[untyped-decorator]  # LocalStack is not installed where mypy runs
def honour_log_groups() -> None:
    """Put the function's own setting in the place of the name that LocalStack makes."""
    ExecutionEnvironment.get_log_group_name = _log_group


def _log_group(environment: Any) -> str:
    return str(environment.function_version.config.logging_config["LogGroup"])  # LocalStack fills in the usual one
