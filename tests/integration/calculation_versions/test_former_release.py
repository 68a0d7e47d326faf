"""Beside the release before, which knows no calculation versions: no figure of its is shown."""

import random
from dataclasses import replace

import pytest
from pymongo.errors import DuplicateKeyError

from chalicelib.domain.readings import EnergyType
from tests.depth import depth
from tests.integration.calculation_versions.release_1 import Release1
from tests.integration.calculation_versions.two_functions import (
    GAS,
    POWER,
    SECONDS,
    YEARS,
    Functions,
    displayed,
    spoil_if_stored,
)


@pytest.fixture
def release_1(functions: Functions) -> Release1:
    return Release1(functions.database, functions.container)


def test_when_the_former_release_publishes_the_mark_goes_and_the_meter_is_due_again(
    functions: Functions, release_1: Release1
) -> None:
    ours, user = functions.ours, functions.user
    ours.sweeper.run_at_once(SECONDS)
    assert ours.lagging.outdated() == 0
    for day in (3, 4):  # once it keeps a series, once none
        functions.write(POWER, 2023, 7, day)
        assert release_1.refresh(user, POWER)
        assert ours.state(user).calculation_version == 1
        assert ours.lagging.outdated() == 1
        ours.assert_right(user, POWER)
        assert ours.sweeper.run_at_once(SECONDS).brought_up == 1
        assert ours.display.monthly(user, POWER, 2023).calculated_at is not None


def test_the_former_release_cannot_put_its_documents_beside_or_over_ours(
    functions: Functions, release_1: Release1
) -> None:
    ours, user = functions.ours, functions.user
    ours.sweeper.run_at_once(SECONDS)
    before = displayed(functions.database)
    assert not release_1.refresh(user, POWER), "it sees nothing that lags"
    functions.write(POWER, 2023, 7, 3)
    meters = displayed(functions.database)[0]
    with pytest.raises(DuplicateKeyError):
        release_1.publish(user, POWER, release_1.snapshot(user, POWER))
    assert displayed(functions.database) == [meters, *before[1:]]


def test_a_part_is_not_put_over_what_the_former_release_has_published_meanwhile(
    functions: Functions, release_1: Release1
) -> None:
    ours, user = functions.ours, functions.user
    ours.sweeper.run_at_once(SECONDS)
    functions.write(POWER, 2021, 7, 3)
    slow = release_1.snapshot(user, POWER)
    functions.write(POWER, 2023, 7, 3)

    def meanwhile() -> None:
        release_1.begin_again(user, POWER)
        functions.database["meters"].update_one(
            {"_id": f"{user}|power"}, {"$set": {"sourceVersion": slow.state.source_version + 1}}
        )
        release_1.publish(user, POWER, replace(slow, dirty_from=None))

    ours.rules.meanwhile.append(meanwhile)
    assert not ours.calculation.refresh(user, POWER)
    stored = functions.database["display_energy_data"].find({"userId": user, "type": "power"})
    assert {document["calculationVersion"] for document in stored} == {1}
    ours.assert_right(user, POWER)
    assert ours.calculation.refresh(user, POWER)
    ours.assert_right(user, POWER)


@pytest.mark.parametrize("seed", range(depth(1, 60)))
def test_whatever_the_former_release_does_meanwhile_no_figure_of_its_is_shown(
    functions: Functions, release_1: Release1, seed: int
) -> None:
    chance, ours, user = random.Random(seed), functions.ours, functions.user
    for _ in range(depth(15, 60)):
        kind = chance.choice([POWER, GAS])
        match chance.randrange(4):
            case 0:
                functions.write(kind, chance.choice(YEARS), chance.randint(1, 12), chance.randint(1, 28))
            case 1:
                release_1.refresh(user, kind)
                spoil_if_stored(functions.database, user)
            case 2:
                ours.calculation.refresh(user, kind)
            case _:
                ours.rules.meanwhile.append(lambda kind=kind: release_1.refresh(user, kind))  # type: ignore[misc]
                ours.calculation.refresh(user, kind)
                ours.rules.meanwhile.clear()
        for each in EnergyType:
            ours.assert_right(user, each)
            stored = functions.database["display_energy_data"].find({"userId": user, "type": each.value})
            assert len({document["calculationVersion"] for document in stored}) <= 1
    ours.sweeper.run_at_once(SECONDS)
    assert functions.container.operations.rebuild.check(user).differences == 0
    assert ours.sweeper.run_at_once(SECONDS).brought_up == 0
