"""Makes LocalStack's EventBridge leave disabled rules alone, as AWS does: it keeps their state, but ignores it."""

from typing import Any

from localstack.runtime import hooks
from localstack.services.events.provider import EventsProvider

_process_rule = EventsProvider._process_rules


@hooks.on_infra_start()  # type: ignore[untyped-decorator]  # LocalStack is not installed where mypy runs
def honour_disabled_rules() -> None:
    """Put the check in front of LocalStack's own processing."""
    EventsProvider._process_rules = _process_rule_if_enabled


def _process_rule_if_enabled(provider: Any, rule: Any, *arguments: Any, **options: Any) -> None:
    if rule.state != "DISABLED":
        _process_rule(provider, rule, *arguments, **options)
