"""The entry point that LocalStack finds under ``LAMBDA_RUNTIME_EXECUTOR=process``."""

from typing import Any

from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin


class ProcessExecutorPlugin(RuntimeExecutorPlugin):  # type: ignore[misc]  # LocalStack is not installed where mypy runs
    """Hands LocalStack the executor class; imports it late, because LocalStack loads all plugins early."""

    name = "process"

    def load(self, *_args: Any, **_kwargs: Any) -> type:
        """Return the executor class."""
        from .functions.executor import ProcessRuntimeExecutor

        return ProcessRuntimeExecutor
