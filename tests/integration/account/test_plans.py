"""An erasure finds what names a person by indexes, except in records that are short and may name anybody in a text."""

import pytest

from chalicelib.domain.backends.sync_mode import SyncMode
from tests.integration.account.conftest import Place
from tests.integration.account.person import neighbours, set_mode
from tests.integration.repositories.explaining import WITHOUT_INDEX, planned

SHORT = {
    "find discarded_events everything": "dead letters that somebody took away: any text of one may name the person",
    "find migrations error": "what scripts have said of a failure: one record per script",
    "find discarded_events discardedAt": "and the same, while there is a fence",
    "find quarantined_readings quarantinedAt": "what came late, while there is a fence: the record of damages is short",
}


@pytest.mark.plans
def test_an_erasure_passes_over_no_large_collection(mongodb_uri: str, place: Place) -> None:
    set_mode(place.database, SyncMode.DUAL_WRITE)
    person = place.person()
    neighbours(person)
    person.live()
    person.be_damaged()
    person.be_observed()
    with planned(mongodb_uri, place.database.name) as (watched, plans):
        container = place.composed(watched)
        assert container.erasure.erase(person.user, 60).erased_at
        container.erasure.run(60)
    assert {str(plan) for plan in plans if plan.stages & WITHOUT_INDEX} == SHORT.keys()
    assert {
        "find meter_series userId",
        "find backend_usage_logs $or limit 2000",
        "delete backend_comparisons at user",
    } <= {str(plan) for plan in plans}
