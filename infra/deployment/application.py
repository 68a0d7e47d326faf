"""Deploys the packaged application: the archive to S3 under its digest, the template through CloudFormation."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.deployment.cloudformation import Stack
from infra.errors import DeployError

if TYPE_CHECKING:
    from infra.deployment.packaging import Package


class Target:
    """The target of a deployment: AWS with the person's own credentials, or an emulator behind ``endpoint``."""

    def __init__(self, region: str | None = None, endpoint: str | None = None) -> None:
        key = "test" if endpoint else None  # emulators ask for any key; AWS's come from the person's configuration
        self.endpoint = endpoint
        self.session = boto3.Session(region_name=region, aws_access_key_id=key, aws_secret_access_key=key)

    def client(self, service: str, config: Config | None = None) -> Any:
        """Return a boto3 client, with a patience of its own where ``config`` says so.

        An emulator is asked for buckets by path, because it has no host names for them, and past any proxy, because
        no proxy reaches this machine's own address.
        """
        config = config or Config()
        if self.endpoint:
            config = config.merge(Config(s3={"addressing_style": "path"}, proxies={}))
        return self.session.client(service, endpoint_url=self.endpoint, config=config)

    @property
    def region(self) -> str:
        """The region that clients speak to."""
        return str(self.session.region_name)

    @cached_property
    def account(self) -> str:
        """The account that the credentials belong to."""
        return str(self.client("sts").get_caller_identity()["Account"])

    def object_url(self, bucket: str, key: str) -> str:
        """Return the address of an object in S3."""
        if self.endpoint:
            return f"{self.endpoint}/{bucket}/{key}"
        return f"https://{bucket}.s3.{self.region}.amazonaws.com/{key}"


def application_stack(stage: str) -> str:
    """Return the name of the application's CloudFormation stack."""
    return f"energy-monitor-{stage}"


def deploy_application(
    target: Target, package: "Package", stage: str, bucket: str, parameters: Mapping[str, str]
) -> bool:
    """Upload and deploy the application; return whether CloudFormation changed anything."""
    s3 = target.client("s3")
    ensure_bucket(s3, bucket, target.region, target.account)
    archive_key, template_key = f"{package.digest}/deployment.zip", f"{package.digest}/template.yaml"
    template = package.template(f"s3://{bucket}/{archive_key}")
    ours = {"ExpectedBucketOwner": target.account}
    s3.upload_file(str(package.archive), bucket, archive_key, ExtraArgs=ours)
    s3.put_object(Bucket=bucket, Key=template_key, Body=template.encode(), **ours)
    stack = Stack(target.client("cloudformation"), application_stack(stage))
    everything = {"Stage": stage, "EventBusName": application_stack(stage), "Release": package.digest, **parameters}
    return stack.deploy(template, everything, template_url=target.object_url(bucket, template_key))


def ensure_bucket(s3: Any, bucket: str, region: str, account: str) -> None:
    """Create the bucket unless it is there. Raises DeployError when it is there and not ours: code runs from it."""
    try:
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
    except ClientError as error:
        if error.response["Error"]["Code"] == "403":
            raise DeployError(
                f"The bucket {bucket} is not account {account}'s, or these credentials may not see it: "
                "choose another name with ARTIFACTS_BUCKET=..."
            ) from error
        if error.response["Error"]["Code"] != "404":
            raise
        elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region != "us-east-1" else {}
        s3.create_bucket(Bucket=bucket, **elsewhere)
