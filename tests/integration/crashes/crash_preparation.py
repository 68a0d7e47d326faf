"""Imported by the fork server alone: what every process that it forks would otherwise have to do first.

Imports, and a client of EventBridge with all that it loads on first use.
"""

from tests.fakes.bus import client
from tests.integration.crashes import crashing  # noqa: F401 - imported is prepared

client()
