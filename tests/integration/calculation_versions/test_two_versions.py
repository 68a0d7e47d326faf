"""Two versions at once: the older leaves alone what the newer shows, whatever happens."""

import random

import pytest

from chalicelib.bootstrap.container import now
from chalicelib.domain.readings import EnergyType
from chalicelib.services.refresh.recalculation import RecalculationService
from tests.depth import depth
from tests.integration.calculation_versions.two_functions import (
    GAS,
    NEXT,
    OURS,
    POWER,
    SECONDS,
    YEARS,
    Functions,
    displayed,
    views,
)


def test_the_two_versions_of_these_tests_differ_in_what_they_show(functions: Functions) -> None:
    shown = [views(function.old, functions.user, POWER) for function in (functions.ours, functions.next)]
    assert shown[0]["2023"].data != shown[1]["2023"].data
    cards = [each["summary"].data for each in shown]
    assert cards[0]["day"] == cards[1]["day"] == "2024-02-20"
    assert cards[0]["lastMonth"] != cards[1]["lastMonth"]


def test_an_older_version_leaves_alone_what_a_newer_one_shows(functions: Functions) -> None:
    ours, later, user = functions.ours, functions.next, functions.user
    assert later.calculation.refresh(user, POWER)
    before = displayed(functions.database)
    assert not ours.calculation.refresh(user, POWER)
    assert ours.sweeper.run_at_once(SECONDS).brought_up == 0
    after = displayed(functions.database)
    of_power = [[each for each in documents if "power" in each["_id"]] for documents in (*before, *after)]
    assert of_power[:3] == of_power[3:]
    ours.assert_right(user, POWER)
    later.assert_right(user, POWER)


def test_an_older_sweeper_neither_counts_nor_claims_what_a_newer_version_shows_though_it_lags(
    functions: Functions,
) -> None:
    ours, later, user = functions.ours, functions.next, functions.user
    later.sweeper.run_at_once(SECONDS)
    functions.write(POWER, 2023, 7, 3)
    assert ours.lagging.lag(now() + 1_000).meters == 0
    assert ours.lagging.waiting(now() + 1_000, now(), 10) == []
    assert list(ours.lagging.every(now() + 1_000)) == []
    assert ours.sweeper.run_at_once(SECONDS).refreshed == 0
    ours.assert_right(user, POWER)
    assert later.sweeper.run_at_once(SECONDS).refreshed == 1


def test_a_newer_version_brings_up_as_a_whole_what_an_older_one_shows(functions: Functions) -> None:
    ours, later, user = functions.ours, functions.next, functions.user
    ours.sweeper.run_at_once(SECONDS)
    functions.write(POWER, 2023, 7, 3)
    assert later.calculation.refresh(user, POWER)
    stored = list(functions.database["display_energy_data"].find({"userId": user, "type": "power"}))
    assert {document["calculationVersion"] for document in stored} == {NEXT}
    assert {document["year"] for document in stored} > {2020, 2021, 2022, 2023}, "the years that nobody wrote to too"


def test_the_operator_of_an_older_version_brings_a_meter_down_on_purpose(functions: Functions) -> None:
    ours, later, user = functions.ours, functions.next, functions.user
    later.calculation.refresh(user, POWER)
    RecalculationService(functions.transactions, ours.calculation, now).renew(user, POWER)
    assert ours.state(user).calculation_version == OURS
    assert not ours.state(user).stale
    ours.assert_right(user, POWER)
    later.assert_right(user, POWER)


@pytest.mark.parametrize("seed", range(depth(1, 60)))
def test_whatever_two_versions_do_at_once_each_shows_its_own_figures_and_none_undoes_the_newer(
    functions: Functions, seed: int
) -> None:
    chance, ours, later, user = random.Random(seed), functions.ours, functions.next, functions.user

    def step() -> None:
        kind = chance.choice([POWER, GAS])
        function = chance.choice([ours, later])
        match chance.randrange(4):
            case 0:
                functions.write(kind, chance.choice(YEARS), chance.randint(1, 12), chance.randint(1, 28))
            case 1:
                function.sweeper.run_at_once(SECONDS)
            case 2:
                function.calculation.refresh(user, kind)
            case _:
                function.rules.meanwhile.append(step)
                function.calculation.refresh(user, kind)
                function.rules.meanwhile.clear()

    newest = dict.fromkeys(EnergyType, 0)
    for _ in range(depth(12, 40)):
        step()
        for kind in EnergyType:
            shown = ours.state(user, kind).calculation_version
            assert shown >= newest[kind], "an older version has replaced what a newer one shows"
            newest[kind] = shown
            ours.assert_right(user, kind)
            later.assert_right(user, kind)
    later.sweeper.run_at_once(SECONDS)
    done = [function.sweeper.run_at_once(SECONDS) for function in (ours, later, ours, later)]
    assert [report.refreshed + report.brought_up + report.failed for report in done] == [0, 0, 0, 0], "a loop"
