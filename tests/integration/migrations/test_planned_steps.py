"""What the scripts say that they would do, with how many documents, before anything is done."""

from typing import Any

from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import SyncMode
from migrations import runner
from migrations.scripts import Direction
from tests.integration.repositories.inherited_database import set_mode

PLANNED_UP = """
001 quarantine: zero amount: 2
001 quarantine: unusable amount: 2
001 quarantine: unusable date: 5
001 quarantine: unknown type: 2
001 quarantine: no user: 1
001 quarantine: unusable id: 0
001 quarantine: double of one instant: 4
001 index userId+type+date of energies: 375
001 index userId+date+_id of energies: 375
001 index userId+type+date of source_energy_readings: 0
001 index userId+date+_id of source_energy_readings: 0
001 index userId+type+dataType+year of display_energy_data: 0
001 index dirtySince of meters: 0
002 the mode is old_only, it must be dual_write: python -m infra mode set dual_write, then wait for the drain
004 create meter_series: 0
005 index at of backend_usage_logs: 0
005 index component+at of backend_usage_logs: 0
005 index at of backend_comparisons: 0
005 index component+at of backend_comparisons: 0
005 index differences.fingerprint+at of backend_comparisons: 0
006 index the attempts on dirty meters: 0
007 index at of flag_changes: 0
007 index flags+at of flag_changes: 0
008 index at of repaired_readings: 0
008 index run+userId+type+_id of repaired_readings: 0
009 index the calculation versions: 0
010 index imports: 0
011 index at of feedback: 0
011 index open+at of feedback: 0
011 index userId+at of feedback: 0
011 index at of page_measurements: 0
011 index component+backend+kind+at+elapsedMs of page_measurements: 0
011 index user of page_measurements: 0
011 index component+backend+at+elapsedMs of backend_usage_logs: 0
012 index userId of meters: 0
012 index userId of meter_series: 0
012 index userId of user_settings: 0
012 index userId of quarantined_readings: 0
012 index document.userId of quarantined_readings: 0
012 index twin.userId of quarantined_readings: 0
012 index userId of repaired_readings: 0
012 index before.userId of repaired_readings: 0
012 index after.userId of repaired_readings: 0
012 index userId of backend_usage_logs: 0
012 index user of backend_usage_logs: 0
012 index user of backend_comparisons: 0
012 index user of feedback: 0
012 index user of page_measurements: 0
013 index at of usage_hours: 0
013 index component+at of usage_hours: 0
013 index at of usage_people: 0
013 index component+at of usage_people: 0
013 index component+atOnNew of usage_people: 0
013 index component+documentVersion+inside of usage_people: 0
013 index user of usage_people: 0
014 index traceId of backend_usage_logs: 0
014 index traceId of backend_comparisons: 0
014 index traceId of feedback: 0
014 index traceId of flag_changes: 0
014 index traceId of imports: 0
014 index traceId of discarded_events: 0
015 index at of gate_evidence: 0
015 index component of gate_evidence: 0
015 index differences.$** of gate_evidence: 0
015 index at of gate_agreements: 0
015 index user of gate_agreements: 0
016 index state of rollouts: 0
017 index last of v1_callers: 0
017 index client+last of v1_callers: 0
017 index user of v1_callers: 0
"""
PLANNED_DOWN = """
017 drop v1_callers: 0
016 drop rollouts: 0
015 drop gate_evidence: 0
015 drop gate_agreements: 0
014 drop the index of traceId of backend_usage_logs: 0
014 drop the index of traceId of backend_comparisons: 0
014 drop the index of traceId of feedback: 0
014 drop the index of traceId of flag_changes: 0
014 drop the index of traceId of imports: 0
014 drop the index of traceId of discarded_events: 0
013 drop usage_hours: 0
013 drop usage_people: 0
012 drop the index of userId of meters: 12
012 drop the index of userId of meter_series: 12
012 drop the index of userId of user_settings: 0
012 drop the index of userId of quarantined_readings: 15
012 drop the index of document.userId of quarantined_readings: 15
012 drop the index of twin.userId of quarantined_readings: 15
012 drop the index of userId of repaired_readings: 0
012 drop the index of before.userId of repaired_readings: 0
012 drop the index of after.userId of repaired_readings: 0
012 drop the index of userId of backend_usage_logs: 0
012 drop the index of user of backend_usage_logs: 0
012 drop the index of user of backend_comparisons: 0
012 drop the index of user of feedback: 0
012 drop the index of user of page_measurements: 0
011 drop feedback: 0
011 drop page_measurements: 0
010 drop the index of imports: 0
009 drop the index of the calculation versions: 12
008 drop the indexes of repaired_readings: 0
007 drop the indexes of flag_changes: 0
006 drop the index of the attempts on dirty meters: 0
005 drop backend_usage_logs: 0
005 drop backend_comparisons: 0
004 meters that forget their series: 12
004 drop meter_series: 12
003 create index userId+date+_id of energies: 375
003 create index userId+date+_id of source_energy_readings: 360
002 the mode is dual_write, it must be old_only: python -m infra mode set old_only, then wait for the drain
"""


def steps_of(database: Database[Any], direction: Direction, last: str | None = None) -> list[str]:
    """What each script would do, and with how many documents; or what it waits for."""
    return [
        f"{script.name[:3]} {said}"
        for script in runner.plan(database, direction, last=last)
        for said in (
            [script.refused] if script.refused else [f"{step.what}: {step.documents}" for step in script.steps]
        )
    ]


def test_each_step_of_the_way_there_and_back_is_planned_with_its_count(inherited: Database[Any]) -> None:
    assert steps_of(inherited, "up") == PLANNED_UP.strip().splitlines()
    runner.up(inherited)
    mode = inherited["control"].find_one({"_id": "sync_mode"}) or {}
    assert (mode["mode"], mode["since"].timestamp()) == ("old_only", 0)
    set_mode(inherited, SyncMode.DUAL_WRITE)
    runner.up(inherited)
    assert steps_of(inherited, "up") == []
    assert steps_of(inherited, "down", "001") == PLANNED_DOWN.strip().splitlines()
