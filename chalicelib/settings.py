"""The settings of one deployment: the only reader of the environment.

Secrets are not here: ``bootstrap`` fetches them from Secrets Manager by ``secret_id``.
"""

import os
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

LOCAL_STAGE = "local"


class Settings(BaseModel):
    """A deployment's settings, from its template; built once per process."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)  # the input is the whole environment

    stage: str = Field(alias="STAGE", min_length=1)
    event_bus_name: str = Field(alias="EVENT_BUS_NAME", min_length=1)
    auth_issuer: str = Field(alias="AUTH_ISSUER", min_length=1)
    auth_audience: str = Field(alias="AUTH_AUDIENCE", min_length=1)
    auth_origins: str = Field("", alias="AUTH_ORIGINS", pattern=r"^(https://[^/\s;,]+( |$))*$")
    auth_jwks_url: str = Field(alias="AUTH_JWKS_URL", pattern=r"^https?://")
    secret_id: str = Field(alias="SECRET_ID", min_length=1)
    mongodb_database: str = Field(alias="MONGODB_DATABASE", min_length=1)
    flags_application_id: str = Field(alias="FLAGS_APPLICATION_ID", min_length=1)
    flags_environment_id: str = Field(alias="FLAGS_ENVIRONMENT_ID", min_length=1)
    flags_profile_id: str = Field(alias="FLAGS_PROFILE_ID", min_length=1)
    flags_strategy_id: str = Field(alias="FLAGS_STRATEGY_ID", min_length=1)
    dead_letter_queue_url: str = Field(alias="DEAD_LETTER_QUEUE_URL", pattern=r"^https?://")
    work_queue_url: str = Field(alias="WORK_QUEUE_URL", pattern=r"^https?://")
    api_function: str = Field("APIHandler", alias="API_FUNCTION")  # what the template calls a function of routes
    memory_mb: int = Field(0, alias="AWS_LAMBDA_FUNCTION_MEMORY_SIZE", ge=0)  # what Lambda says that it is
    release: str = Field("", alias="RELEASE")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = Field("INFO", alias="LOG_LEVEL")

    @model_validator(mode="after")
    def _only_the_laptop_trusts_plain_http(self) -> Self:
        for name, url in (("AUTH_ISSUER", self.auth_issuer), ("AUTH_JWKS_URL", self.auth_jwks_url)):
            if self.stage != LOCAL_STAGE and not url.startswith("https://"):
                raise ValueError(f"stage {self.stage!r} needs {name} to start with https://")
        return self

    @property
    def stack(self) -> str:
        """The name of the deployment's CloudFormation stack, with which the names of its alarms begin."""
        return f"energy-monitor-{self.stage}"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the settings from the process's environment, or from a mapping in tests.

        Raises:
            pydantic.ValidationError: a variable is missing or contradicts another.
        """
        return cls.model_validate(dict(os.environ if environment is None else environment))
