"""The EventBridge publisher against moto (no network) and against a bus that fails."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import example, given
from hypothesis import strategies as st
from moto import mock_aws

from chalicelib.domain.events.contracts import EnergyReadingCreated, MeterChange
from chalicelib.domain.readings import EnergyType
from chalicelib.events.entries import entry_of, size_of
from chalicelib.events.eventbridge import EventBridgePublisher
from chalicelib.monitoring.metrics import metrics
from chalicelib.monitoring.trace import begin_trace, traceparent

MOMENT = datetime(2024, 1, 1, tzinfo=UTC)
LIMIT = 262_144


def event(number: int = 1) -> EnergyReadingCreated:
    change = MeterChange(type=EnergyType.POWER, source_version=number, first=MOMENT, last=MOMENT)
    return EnergyReadingCreated(
        occurred_at=MOMENT, user_id="alice", reading_id=f"r{number}", meter=change, traceparent=traceparent()
    )


def sized(characters: int) -> EnergyReadingCreated:
    """An event that is large in one of its fields."""
    return event().model_copy(update={"reading_id": "x" * characters})


def bytes_of(entry: dict[str, Any]) -> int:
    """What PutEvents counts, by the book."""
    return 14 + len((entry["Source"] + entry["DetailType"] + entry["Detail"]).encode())


class Bus:
    """Fails on purpose: ``failures`` says per call which entries it refuses, or raises. A call takes ``seconds``."""

    def __init__(self, *failures: set[int] | Exception, seconds: float = 0.0) -> None:
        self.failures = list(failures)
        self.seconds = seconds
        self.calls: list[list[Any]] = []
        self.pauses: list[float] = []
        self.now = 0.0
        self.lost: list[int] = []

    def put_events(self, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803 the name that AWS gives it
        self.now += self.seconds
        self.calls.append(Entries)
        failing = self.failures.pop(0) if self.failures else set()
        if isinstance(failing, Exception):
            raise failing
        results = [{"ErrorCode": "Throttled"} if i in failing else {"EventId": str(i)} for i in range(len(Entries))]
        return {"FailedEntryCount": len(failing), "Entries": results}

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def publisher(self) -> EventBridgePublisher:
        client: Any = self
        return EventBridgePublisher(lambda: client, "energy", self.pause, lambda: self.now, lost=self.lost.append)

    def sent(self) -> list[str]:
        """The details of all entries, in the order of their calls."""
        return [entry["Detail"] for call in self.calls for entry in call]


def accepted(call: list[Any], failing: set[int] | Exception) -> list[str]:
    """The details that a bus took which failed in this way."""
    refused = set(range(len(call))) if isinstance(failing, Exception) else failing
    return [entry["Detail"] for number, entry in enumerate(call) if number not in refused]


def publish(bus: Bus, count: int) -> None:
    bus.publisher().publish([event(number) for number in range(1, count + 1)])


def counted(name: str) -> float:
    """What a counter shows."""
    return float(sum(metrics().metric_set.get(name, {"Value": []})["Value"]))


@pytest.fixture(autouse=True)
def no_metrics_left() -> Iterator[None]:
    metrics().clear_metrics()
    yield
    metrics().clear_metrics()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield


@pytest.mark.usefixtures("aws")
def test_an_event_reaches_the_rule_of_its_kind_with_its_whole_detail() -> None:
    events, sqs = boto3.client("events", "us-east-1"), boto3.client("sqs", "us-east-1")
    queue = sqs.create_queue(QueueName="caught")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.create_event_bus(Name="energy")
    pattern = json.dumps({"source": ["energy-monitor"], "detail-type": ["EnergyReadingCreated"]})
    events.put_rule(Name="created", EventBusName="energy", EventPattern=pattern)
    events.put_targets(Rule="created", EventBusName="energy", Targets=[{"Id": "queue", "Arn": arn}])
    sent = event()
    EventBridgePublisher(lambda: events, "energy").publish([sent])
    [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
    envelope = json.loads(message["Body"])
    assert EnergyReadingCreated.model_validate(envelope["detail"]) == sent
    assert envelope["detail"]["meter"]["sourceVersion"] == 1


def test_every_event_carries_the_trace_of_the_call_that_publishes_it() -> None:
    begin_trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    bus, published = Bus(), [event(1).model_copy(update={"traceparent": None}), event(2)]
    bus.publisher().publish(published)
    assert [json.loads(detail)["traceparent"] for detail in bus.sent()] == [traceparent()] * 2
    assert str(traceparent()).startswith("00-4bf92f3577b34da6a3ce929d0e0e4736-")


def test_no_call_carries_more_than_ten_entries() -> None:
    bus = Bus()
    publish(bus, 23)
    assert [len(call) for call in bus.calls] == [10, 10, 3]


@given(st.lists(st.integers(1, 120_000), max_size=30))
def test_every_call_stays_within_the_limits_and_every_event_is_sent_once_in_order(sizes: list[int]) -> None:
    bus, events = Bus(), [sized(size) for size in sizes]
    assert bus.publisher().send(events) == []
    assert all(len(call) <= 10 and sum(bytes_of(entry) for entry in call) < LIMIT for call in bus.calls)
    assert bus.sent() == [event.model_dump_json(by_alias=True) for event in events]


@given(st.lists(st.integers(1, 120_000), max_size=30))
def test_two_calls_after_each_other_would_not_have_fitted_into_one(sizes: list[int]) -> None:
    bus = Bus()
    bus.publisher().publish([sized(size) for size in sizes])
    for call, following in pairwise(bus.calls):
        assert len(call) == 10 or sum(map(bytes_of, call)) + bytes_of(following[0]) >= LIMIT


@pytest.mark.parametrize(("less", "calls"), [(0, 2), (1, 1)])
def test_a_call_stays_below_the_limit_and_does_not_reach_it(less: int, calls: int) -> None:
    first = bytes_of(entry_of(sized(100_000), "energy"))
    spare = LIMIT - first - bytes_of(entry_of(sized(0), "energy")) - less
    bus = Bus()
    bus.publisher().publish([sized(100_000), sized(spare)])
    assert len(bus.calls) == calls


@pytest.mark.parametrize(("more", "calls"), [(0, [1, 2]), (1, [1, 1, 1])])
def test_every_call_has_the_same_limit(more: int, calls: list[int]) -> None:
    """The first entry leaves no room for others; the second and the third are one byte below the limit, or reach it."""
    empty = bytes_of(entry_of(sized(0), "energy"))
    bus = Bus()
    spare = LIMIT - 1 - 2 * empty - 200_000
    bus.publisher().publish([sized(LIMIT - 1 - empty), sized(200_000), sized(spare + more)])
    assert [len(call) for call in bus.calls] == calls


@given(st.text(min_size=1), st.lists(st.text(), max_size=3))
def test_the_size_is_counted_as_put_events_counts_it(user: str, resources: list[str]) -> None:
    entry = entry_of(event().model_copy(update={"user_id": user}), "energy")
    assert size_of(entry) == bytes_of(entry)
    assert size_of({**entry, "Resources": resources}) == bytes_of(entry) + sum(len(r.encode()) for r in resources)
    del entry["Time"]
    assert size_of(entry) == bytes_of({**entry, "Time": 0}) - 14


@pytest.mark.parametrize(("more", "calls"), [(0, 1), (1, 0)])
def test_what_no_call_can_carry_is_not_sent_but_counted_and_the_rest_goes_on(more: int, calls: int) -> None:
    """The entry is one byte below the limit, or reaches it."""
    spare = LIMIT - 1 - bytes_of(entry_of(sized(0), "energy"))
    bus = Bus()
    assert len(bus.publisher().send([event(1), sized(spare + more), event(2)])) == 1 - calls
    assert len(bus.sent()) == 2 + calls
    assert counted("EventsTooLarge") == sum(bus.lost) == 1 - calls
    assert counted("EventsNotPublished") == 0


def test_only_the_entries_that_failed_are_sent_again() -> None:
    bus = Bus({1})
    publish(bus, 3)
    assert [len(call) for call in bus.calls] == [3, 1]
    assert bus.calls[1] == [bus.calls[0][1]]
    assert set(metrics().metric_set) == {"EventsSentAgain"}
    assert counted("EventsSentAgain") == 1


@given(st.data(), st.integers(1, 35))
def test_whatever_fails_an_event_is_sent_until_it_is_taken_and_what_never_is_gets_counted(
    data: st.DataObject, count: int
) -> None:
    metrics().clear_metrics()
    bus = Bus(*data.draw(st.lists(st.sets(st.integers(0, 9)) | st.just(OSError("gone")), max_size=15)))
    told: list[set[int] | Exception] = list(bus.failures)
    unsent = len(bus.publisher().send([event(number) for number in range(1, count + 1)]))
    taken = [detail for call, failing in zip(bus.calls, told, strict=False) for detail in accepted(call, failing)]
    taken += [entry["Detail"] for call in bus.calls[len(told) :] for entry in call]
    assert len(taken) == len(set(taken)) == count - unsent
    assert all(bus.sent().count(detail) <= 3 for detail in set(bus.sent()))
    assert counted("EventsNotPublished") == unsent


def test_the_pauses_are_short_and_random() -> None:
    pauses, longest = set(), [0.0, 0.0]
    for _ in range(40):
        bus = Bus(*[OSError("gone")] * 3)
        publish(bus, 1)
        assert len(bus.pauses) == 2
        assert all(0 <= pause <= 0.1 * 2**number for number, pause in enumerate(bus.pauses))
        pauses.update(bus.pauses)
        longest = [*map(max, longest, bus.pauses)]
    assert len(pauses) > 40
    assert all(most > 0.05 * 2**number for number, most in enumerate(longest)), longest


@given(st.integers(1, 60), st.floats(0.01, 3))
@example(1, 2.0)
@example(11, 2.0)
def test_a_write_never_waits_longer_than_the_patience_and_one_call(count: int, seconds: float) -> None:
    bus = Bus(*[OSError("timed out")] * 60, seconds=seconds)
    metrics().clear_metrics()
    assert len(bus.publisher().send([event(number) for number in range(1, count + 1)])) == count
    assert bus.now < 2.0 + 0.1 + 0.2 + seconds
    assert seconds < 2.0 or (len(bus.calls), bus.pauses) == (1, [])
    assert counted("EventsNotPublished") == count


@pytest.mark.parametrize(
    "down", [EndpointConnectionError(endpoint_url="http://events"), ValueError("no such endpoint")]
)
def test_a_bus_that_stays_down_never_fails_the_caller_and_is_counted(down: Exception) -> None:
    bus = Bus(*[down] * 3)
    publish(bus, 2)
    assert len(bus.calls) == 3
    assert metrics().metric_set["EventsNotPublished"]["Value"] == [2.0]
    assert bus.lost == [2]


def test_a_bus_that_says_too_little_has_taken_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    bus = Bus()
    monkeypatch.setattr(bus, "put_events", lambda **_: {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]})
    assert len(bus.publisher().send([event(1), event(2)])) == 2


def test_where_nothing_is_lost_nobody_is_told() -> None:
    bus = Bus({0})
    publish(bus, 3)
    assert bus.lost == []


def test_the_log_names_the_events_that_were_lost_but_not_whose_they_are(caplog: pytest.LogCaptureFixture) -> None:
    bus = Bus(*[OSError("gone")] * 3)
    lost = event()
    bus.publisher().publish([lost])
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.message == "events not published, their meters stay dirty"
    assert record.__dict__["events"] == [{"event_type": "EnergyReadingCreated", "event_id": str(lost.event_id)}]
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert [(record.message, record.exc_info is None) for record in warnings] == [("PutEvents failed", False)] * 3


def test_what_is_too_large_for_the_bus_is_said_by_itself(caplog: pytest.LogCaptureFixture) -> None:
    large = sized(LIMIT)
    bus = Bus()
    bus.publisher().publish([large, event(2)])
    (record,) = caplog.records
    assert (record.levelname, record.message) == ("ERROR", "events larger than the bus takes, their meters stay dirty")
    assert record.__dict__["events"] == [{"event_type": "EnergyReadingCreated", "event_id": str(large.event_id)}]
    assert bus.lost == [1]


def test_where_nobody_remembers_what_is_lost_it_is_counted_all_the_same() -> None:
    bus: Any = Bus(*[OSError("gone")] * 3)
    told: list[tuple[str, int]] = []
    clock, count = (lambda: 0.0), lambda name, value: told.append((name.value, value))
    publisher = EventBridgePublisher(lambda: bus, "energy", bus.pause, clock, count)
    events = [event(1), event(2)]
    assert publisher.send(events) == events
    assert told == [("EventsSentAgain", 2), ("EventsSentAgain", 2), ("EventsNotPublished", 2)]
