"""What a stack puts into its emulated AWS: the secret, the application, the feature flags."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from infra.deployment.application import Target, application_stack, deploy_application
from infra.deployment.cloudformation import Stack
from infra.deployment.flags import deploy_flags, flags_parameters, flags_stack, flags_template
from infra.deployment.packaging import Package
from infra.errors import DeployError
from infra.local.identity import Identity
from infra.local.layout import AUDIENCE, BUCKET, REGION, SECRET_ID, STAGE, Layout


class EmulatedCloud:
    """The emulated AWS of one stack. LocalStack forgets everything when it ends, so each step may be repeated."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._identity = Identity.of(layout)
        self._aws = Target(REGION, layout.localstack_url)
        self._appconfig = Target(REGION, layout.appconfig_url)

    def put_secrets(self) -> str:
        """Put the secret into Secrets Manager."""
        secrets_manager = self._aws.client("secretsmanager")
        try:
            secrets_manager.create_secret(Name=SECRET_ID, SecretString=self._secret())
        except secrets_manager.exceptions.ResourceExistsException:
            secrets_manager.put_secret_value(SecretId=SECRET_ID, SecretString=self._secret())
        return f"secret {SECRET_ID}"

    def deploy_application(self, package: Package) -> str:
        """Deploy the packaged application unless exactly this is deployed."""
        parameters = self.parameters()
        parameters |= flags_parameters(self._appconfig, STAGE)
        stack = Stack(self._aws.client("cloudformation"), application_stack(STAGE))
        return self._unless_deployed(
            stack,
            f"{package.digest} {json.dumps(parameters)}",
            lambda: updated_or_replaced(
                stack, lambda: deploy_application(self._aws, package, STAGE, BUCKET, parameters)
            ),
        )

    def parameters(self) -> dict[str, str]:
        """Return the parameters of the template. A changed secret changes its digest, and with it every function."""
        return {
            "AuthIssuer": self._identity.issuer,
            "AuthAudience": AUDIENCE,
            "AuthJwksUrl": f"{self._layout.issuer_url}/jwks",
            "SecretId": SECRET_ID,
            "SecretDigest": hashlib.sha256(self._secret().encode()).hexdigest()[:16],
            "MongoDatabase": self._layout.database,
            "AppConfigEndpointUrl": self._layout.appconfig_url,
        }

    def deploy_flags(self) -> str:
        """Deploy the feature flags' home unless it is there; a document that was changed since is left alone."""
        stack = flags_stack(self._appconfig, STAGE)
        return self._unless_deployed(stack, flags_template(), lambda: deploy_flags(self._appconfig, STAGE))

    def _secret(self) -> str:
        return json.dumps({"mongodbUri": self._layout.mongodb_uri, "pseudonymKey": self._identity.pseudonym_key})

    def _unless_deployed(self, stack: Stack, content: str, deploy: Callable[[], bool]) -> str:
        if self._mark_of(stack).exists() and self._mark_of(stack).read_text() == _mark(stack, content):
            return f"{stack.name} is deployed already"
        deploy()
        self._mark_of(stack).write_text(_mark(stack, content))
        return f"{stack.name} deployed"

    def _mark_of(self, stack: Stack) -> Path:
        return self._layout.folder / f"{stack.name}.deployed"


def updated_or_replaced(stack: Stack, deploy: Callable[[], bool]) -> bool:
    """Deploy; where an update fails again, from nothing: LocalStack cannot update a REST API whose routes changed.

    CloudFormation removes a stack that has failed before it makes another; nothing in this one is worth keeping.
    """
    is_update = bool(stack.status())
    try:
        return deploy()
    except DeployError:
        if not is_update:
            raise
        return deploy()


def _mark(stack: Stack, content: str) -> str:
    """Identify one deployment of one content: a stack that was replaced has another id."""
    return f"{hashlib.sha256(content.encode()).hexdigest()} {stack.id()} {stack.status()}"
