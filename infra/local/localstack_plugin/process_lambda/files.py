"""Keeps LocalStack's S3 files in its own temporary folder.

LocalStack writes them to one fixed folder of the machine, where a second stack beside this one would delete them.
"""

import tempfile
from pathlib import Path

from localstack.runtime import hooks
from localstack.services.s3 import provider


@hooks.on_infra_start()  # type: ignore[untyped-decorator]  # LocalStack is not installed where mypy runs
def keep_s3_files_apart() -> None:
    """Point the S3 provider to ``TMPDIR`` before it starts."""
    provider.DEFAULT_S3_TMP_DIR = str(Path(tempfile.gettempdir(), "s3"))
