"""The store goes on with what it has, asks no more often than allowed, and says what is wrong."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from aws_lambda_powertools.utilities.feature_flags import ConfigurationStoreError

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.decision import Reason
from chalicelib.flags.appconfig.session import ConfigurationSession
from chalicelib.flags.decisions.evaluation import FlagDecisions
from chalicelib.flags.decisions.reports import LoggedReports
from chalicelib.flags.decisions.store import AppConfigFlagStore
from chalicelib.flags.document.flag import EVERYBODY, Flag
from chalicelib.flags.document.flag_document import FlagDocument, read, version_of, written
from chalicelib.flags.document.json_schema import first_document
from chalicelib.flags.document.names import COMPONENT_FLAGS, GLOBAL
from chalicelib.monitoring.metrics import metrics
from infra.simulation.memory.migration.appconfig import DAY, PLACE, FakeAppConfig, all_off

TABLE = COMPONENT_FLAGS[Component.ENERGY_TABLE]


class Heard:
    """Reports that are kept."""

    def __init__(self) -> None:
        self.not_fetched_with: list[str | None] = []
        self.problems: list[Mapping[str, str]] = []

    def not_fetched(self, error: Exception, document: str | None) -> None:
        self.not_fetched_with.append(document)

    def malformed(self, problems: Mapping[str, str], document: str | None) -> None:
        self.problems.append(problems)


def store_on(appconfig: FakeAppConfig, heard: Heard | None = None) -> AppConfigFlagStore:
    session = ConfigurationSession(appconfig.clients.reading, PLACE, lambda: appconfig.now)
    return AppConfigFlagStore(session, heard or Heard(), lambda: appconfig.now)


def everybody() -> FlagDocument:
    """The table for everybody."""
    table = Flag(TABLE, 0, 0, enabled=True, rollout_percent=EVERYBODY)
    return first_document().with_flags(Flag(GLOBAL, 0, 0, enabled=True), table)


def broken(**flags: Any) -> bytes:
    """The table for everybody, some flags replaced by whatever."""
    return json.dumps(json.loads(written(everybody())) | flags).encode()


def asked(appconfig: FakeAppConfig) -> int:
    return appconfig.calls.count("get_latest_configuration")


def reason(store: AppConfigFlagStore, component: Component = Component.ENERGY_TABLE) -> str:
    return FlagDecisions(store).should_use_new_backend("alice", component).reason


def test_nothing_is_asked_before_the_first_decision() -> None:
    appconfig = all_off()
    store = store_on(appconfig)
    assert appconfig.calls == []
    assert reason(store) == Reason.GLOBAL_OFF


def test_importing_opens_no_client_and_reads_no_environment() -> None:
    code = """
import chalicelib.bootstrap.container
from chalicelib.flags.appconfig.clients import appconfig, appconfigdata
assert [client.cache_info().currsize for client in (appconfig, appconfigdata)] == [0, 0]
"""
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})


def test_the_document_is_asked_for_again_when_its_poll_interval_is_over_and_not_before() -> None:
    appconfig = all_off()
    store = store_on(appconfig)
    for _ in range(10):
        store.loaded()
        appconfig.pass_time(15 / 10 - 0.01)
    assert asked(appconfig) == 1
    appconfig.deployed(everybody()).pass_time(1)
    assert reason(store) == Reason.PERCENTAGE_IN
    assert asked(appconfig) == 2


def test_a_longer_interval_that_appconfig_names_is_kept() -> None:
    appconfig = all_off()
    session = ConfigurationSession(appconfig.clients.reading, PLACE, lambda: appconfig.now)
    session.poll()
    appconfig.poll_seconds = 300
    appconfig.pass_time(15)
    session.poll()
    assert session.wait_seconds == 300


def test_the_same_document_stays_the_same_object_so_that_powertools_validates_it_once() -> None:
    appconfig = all_off()
    store = store_on(appconfig)
    first = store.get_configuration()
    appconfig.pass_time(15)
    assert store.get_configuration() is first
    assert store.get_raw_configuration is first, "there is no envelope"
    assert asked(appconfig) == 2


def test_an_outage_leaves_the_last_known_good_document() -> None:
    appconfig, heard = FakeAppConfig().deployed(everybody()), Heard()
    store = store_on(appconfig, heard)
    assert reason(store) == Reason.PERCENTAGE_IN
    appconfig.pass_time(15)
    with appconfig.outage():
        assert reason(store) == Reason.PERCENTAGE_IN
        appconfig.pass_time(DAY)
        assert reason(store) == Reason.PERCENTAGE_IN
    assert version_of(b"{}") == "44136fa355b3", "records name documents by it"
    version = version_of(written(everybody()))
    assert heard.not_fetched_with == [version, version]


def test_a_cold_start_without_appconfig_is_old_and_recovers_within_a_second_of_its_return() -> None:
    appconfig, heard = FakeAppConfig().deployed(everybody()), Heard()
    store = store_on(appconfig, heard)
    with appconfig.outage():
        found = FlagDecisions(store).should_use_new_backend("alice", Component.ENERGY_TABLE)
        assert (found.backend, found.reason, found.document_version) == (Backend.OLD, Reason.NO_DOCUMENT, None)
    assert heard.not_fetched_with == [None]
    appconfig.pass_time(1)
    assert reason(store) == Reason.PERCENTAGE_IN


def test_the_pause_after_failures_grows_up_to_a_minute_and_ends_with_the_outage() -> None:
    appconfig = all_off()
    store = store_on(appconfig)
    attempts = []
    with appconfig.outage():
        for _ in range(600):
            before = len(appconfig.calls)
            store.loaded()
            attempts += [appconfig.now] if len(appconfig.calls) > before else []
            appconfig.pass_time(0.5)
    pauses = [later - sooner for sooner, later in pairwise(attempts)]
    assert pauses[:6] == [1, 2, 4, 8, 16, 32]
    assert set(pauses[6:]) == {60}
    appconfig.pass_time(60)
    assert store.loaded() is not None


def test_an_outage_of_a_day_is_survived() -> None:
    appconfig, heard = FakeAppConfig().deployed(everybody()), Heard()
    store = store_on(appconfig, heard)
    store.loaded()
    with appconfig.outage():
        for _ in range(24 * 60):
            appconfig.pass_time(60)
            assert store.loaded() is not None
    assert len(heard.not_fetched_with) == 24 * 60


def test_each_outage_begins_with_a_short_pause() -> None:
    appconfig = all_off()
    store = store_on(appconfig)
    for _ in range(2):
        with appconfig.outage():
            for pause in (1, 2, 4):
                store.loaded()
                appconfig.pass_time(pause)
        store.loaded()
        appconfig.pass_time(15)
    with appconfig.outage():
        store.loaded()
    appconfig.deployed(everybody()).pass_time(1)
    assert reason(store) == Reason.PERCENTAGE_IN


def test_a_clock_that_was_set_back_does_not_stop_the_asking() -> None:
    appconfig = all_off()
    store = store_on(appconfig)
    store.loaded()
    appconfig.deployed(everybody())
    appconfig.tokens.clear()
    appconfig.pass_time(-10 * DAY)
    appconfig.deployments[-1].started = appconfig.deployments[0].started = appconfig.now
    assert reason(store) == Reason.PERCENTAGE_IN


class Source:
    """A session without AppConfig: documents by number, and how often they were asked for."""

    wait_seconds = 15.0

    def __init__(self) -> None:
        self.asked = 0

    def poll(self) -> bytes:
        self.asked += 1
        return written(everybody())


@pytest.mark.parametrize("first", [0.0, 0.5, 1.5, 100.0])
def test_whatever_time_it_is_the_first_look_asks_and_each_later_one_when_its_time_has_come(first: float) -> None:
    source, moments = Source(), [first]
    store = AppConfigFlagStore(source, Heard(), lambda: moments[-1])
    seen = []
    for passed in (0.0, 0.0, 0.5, 14.999, 15.0, 29.999, 30.0, 29.9):
        moments.append(first + passed)
        assert store.loaded() is not None
        seen.append(source.asked)
    assert seen == [1, 1, 1, 1, 2, 2, 3, 4]


def test_while_one_thread_asks_the_others_go_on_with_what_there_is() -> None:
    class Slow(Source):
        def poll(self) -> bytes:
            found.append(store.loaded())
            return super().poll()

    found: list[Any] = []
    source = Slow()
    store = AppConfigFlagStore(source, Heard(), lambda: 100.0)
    assert store.loaded() is not None
    assert (found, source.asked) == ([None], 1)


def test_without_a_document_powertools_is_told_so() -> None:
    appconfig = all_off()
    with appconfig.outage(), pytest.raises(ConfigurationStoreError):
        store_on(appconfig).get_configuration()


@pytest.mark.parametrize("idle", [15, DAY - 60, DAY, 3 * DAY])
def test_the_session_is_renewed_however_long_a_function_was_idle(idle: float) -> None:
    appconfig, heard = all_off(), Heard()
    store = store_on(appconfig, heard)
    store.loaded()
    appconfig.deployed(everybody()).pass_time(idle)
    assert reason(store) == Reason.PERCENTAGE_IN
    assert heard.not_fetched_with == []


def test_a_token_is_renewed_before_appconfig_has_to_refuse_it() -> None:
    appconfig = all_off()
    store = store_on(appconfig)
    store.loaded()
    appconfig.pass_time(DAY)
    store.loaded()
    assert appconfig.calls == ["start_configuration_session", "get_latest_configuration"] * 2


def test_a_function_that_polls_for_days_never_misses_a_document() -> None:
    appconfig, heard = all_off(), Heard()
    store = store_on(appconfig, heard)
    for _ in range(100):
        appconfig.pass_time(3600)
        store.loaded()
    appconfig.deployed(everybody()).pass_time(3600)
    assert reason(store) == Reason.PERCENTAGE_IN
    assert heard.not_fetched_with == []


def test_a_token_that_appconfig_does_not_take_begins_a_new_session_at_once() -> None:
    appconfig, heard = all_off(), Heard()
    store = store_on(appconfig, heard)
    store.loaded()
    appconfig.tokens.clear()
    appconfig.deployed(everybody()).pass_time(15)
    assert reason(store) == Reason.PERCENTAGE_IN
    assert heard.not_fetched_with == []


def test_an_appconfig_that_throttles_is_an_outage_and_a_new_session_follows() -> None:
    """The token went with the call that was refused."""
    appconfig, heard = all_off(), Heard()
    store = store_on(appconfig, heard)
    store.loaded()
    appconfig.throttled["get_latest_configuration"] = 1
    appconfig.deployed(everybody()).pass_time(15)
    assert reason(store) == Reason.GLOBAL_OFF
    assert heard.not_fetched_with == [version_of(written(first_document()))]
    appconfig.pass_time(1)
    assert reason(store) == Reason.PERCENTAGE_IN
    assert appconfig.calls[-2:] == ["start_configuration_session", "get_latest_configuration"]


def test_one_malformed_flag_is_reported_once_and_the_others_work() -> None:
    features = json.loads(written(everybody()))
    features[TABLE]["rules"]["percentage"]["conditions"][0]["value"]["END"] = "99999"
    dashboard = replace(everybody().flags[TABLE], name=COMPONENT_FLAGS[Component.DASHBOARD])
    features[dashboard.name] = json.loads(written(first_document().with_flags(dashboard)))[dashboard.name]
    appconfig, heard = FakeAppConfig().deployed(json.dumps(features).encode()), Heard()
    store = store_on(appconfig, heard)
    assert reason(store) == Reason.MALFORMED
    assert reason(store, Component.DASHBOARD) == Reason.PERCENTAGE_IN
    appconfig.pass_time(15)
    store.loaded()
    assert [list(problems) for problems in heard.problems] == [[TABLE]]
    assert "END" in heard.problems[0][TABLE]


@pytest.mark.parametrize("content", [b"{", b"[]", b"null"])
def test_a_document_that_cannot_be_read_leaves_the_one_before(content: bytes) -> None:
    appconfig, heard = FakeAppConfig().deployed(everybody()), Heard()
    store = store_on(appconfig, heard)
    store.loaded()
    appconfig.deployed(content).pass_time(15)
    assert reason(store) == Reason.PERCENTAGE_IN
    assert [list(problems) for problems in heard.problems] == [["document"]]
    appconfig.deployed(first_document()).pass_time(15)
    assert reason(store) == Reason.GLOBAL_OFF


def test_a_first_document_that_cannot_be_read_is_none() -> None:
    assert reason(store_on(FakeAppConfig().deployed(b"{"))) == Reason.NO_DOCUMENT


def test_a_document_without_any_flag_is_old_without_a_complaint() -> None:
    heard = Heard()
    assert reason(store_on(FakeAppConfig().deployed(b"{}"), heard)) == Reason.GLOBAL_OFF
    assert heard.problems == []


@pytest.fixture
def counted() -> Iterator[None]:
    metrics().clear_metrics()
    yield
    metrics().clear_metrics()


@pytest.mark.usefixtures("counted")
def test_what_is_wrong_is_a_metric_and_a_log_line(capsys: pytest.CaptureFixture[str]) -> None:
    reports = LoggedReports()
    reports.not_fetched(ConnectionError("no route"), None)
    reports.malformed(read(broken(**{TABLE: 1})).malformed, "d1")
    counts = {name: metric["Value"] for name, metric in metrics().metric_set.items()}
    assert counts == {"FlagsNotFetched": [1.0], "FlagsMalformed": [1.0]}
