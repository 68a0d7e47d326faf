"""A stored text is shown unchanged where its seal says that nothing has happened to it or to its data."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.json.text import JsonText, WithText, json_text
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories import sealed_views
from chalicelib.services.components.component_reads import ComponentRead, ShowMonths, ShowTimeline
from tests.integration.deployment import Deployment
from tests.integration.refresh.shown import OURS

POWER = EnergyType.POWER
DISPLAY = "display_energy_data"
MONTHS, TIMELINE, CARDS = f"monthly|2023{OURS}", f"histogram|-{OURS}", f"summary|-{OURS}"
READS = {MONTHS: ShowMonths(type=POWER, year=2023), TIMELINE: ShowTimeline(type=POWER)}
Change = Mapping[str, Any]
WITHOUT_TEXT: Change = {"$unset": {"text": "", "seal": ""}}  # as the release before has written it
TEXT_CHANGES: Mapping[str, Change] = {
    "another text": {"$set": {"text": '{"year":2023,"months":[]}'}},
    "a text that is none": {"$set": {"text": 7}},
    "null": {"$set": {"text": None}},
    "no text": {"$unset": {"text": ""}},
}
SEAL_CHANGES: Mapping[str, Change] = {
    "no seal": {"$unset": {"seal": ""}},
    "another seal": {"$set": {"seal": b"0123456789abcdef"}},
    "a seal that is none": {"$set": {"seal": "x"}},
}
FOUND = {"another text", "a text that is none"}


@pytest.fixture
def deployed(migrated: Database[Any]) -> Deployment:
    return Deployment(migrated)


@pytest.fixture
def user(deployed: Deployment) -> str:
    """A household with a power meter, displayed."""
    name = uuid4().hex
    for date, amount in (("2022-12-31", 1000), ("2023-01-31", 1100), ("2023-06-30", 1600), ("2024-01-31", 2300)):
        deployed.create(name, date, amount)
    assert deployed.container.calculation.refresh(name, POWER)
    return name


def changed(deployed: Deployment, user: str, view: str, change: Change) -> None:
    assert deployed.database[DISPLAY].update_one({"_id": f"{user}|power|{view}"}, change).modified_count == 1


def shown(deployed: Deployment, user: str, read: ComponentRead) -> str:
    return read.ask(deployed.container.new, user).text(zone="Europe/Berlin")


@pytest.mark.parametrize("view", READS)
def test_an_answer_from_the_text_is_that_from_the_data_byte_for_byte(
    deployed: Deployment, user: str, view: str
) -> None:
    read = READS[view]
    answer = read.ask(deployed.container.new, user)
    assert answer.view is not None
    assert isinstance(answer.view.data, WithText)
    text = answer.text(zone="Europe/Berlin")
    assert text == json_text({**answer.body, "zone": "Europe/Berlin"})
    changed(deployed, user, view, WITHOUT_TEXT)
    assert shown(deployed, user, read) == text
    assert deployed.operations.rebuild.check(user).differences == 0


def test_cards_are_finished_for_a_day_and_have_no_text(deployed: Deployment, user: str) -> None:
    found = deployed.database[DISPLAY].find_one({"_id": f"{user}|power|{CARDS}"}) or {}
    assert "text" not in found
    before = deployed.container.display.summary(user, POWER).data
    changed(deployed, user, CARDS, WITHOUT_TEXT)
    assert deployed.container.display.summary(user, POWER).data == before


@pytest.mark.parametrize("name", [*TEXT_CHANGES, *SEAL_CHANGES])
@pytest.mark.parametrize("view", READS)
def test_where_text_or_seal_was_changed_the_data_are_shown(
    deployed: Deployment, user: str, view: str, name: str
) -> None:
    before = shown(deployed, user, READS[view])
    changed(deployed, user, view, {**TEXT_CHANGES, **SEAL_CHANGES}[name])
    assert shown(deployed, user, READS[view]) == before
    seen = deployed.operations.rebuild.check(user)
    problems = [(finding.document, finding.problem) for finding in seen.findings]
    assert problems == ([(f"{user}|power|{view}", "has a text that is not of its data")] if name in FOUND else [])
    deployed.operations.rebuild.rebuild(user)
    assert deployed.operations.rebuild.check(user).differences == 0
    assert isinstance(READS[view].ask(deployed.container.new, user).view.data, WithText)  # type: ignore[union-attr]


def test_where_the_data_were_changed_they_are_shown(deployed: Deployment, user: str) -> None:
    changed(deployed, user, MONTHS, {"$set": {"data.months.0.consumption": Decimal(77777)}})
    assert "77777" in shown(deployed, user, READS[MONTHS])
    (finding,) = deployed.operations.rebuild.check(user).findings
    assert finding.problem == "shows something else than a fresh calculation"


@pytest.mark.parametrize("name", ["type", "zone", "note"])
def test_an_answer_says_each_name_once_whatever_was_written_into_the_data(
    deployed: Deployment, user: str, name: str
) -> None:
    changed(deployed, user, MONTHS, {"$set": {f"data.{name}": "x"}})
    answer = READS[MONTHS].ask(deployed.container.new, user)
    assert answer.text(zone="Europe/Berlin") == json_text({**answer.body, "zone": "Europe/Berlin"})


@pytest.mark.parametrize("change", [{}, {"seal": None}])
def test_a_view_whose_id_is_no_text_is_found_under_its_id(deployed: Deployment, user: str, change: Change) -> None:
    stored = deployed.database[DISPLAY].find_one_and_delete({"_id": f"{user}|power|{MONTHS}"}) or {}
    deployed.database[DISPLAY].insert_one({**stored, "_id": {"view": 1}, **change})
    (finding,) = deployed.operations.rebuild.check(user).findings
    assert finding.document == "{'view': 1}"
    assert finding.problem == "_id breaks the rule that it is of the meter that userId and type name"


def test_a_text_of_other_data_under_a_seal_that_holds_is_found_and_mended(
    deployed: Deployment, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a faulty release would write it. Nobody reads the data then: a check is all that notices."""
    with monkeypatch.context() as faulty:
        faulty.setattr(sealed_views, "json_text", lambda _: JsonText('{"months":[]}'))
        deployed.create(user, "2023-09-30", 1900)
        assert deployed.container.calculation.refresh(user, POWER)
    assert '"months":[],' in shown(deployed, user, READS[MONTHS])
    problems = {finding.problem for finding in deployed.operations.rebuild.check(user).findings}
    assert problems == {"has a text that is not of its data"}
    deployed.operations.rebuild.rebuild(user)
    assert deployed.operations.rebuild.check(user).differences == 0
    assert '"months":[],' not in shown(deployed, user, READS[MONTHS])


def test_what_belongs_to_another_year_is_not_taken_for_this_one(deployed: Deployment, user: str) -> None:
    before = shown(deployed, user, READS[MONTHS])
    other = deployed.database[DISPLAY].find_one({"_id": f"{user}|power|monthly|2022{OURS}"}) or {}
    changed(deployed, user, MONTHS, {"$set": {name: other[name] for name in ("data", "text", "seal")}})
    assert shown(deployed, user, READS[MONTHS]) == before


def test_settings_under_an_id_that_say_to_be_anothers_do_not_count(deployed: Deployment, user: str) -> None:
    """They are looked up by their id alone, which is quicker."""
    deployed.database["user_settings"].insert_one({"_id": user, "userId": "another", "zone": "Asia/Tokyo"})
    stored = deployed.container.display.monthly(user, POWER, 2023)
    calculated = deployed.ports.queries.snapshot(user, POWER, Backend.NEW)
    assert str(stored.zone) == str(calculated.settings.zone) == "Europe/Berlin"
