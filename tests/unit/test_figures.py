"""Times, sizes and limits are changed on purpose alone: an operator, a client or another figure relies on each.

What a figure does is tested where it does it; most of those tests set a smaller one, and so never see the real one.
"""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
# Of each package: the module, the figure, and its value.
FIGURES = {
    "chalicelib/api": """
account BUDGET_SECONDS = 10.0
bodies QUERY_DIGITS = 10
components HOUR_MS = 3600000
components KEPT_HOURS = 720
compression LAMBDA_BYTES = 6291456
compression LARGE = 65536
compression LARGE_OFTEN = 2048
configuration_bodies MAX_MODULUS = 1000000000000
endpoint JSON_BODY_BYTES = 65536
endpoint NAMED_FIELDS = 10
errors DETAIL_LENGTH = 1000
errors PATH_LENGTH = 300
errors PLACE_LENGTH = 60
errors REASON_LENGTH = 500
errors SHOWN_ERRORS = 100
import_bodies PAGE = 50
import_bodies SHOWN = 100
names CHANGE_SECONDS = 20.0
preconditions NO_REVISION = -1
reading_bodies MAX_PAGE = 500
shapes MAX_BUCKETS = 1000
shapes SHOWN_ROW_ERRORS = 100
staleness SHOWN = 50
staleness SWEEP_SECONDS = 10.0
upload FILE_BYTES = 4194304
upload FORM_BYTES = 4259840
upload FORM_PARTS = 20
upload NAME_LENGTH = 200
verify SHOWN = 20
verify STEP_SECONDS = 10.0
witness_bodies AT_ONCE = 100
witness_bodies GREATEST_VERSION = 9007199254740991
witness_bodies LONGEST_MS = 600000
""",
    "chalicelib/events": """
entries BYTES_PER_CALL = 262144
entries ENTRIES_PER_CALL = 10
entries TIME_BYTES = 14
eventbridge ATTEMPTS = 3
eventbridge FIRST_PAUSE_SECONDS = 0.1
eventbridge PATIENCE_SECONDS = 2.0
""",
    "chalicelib/flags": """
apply ROLLBACK_ATTEMPTS = 5
bucketing BUCKETS = 100000
bucketing PER_PERCENT = 1000
control_plane DESCRIPTION_LENGTH = 1024
deployment LOOK_SECONDS = 1.0
deployment PAUSE_SECONDS = 0.25
deployment SETTLING_SECONDS = 15.0
feature_models LEAST_PERCENT = 0.001
feature_models MOST_IDS = 1000
feature_models MOST_PERCENT = 100
json_schema CREATED_AT = 1767225600000
overtaking LATEST_CHANGES = 10
past AROUND_MS = 30000
past LATEST_CHANGES = 10
past MOST_ANSWERS = 100
past MOST_CHANGES = 200
people ATTEMPTS = 5
people DEPLOYING_SECONDS = 10.0
publishing EFFECT_SECONDS = 45.0
session POLL_SECONDS = 15
session TOKEN_SECONDS = 82800.0
store FIRST_PAUSE_SECONDS = 1.0
store LONGEST_PAUSE_SECONDS = 60.0
store MOST_DOUBLINGS = 6
""",
    "chalicelib/handlers": """
account_eraser BUDGET_SECONDS = 40.0
census_taker BUDGET_SECONDS = 90.0
census_taker CLAIM_SECONDS = 180.0
comparer BUDGET_SECONDS = 90.0
range_worker BUDGET_SECONDS = 60.0
range_worker CLAIM_SECONDS = 130.0
rollout_carrier BUDGET_SECONDS = 40.0
status_reporter BUDGET_SECONDS = 38.0
sweeper BUDGET_SECONDS = 35.0
sweeper VERIFY_SECONDS = 15.0
sync_job BUDGET_SECONDS = 240.0
""",
    "chalicelib/repositories": """
account_export DOCUMENTS_AT_ONCE = 20000
account_export NESTED_TOO_DEEPLY = 15
account_export PART_BYTES = 2000000
census NAME_BYTES = 16
change_feed AWAIT_MS = 1000
comparison_reports EXAMPLES = 3
comparisons REPLAYS = 200
comparisons REPORT_SECONDS = 60.0
control LONGEST_DRAIN_SECONDS = 86400
counted_evidence MOST_AGREEMENTS = 10000
database DUPLICATE_KEY = 11000
database READ_SECONDS = 5.0
database TRANSACTION_TOO_LARGE = 388
displayed_meters DOCUMENTS_AT_ONCE = 2000
displayed_meters SAMPLED = 20
dual_write_many AT_ONCE = 100
erasure AT_ONCE = 2000
erasure LATEST_MS = 3600000
first_copies FIRST_VERSION = 1
figures ROWS_AT_ONCE = 5000
figures SETTLED_MS = 60000
figures TAIL_ROWS = 10000
history BATCH = 10000
lagging CLAIM_SECONDS = 1.0
lagging METERS_AT_ONCE = 20
near_readings CHANGED = 2000
operator_actions KEPT_ACTIONS = 500
packing_marks RANGES_AT_MOST = 500
partial_snapshots EXCHANGES = 20
partial_snapshots FEW = 20000
point_batches _LARGEST_EXPONENT = 3
point_batches _NUMBER_BITS = 49
point_batches _ZERO_EXPONENT = 6176
quarantine BATCH = 1000
quarantine WINDOW = 10000
queries BATCH = 5000
register AT_ONCE = 500
register USERS_AT_ONCE = 2000
repaired AT_ONCE = 500
retirement PATIENCE_SECONDS = 0.2
scoped AT_ONCE = 50000
series DOCUMENTS_OF_A_YEAR = 100
series READINGS_OF_A_DOCUMENT = 300000
status_records PATIENCE_SECONDS = 0.2
status_records QUIET_HOURS = 24
transactions CROWDED = 5
transactions CROWDED_SECONDS = 1.5
transactions END_SECONDS = 1.0
transactions WRITE_CONFLICT = 112
unreadable NAMED = 20
usage PATIENCE_SECONDS = 0.2
""",
    "chalicelib/services": """
refresh READINGS_OF_A_STEP = 100000
refresh STEPS_SECONDS = 12.0
carrier ATTEMPTS = 3
carrier LEAST_SECONDS = 20.0
census AGAIN_WHERE_FOUND_MS = 300000
census TRIES = 3
check LATEST_CHANGES = 200
compare_backends ATTEMPTS = 4
compare_backends BACKEND_SECONDS = 10.0
compare_backends PAUSE_SECONDS = 0.05
component_reports LATEST_FEEDBACK = 50
components DECIDING_HOURS = 24
consistency AGAIN_MS = 3600000
consistency AGAIN_WHERE_DIFFERENT_MS = 300000
csv_import ATTEMPTS = 3
csv_import SHOWN_ROWS = 20
commands ABORT_ATTEMPTS = 5
erasure LATE_SHARE = 0.5
fan_out METERS_OF_A_STEP = 20
fan_out SILENT_SECONDS = 720.0
feedback A_DAY = 50
gauges COUNTED_FEEDBACK = 1000
gauges LATEST_CHANGES = 50
gauges MINUTE_MS = 60000
import_undo NAMED = 100
looking LOOK_SECONDS = 5.0
looking PATIENCE_MS = 15000
meter_walk METERS_AT_ONCE = 100
page_times LATEST = 10000
parts HOUR_MS = 3600000
parts SHOWN_FINGERPRINTS = 50
reads_of_user WHOLE = 1000000
replay METERS_AT_ONCE = 50
replay PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0)
replays AT_ONCE = 20
replays MOST = 10000
runs AT_LEAST = 20
runs FEEDBACK_AT_ONCE = 100
runs FIRST_LOOK_MS = 900000
runs LATEST = 4000
runs LONGEST_RULE_MS = 31622400000
runs SHARE = 0.05
sweeper GRACE_SECONDS = 30.0
sweeper METERS_AT_ONCE = 500
sweeper SHOWN_FAILING = 1000
sync_job CHANGES_AT_ONCE = 1000
sync_job METERS_AT_ONCE = 100
sync_job READINGS_AT_ONCE = 500
watch CACHE_MS = 10000
""",
    "infra/operations": """
commands CHANGE_SECONDS = 90.0
commands FEEDBACK_HOURS = 4320
commands FEEDBACK_SHOWN = 5
commands HOURS = 24
commands HOUR_MS = 3600000
commands HOUR_MS = 3600000
commands KEPT_HOURS = 2160
commands LONGEST_LOCK_SECONDS = 86400
commands MEASURED_HOURS = 720
commands PROGRESS = 100
commands PROGRESS_SECONDS = 2.0
data AT_ONCE = 500
data SNAPSHOT_TOO_OLD = 239
data SNAPSHOT_UNAVAILABLE = 246
drill SEEDS = 1000000
drill VIOLATIONS_SHOWN = 20
ending DAYS = 14
ending SHOWN_REFERENCES = 5
file OWNER_ONLY = 384
file VERSION = 1
logs PATIENCE_SECONDS = 60.0
logs SHOWN = 200
path MOST = 500
path WIDTH = 36
printing FEW_IDS = 3
printing FINDINGS_SHOWN = 20
printing PEOPLE_SHOWN = 1000
printing SHOWN = 20
replay METERS_PER_LINE = 1000
simulation LONG_RUN = 20000
simulation OFTEN = 0.75
simulation PAIRS = 62
simulation RANGE = 3
simulation RUNS = 2000
simulation SEED = 17
simulation SLOWER = 1.5
simulation USERS = 10
simulation VIEWS = 8
stack LONGEST_HOURS = 8760.0
stale DAYS = 14
times HALF = 0.5
times MOST = 0.95
walking IN_MEMORY = 1000000
watching SECONDS = 1.0
""",
    "migrations": """
001_create_display_collection RESUMABLE = True
002_backfill_display_data RESUMABLE = True
003_drop_date_index RESUMABLE = True
004_create_meter_series RESUMABLE = True
005_create_usage_collections DAY = 86400
005_create_usage_collections RESUMABLE = True
006_index_attempts_of_the_sweeper RESUMABLE = True
007_create_flag_history RESUMABLE = True
008_create_repaired_readings KEPT_SECONDS = 2592000
008_create_repaired_readings RESUMABLE = True
009_index_calculation_versions RESUMABLE = True
010_create_imports RESUMABLE = True
011_create_feedback DAY = 86400
011_create_feedback RESUMABLE = True
012_find_what_names_a_person RESUMABLE = True
013_create_figures_of_use DAY = 86400
013_create_figures_of_use RESUMABLE = True
014_index_traces RESUMABLE = True
015_create_gate_evidence DAY = 86400
015_create_gate_evidence RESUMABLE = True
016_create_rollouts RESUMABLE = True
017_create_v1_callers DAY = 86400
017_create_v1_callers RESUMABLE = True
002_backfill_display_data AT_ONCE = 5000
backfill ATTEMPTS = 5
backfill METERS_AT_ONCE = 100
backfill READINGS_AT_ONCE = 5000
backfill THREADS = 4
backfill TRANSACTION_SECONDS = 20.0
lock LOCK_SECONDS = 30.0
roundtrip BATCH = 1000
roundtrip NAMED_AT_MOST = 20
runner ATTEMPTS = 3
""",
}
NUMBERS = (ast.Tuple, ast.Constant, ast.BinOp, ast.UnaryOp, ast.Name, ast.operator, ast.unaryop, ast.expr_context)


def figures_of(path: Path) -> Iterator[str]:
    """The constants of a module that are calculated from numbers alone, as the table has them."""
    targets = [
        target
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Assign) and all(isinstance(part, NUMBERS) for part in ast.walk(node.value))
        for target in ast.walk(node.targets[0])
    ]
    module: Any = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts)) if targets else None
    for target in targets:
        if isinstance(target, ast.Name) and is_number(value := getattr(module, target.id)):
            yield f"{path.stem} {target.id} = {value}"


def is_number(value: object) -> bool:
    """Whether it is one, or several."""
    return all(isinstance(each, int | float) for each in (value if isinstance(value, tuple) else (value,)))


@pytest.mark.parametrize("package", FIGURES)
def test_a_figure_is_what_others_rely_on(package: str) -> None:
    """The table may say more: what goes with the old backend is still in it."""
    found = {figure for path in (ROOT / package).rglob("*.py") for figure in figures_of(path)}
    assert found - set(FIGURES[package].splitlines()) == set()
