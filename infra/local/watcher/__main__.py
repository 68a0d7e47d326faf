"""``python -m infra.local.watcher``: watches one stack until it is ended. WATCHER_SETTINGS says which, as JSON."""

import json
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.deployment.application import Target, application_stack
from infra.local.watcher.emf import measured
from infra.local.watcher.follower import Follower
from infra.local.watcher.watcher import Watcher

SECONDS = 5.0
PATIENCE = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 1})
log = logging.getLogger("watcher")


def main(settings: dict[str, Any]) -> None:
    """Look every few seconds; a step that fails is logged, and tried again the next time."""
    cloudwatch = Target(settings["region"], settings["endpoint"]).client("cloudwatch", PATIENCE)
    watcher = Watcher(cloudwatch, f"{application_stack(settings['stage'])}-", time.time)
    follower = Follower(Path(settings["log"]))
    steps = [lambda: watcher.take(measured(follower.lines())), watcher.send, watcher.judge]
    while True:
        for step in steps:
            _attempt(step)
        Path(settings["beat"]).touch()
        time.sleep(SECONDS)


def _attempt(step: Callable[[], object]) -> None:
    try:
        step()
    except (BotoCoreError, ClientError) as error:
        log.warning("CloudWatch is not reached, the next try is in %.0f s: %s", SECONDS, error)
    except OSError as error:
        log.warning("the functions' log cannot be read, the next try is in %.0f s: %s", SECONDS, error)


if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(message)s")
    main(json.loads(os.environ["WATCHER_SETTINGS"]))
