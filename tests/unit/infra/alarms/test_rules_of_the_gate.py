"""The gate looks at some things itself, and so passes over the alarms that ring for them."""

from chalicelib.services.migration.gate.gathering import SEEN_BY_THE_GATE
from infra.alarms.alarm_rule import Severity
from infra.alarms.rules import RULES


def test_what_the_verdict_looks_at_itself_are_critical_rules() -> None:
    """A name that is no rule's would hinder nobody, and nothing would say so."""
    assert {*SEEN_BY_THE_GATE} < {rule.name for rule in RULES if rule.severity is Severity.CRITICAL}
