"""``python -m infra deploy``: the application to AWS."""

from functools import partial

import click
from rich.console import Console

from infra.deployment.application import Target as Aws
from infra.deployment.application import application_stack, deploy_application
from infra.deployment.cloudformation import Stack, declared_parameters
from infra.deployment.flags import deploy_flags, flags_parameters
from infra.deployment.packaging import RESOURCES, package
from infra.local.layout import STAGE

console = Console(highlight=False, soft_wrap=True, emoji=False)
setting = partial(click.option, show_envvar=True)


def _cloud_stage(_context: click.Context, _option: click.Parameter, stage: str) -> str:
    if stage == STAGE:
        raise click.BadParameter(f"{STAGE!r} is the laptop stack's: run 'make up', or choose another (STAGE=dev)")
    return stage


def _parameters(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    parameters = dict(text.partition("=")[::2] for text in given)
    if unknown := parameters.keys() - declared_parameters(RESOURCES.read_text()):
        raise click.BadParameter(
            f"infra/resources.yaml has no {', '.join(sorted(unknown))}; say NAME=VALUE of one of its parameters"
        )
    return parameters


@click.command()
@setting(
    "--stage",
    envvar="STAGE",
    required=True,
    callback=_cloud_stage,
    help="for example dev; names the CloudFormation stack",
)
@setting("--bucket", envvar="ARTIFACTS_BUCKET", required=True, help="S3 bucket for the package; made if missing")
@setting("--region", envvar="AWS_REGION", help="default: what your AWS configuration says")
@setting("--issuer", envvar="AUTH_ISSUER", required=True, help="who signs the tokens")
@setting("--audience", envvar="AUTH_AUDIENCE", default="energy-monitor", show_default=True, help="the page's client id")
@setting("--origins", envvar="AUTH_ORIGINS", default="", help="of the issuer's endpoints, beside the issuer's own")
@setting("--jwks-url", envvar="AUTH_JWKS_URL", required=True, help="where the issuer publishes its keys")
@setting("--secret-id", envvar="SECRET_ID", required=True, help="secret with mongodbUri and pseudonymKey")
@setting(
    "--secret-digest", envvar="SECRET_DIGEST", default="", help="another one makes functions read the secret again"
)
@setting("--alarm-email", envvar="ALARM_EMAIL", default="", help="who gets a mail when an alarm rings")
@setting("--database", envvar="MONGODB_DATABASE", default="energy_monitor", show_default=True)
@setting(
    "--parameter",
    "others",
    envvar="PARAMETERS",
    multiple=True,
    callback=_parameters,
    metavar="NAME=VALUE",
    help="of infra/resources.yaml, such as ApiConcurrency=50; what is left out has its default again",
)
def deploy(stage: str, bucket: str, region: str | None, others: dict[str, str], **settings: str) -> None:
    """Deploy to AWS with your own credentials, by the template that the laptop stack uses."""
    target = Aws(region)
    parameters = {
        "AuthIssuer": settings["issuer"],
        "AuthAudience": settings["audience"],
        "AuthOrigins": settings["origins"],
        "AuthJwksUrl": settings["jwks_url"],
        "SecretId": settings["secret_id"],
        "SecretDigest": settings["secret_digest"],
        "MongoDatabase": settings["database"],
        "AlarmEmail": settings["alarm_email"],
        **others,
    }
    click.echo(f"target: stage {stage} in {target.region}, bucket {bucket}", err=True)
    changes = []
    changes.append(f"flags {_changed(deploy_flags(target, stage))}")
    parameters |= flags_parameters(target, stage)
    is_changed = deploy_application(target, package(), stage, bucket, parameters)
    changes.append(f"application {_changed(is_changed)}")
    console.print(", ".join(changes))
    stack = Stack(target.client("cloudformation"), application_stack(stage))
    console.print(f"base URL: {stack.outputs().get('EndpointURL', '(see the API in the console)')}")


def _changed(changed: bool) -> str:
    return "deployed" if changed else "unchanged"
