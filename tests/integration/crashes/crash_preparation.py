"""Preparation in the fork server: the imports that every process that it forks would otherwise repeat.

Imports, and a client of EventBridge with all that it loads on first use.
"""

from tests.fakes.bus import client
from tests.integration.crashes import crashing  # noqa: F401 - imported is prepared

client()
