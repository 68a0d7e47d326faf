"""The ports of the comparer, on the fake and on MongoDB alike."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.bootstrap.container import Ports
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.comparison_log import (
    ComparisonResult,
    DifferenceGroup,
    Example,
    Examples,
    IgnoreRule,
    Outcome,
    Replay,
    Request,
)
from chalicelib.domain.migration.records.decision import FORCED_OLD
from chalicelib.domain.migration.records.differences import Difference, DifferenceKind, differences, shown_value
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.readings import to_datetime
from chalicelib.repositories.comparisons import row_of
from infra.local.waiting import wait_until

TABLE, CHARTS = Component.ENERGY_TABLE, Component.MONTHLY_CHARTS
HIDDEN = Pseudonyms(b"a key")
T = 1_700_000_000_000
PAGE = {"limit": 3, "after": [T, "c" * 24]}
YEAR = {"type": "power", "year": 2023}
Parameters = Mapping[str, Any]


def note(
    ports: Ports,
    user: str,
    at: int,
    parameters: Parameters | None = PAGE,
    component: Component = TABLE,
    ok: bool = True,
) -> None:
    usage = BackendUsage(
        component, user, FORCED_OLD, 1.0, success=ok, parameters=parameters, trace_id=f"trace of {user}"
    )
    ports.usage.insert(usage, HIDDEN.of("user", user), at)


def noted(ports: Ports, count: int, component: Component = TABLE, after: int = T) -> list[Request]:
    """The noted reads, once there are ``count``: notes are not acknowledged."""
    assert wait_until(lambda: len(ports.comparisons.requests(component, after, 100)) == count, 10)
    return list(ports.comparisons.requests(component, after, 100))


def compared(user: str, control: Any, candidate: Any, request: Request | None = None) -> ComparisonResult:
    """What came of asking for the months of a year."""
    found = tuple(differences({"months": control}, {"months": candidate}))
    outcome = Outcome.DIFFERENT if found else Outcome.EQUAL
    return ComparisonResult(request or Request(CHARTS, user, YEAR), outcome, found, (3, 0), 1.5, 0.5)


def add(ports: Ports, at: int, *seen: ComparisonResult) -> None:
    for each in seen:
        ports.comparisons.add(each, HIDDEN, at)


def only_group(ports: Ports, since: int = T) -> DifferenceGroup:
    [group] = ports.comparisons.report(since).groups
    return group


def test_reads_after_an_instant_are_noted_the_latest_first_failed_ones_too_and_writes_are_none(
    ports: Ports, user: str
) -> None:
    for at in (T, T + 1, T + 2, T + 3):
        note(ports, f"{user}-{at - T}", at, ok=at != T + 2)
    note(ports, user, T + 5, parameters=None)
    note(ports, user, T + 6, parameters=YEAR, component=CHARTS)
    assert [each.user_id for each in noted(ports, 3)] == [f"{user}-{number}" for number in (3, 2, 1)]
    assert [each.user_id for each in ports.comparisons.requests(TABLE, T, 2)] == [f"{user}-3", f"{user}-2"]
    [read] = noted(ports, 1, CHARTS)
    assert (read.component, read.user_id, dict(read.parameters)) == (CHARTS, user, YEAR)
    assert read.trace_id == f"trace of {user}"


def test_a_noted_read_is_found_again_by_its_note_until_it_is_forgotten(ports: Ports, user: str) -> None:
    note(ports, user, T + 1)
    [read] = noted(ports, 1)
    assert read.usage is not None
    assert ports.comparisons.request(read.usage) == read
    assert ports.comparisons.request("f" * 24) is None


def test_how_far_one_has_looked_is_remembered(ports: Ports) -> None:
    assert ports.comparisons.looked_at() is None
    for instant in (T, T + 5):
        ports.comparisons.set_looked_at(instant)
        assert ports.comparisons.looked_at() == instant


def test_a_report_counts_outcomes_by_component_from_an_instant_on(ports: Ports, user: str) -> None:
    add(ports, T - 1, compared(user, [1], [1]))
    add(ports, T, compared(user, [1], [1]), compared(user, [1], [1]))
    add(
        ports,
        T + 1,
        ComparisonResult(Request(TABLE, user, PAGE), Outcome.LAG),
        ComparisonResult(Request(TABLE, user, PAGE), Outcome.FAILED),
    )
    report = ports.comparisons.report(T)
    assert report.outcomes == {CHARTS: {Outcome.EQUAL: 2}, TABLE: {Outcome.LAG: 1, Outcome.FAILED: 1}}
    assert (report.groups, report.replays, report.compared) == ([], [], 2)
    assert ports.comparisons.report(T, TABLE).outcomes == {TABLE: {Outcome.LAG: 1, Outcome.FAILED: 1}}


def test_a_report_of_one_component_shows_what_differed_there(ports: Ports, user: str) -> None:
    charts = compared(user, [1], [2])
    add(ports, T, charts, compared(user, [1], [2], Request(TABLE, user, PAGE)))
    assert len(ports.comparisons.report(T).groups) == 2
    [group] = ports.comparisons.report(T, CHARTS).groups
    assert [group.fingerprint] == [*charts.distinct]


def test_differences_are_grouped_by_fingerprint_with_the_latest_as_examples(ports: Ports, user: str) -> None:
    for number in range(5):
        add(ports, T + number, compared(f"{user}-{number % 2}", [1, 2, 3], [1, 5 + number, 6]))
    add(ports, T + 9, compared(user, [1, 2], [1]))
    more, less = ports.comparisons.report(T).groups
    assert (more.component, more.kind, more.place) == (CHARTS, "value", "months[]")
    assert (more.answers, more.users, more.first, more.last) == (5, 2, T, T + 4)
    assert [(seen.at, seen.place) for seen in more.examples] == [(T + at, "months[1]") for at in (4, 3, 2)]
    assert [seen.user for seen in more.examples] == [HIDDEN.of("user", f"{user}-{number}") for number in (0, 1, 0)]
    assert {seen.control for seen in more.examples} == {more.examples[0].control}
    assert len({seen.candidate for seen in more.examples}) == 3
    assert (less.kind, less.place, less.answers) == ("missing", "months[]", 1)
    assert less.examples[0].candidate == "absent"


def test_what_is_remembered_names_no_user_id_or_amount(ports: Ports, user: str) -> None:
    note(ports, user, T + 1)
    [read] = noted(ports, 1)
    secret = Decimal("4711.815")
    add(ports, T + 1, compared(user, [{"id": "a" * 24, "n": secret}], [{"id": "b" * 24, "n": secret}], read))
    [missing, extra] = sorted(ports.comparisons.report(T).groups, key=lambda group: group.kind, reverse=True)
    assert (missing.kind, extra.kind) == ("missing", "extra")
    said = repr((missing, extra, ports.comparisons.examples(extra.fingerprint, 5)))
    assert all(hidden not in said for hidden in (user, "4711", "a" * 24, "b" * 24, "c" * 24))


def test_examples_say_what_to_ask_again_the_latest_first(ports: Ports, user: str) -> None:
    note(ports, user, T + 1, YEAR, CHARTS)
    [read] = noted(ports, 1, CHARTS)
    add(ports, T + 1, compared(user, [1], [2]))
    add(ports, T + 2, compared(user, [1], [2], read))
    add(ports, T + 3, compared(user, [1], []))
    fingerprint = next(group.fingerprint for group in ports.comparisons.report(T).groups if group.kind == "value")
    whose = HIDDEN.of("user", user)
    of_note, asked = Example(CHARTS, whose, read.usage, None), Example(CHARTS, whose, None, YEAR)
    assert ports.comparisons.examples(fingerprint, 5) == Examples([of_note, asked], 2)
    assert ports.comparisons.examples(fingerprint, 1) == Examples([of_note], 2)
    assert ports.comparisons.examples("unknown", 5) == Examples([], 0)
    assert [ports.comparisons.has_seen(name) for name in (fingerprint, "unknown")] == [True, False]


def test_a_read_that_showed_it_again_and_again_is_one_example_and_others_are_others(ports: Ports, user: str) -> None:
    other = {**YEAR, "year": 2024}
    requests = [Request(CHARTS, user, YEAR), Request(CHARTS, user, other), Request(CHARTS, f"{user}-2", YEAR)]
    requests += [replace(requests[0], usage="a" * 24), replace(requests[0], feedback="b" * 24)]
    for number, request in enumerate([*requests, requests[0], requests[1]]):
        add(ports, T + number, compared(user, [1], [2], request))
    found = ports.comparisons.examples(only_group(ports).fingerprint, 9)
    asked = [(each.user, each.parameters, each.usage, each.feedback) for each in found.latest]
    one, two = (HIDDEN.of("user", name) for name in (user, f"{user}-2"))
    assert asked == [
        (one, other, None, None),
        (one, YEAR, None, None),
        (one, None, None, "b" * 24),
        (one, None, "a" * 24, None),
        (two, YEAR, None, None),
    ]
    assert found.count == 5


def test_who_asked_again_is_remembered_and_counts_as_no_comparison(ports: Ports, user: str) -> None:
    add(ports, T, compared(user, [1], [2]))
    fingerprint = only_group(ports).fingerprint
    replays = [Replay(fingerprint, "olga", T + at, {Outcome.DIFFERENT: 2, Outcome.LAG: 1}, 2, 3, 4) for at in (1, 2)]
    for replay in replays:
        ports.comparisons.audit(replay)
    report = ports.comparisons.report(T)
    assert list(report.replays) == replays[::-1]
    assert report.compared == 1
    assert only_group(ports).gone is None
    assert list(ports.comparisons.report(T + 2).replays) == replays[1:]


def test_a_difference_is_gone_by_the_last_replay_until_it_is_seen_again(ports: Ports, user: str) -> None:
    add(ports, T, compared(user, [1], [2]))
    fingerprint = only_group(ports).fingerprint
    gone, another = Replay(fingerprint, "olga", T + 5, {Outcome.EQUAL: 1}, 0), Replay("f", "olga", T + 6, {}, 0)
    for replay in (gone, another):
        ports.comparisons.audit(replay)
    assert only_group(ports).gone == gone
    ports.comparisons.audit(Replay(fingerprint, "olga", T + 7, {Outcome.FAILED: 1}, 0))
    assert only_group(ports).gone is None, "the last replay saw nothing"
    ports.comparisons.audit(replace(gone, at=T + 7, lost=1))
    assert only_group(ports).gone is None, "one could not be asked again"
    ports.comparisons.audit(replace(gone, at=T + 7, unasked=1))
    assert only_group(ports).gone is None, "one was not asked"
    ports.comparisons.audit(Replay(fingerprint, "olga", T + 8, {Outcome.EQUAL: 1}, 0))
    add(ports, T + 9, compared(user, [1], [2]))
    assert only_group(ports).gone is None


@pytest.mark.parametrize("owner", ["olga", "Ölga [b]"])
def test_a_rule_is_kept_with_owner_reason_and_day_and_a_later_one_replaces_it(
    ports: Ports, user: str, owner: str
) -> None:
    assert ports.comparisons.rules() == {}
    add(ports, T, compared(user, [1], [2]))
    fingerprint = only_group(ports).fingerprint
    for until in (T + 1, T + 2):
        rule = IgnoreRule(fingerprint, owner, "known: $1.50", until)
        ports.comparisons.save_rule(rule)
        assert ports.comparisons.rules() == {fingerprint: rule}
        assert only_group(ports).rule == rule


def test_a_row_says_what_was_asked_and_how_it_differed() -> None:
    difference = Difference(DifferenceKind.VALUE, ("months", 1, "consumption"), Decimal(1), Decimal(2))
    request = Request(TABLE, "alice", YEAR, trace_id="a trace")
    compared = ComparisonResult(
        request, Outcome.DIFFERENT, (difference, difference), (7, 8), 1.5, 2.5, "an error", (3, 4), code="code"
    )
    row = row_of(compared, HIDDEN, T)
    assert row == {
        "at": to_datetime(T),
        "component": "energy_table",
        "user": HIDDEN.of("user", "alice"),
        "usage": None,
        "feedback": None,
        "parameters": YEAR,
        "traceId": "a trace",
        "outcome": "different",
        "versions": [7, 8],
        "calculations": [3, 4],
        "oldMs": 1.5,
        "newMs": 2.5,
        "error": "an error",
        "code": "code",
        "count": 2,
        "differences": [
            {
                "fingerprint": difference.fingerprint(TABLE),
                "kind": difference.kind.value,
                "place": "months[].consumption",
                "exactPlace": difference.exact_place,
                "control": shown_value(Decimal(1), HIDDEN),
                "candidate": shown_value(Decimal(2), HIDDEN),
            }
        ],
    }
