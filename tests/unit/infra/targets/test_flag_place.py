"""How a shell reaches a stage's flags."""

from typing import Any

import pytest

from infra.deployment.application import Target
from infra.local.layout import REGION
from infra.targets.flags import clients_of


@pytest.mark.parametrize("emulated", [True, False])
def test_a_shell_has_no_more_patience_with_appconfig_than_a_function(emulated: bool) -> None:
    clients = clients_of(Target(REGION, "http://localhost:1" if emulated else None))
    reading: Any = clients.reading().meta.config
    changing: Any = clients.changing().meta.config
    assert (reading.connect_timeout, reading.read_timeout, reading.retries["total_max_attempts"]) == (0.5, 1, 1)
    assert (changing.connect_timeout, changing.read_timeout, changing.retries["total_max_attempts"]) == (2, 5, 3)
    assert reading.proxies == ({} if emulated else None)
