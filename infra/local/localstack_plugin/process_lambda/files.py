"""Moves LocalStack's files into the stack's folder, and removes those left over.

LocalStack writes S3 objects to one fixed folder of the machine, where a second stack beside this one would delete them.
"""

import tempfile
from pathlib import Path

from localstack.runtime import hooks
from localstack.services.s3 import provider

from .functions import package_cache


@hooks.on_infra_start()  # type: ignore[untyped-decorator]  # LocalStack is not installed where mypy runs
def keep_s3_files_apart() -> None:
    """Point the S3 provider to ``TMPDIR`` before it starts."""
    provider.DEFAULT_S3_TMP_DIR = str(Path(tempfile.gettempdir(), "s3"))


@hooks.on_infra_start()  # type: ignore[untyped-decorator]  # LocalStack is not installed where mypy runs
def forget_old_packages() -> None:
    """Remove what earlier runs unpacked and no longer need."""
    package_cache.forget_old()
