"""The list of guards: the place of each in the code, what replaces it when it is taken out, which tests must notice."""

from tests.guards.fan_out import FAN_OUT
from tests.guards.guard import Guard
from tests.guards.large_meters import LARGE_METERS
from tests.guards.migration.first_copies import OF_FIRST_COPIES
from tests.guards.migration.gate import GATE
from tests.guards.migration.gate_evidence import GATE_EVIDENCE
from tests.guards.migration.meters_and_modes import OF_THE_MIGRATION
from tests.guards.migration.rehearsal import REHEARSAL
from tests.guards.migration.removal import REMOVAL
from tests.guards.migration.retirement import RETIREMENT
from tests.guards.migration.retirement_commands import RETIREMENT_COMMANDS
from tests.guards.migration.rollouts import ROLLOUTS
from tests.guards.migration.simulation import SIMULATION
from tests.guards.migration.two_sides import OF_THE_DATA
from tests.guards.reads import READS
from tests.guards.tokens import TOKENS

WRITE_DIES = (
    "tests/integration/crashes/test_crash_points.py::"
    "test_wherever_a_write_or_its_handler_dies_both_are_whole_or_not_done_and_the_sweeper_does_the_rest"
)
JOB_DIES = (
    "tests/integration/crashes/test_crash_points.py::"
    "test_wherever_a_job_dies_no_meter_is_half_shown_and_the_sweeper_does_the_rest"
)
STORE = "tests/contract/test_store.py::"
SERIES = "tests/integration/refresh/test_compact_series.py::"
SWEEPER = "tests/integration/refresh/test_sweeper.py::"
TARGETS = "tests/integration/infra/test_targets.py::"
ANOTHER_SYSTEM = f"{TARGETS}test_a_database_of_another_system_is_refused_and_nothing_is_changed"
COMMANDS = "tests/unit/infra/test_command_line.py::"
RUNNER = "tests/unit/migrations/test_runner_words.py::"
MIGRATIONS = "tests/integration/migrations/test_migrations.py::"
LIMITS = "tests/integration/repositories/test_time_limits.py::"
SILENT = "tests/integration/repositories/test_silent_connections.py::"
REPLAY = "tests/integration/refresh/test_replay.py::"
PUBLISHER = "tests/unit/events/test_publisher.py::"
ERASED = "tests/integration/account/test_erasure.py::"
DIES = "tests/integration/account/test_crashes.py::test_wherever_an_erasure_dies_the_scheduled_function_ends_it"
BACKUP = "tests/integration/infra/backup/test_backup.py::"
BACKUP_FILE = "tests/unit/infra/operations/backup/test_backup_file.py::"
# Goes on working without any of them: a guard that is out breaks nothing as long as nothing goes wrong.
CONTROL = "tests/integration/refresh/test_refresh.py::test_a_real_household_is_imported_and_shown"


GUARDS = (
    *FAN_OUT,
    *GATE,
    *GATE_EVIDENCE,
    *LARGE_METERS,
    *READS,
    *ROLLOUTS,
    *TOKENS,
    *REMOVAL,
    *RETIREMENT,
    *RETIREMENT_COMMANDS,
    *REHEARSAL,
    *SIMULATION,
    *OF_THE_MIGRATION,
    *OF_THE_DATA,
    *OF_FIRST_COPIES,
    Guard(
        "a write that is done again has no more time than once",
        "chalicelib/repositories/transactions.py",
        "with together(self._timeout):",
        "if True:",
        (f"{LIMITS}test_a_write_that_is_done_again_has_no_more_time_than_once",),
    ),
    Guard(
        "all that a request asks of the database has one time",
        "chalicelib/api/routes.py",
        "with own.in_time():",
        "if True:",
        (f"{LIMITS}test_all_that_a_request_asks_has_one_time_however_often_it_is_tried",),
    ),
    Guard(
        "what is read by itself is in the next snapshot",
        "chalicelib/repositories/database.py",
        ", read_concern=COMMITTED)",
        ")",
        ("tests/integration/repositories/test_committed_reads.py::test_a_snapshot_holds_what_was_read_before_it",),
    ),
    Guard(
        "the transaction of a write",
        "chalicelib/repositories/transactions.py",
        "return in_transaction(self._database, self._timeout, lambda session: work(bound(session)))",
        """with time_limit(self._timeout), self._database.client.start_session() as session:
            return work(bound(session))""",
        (
            f"{STORE}test_an_exception_takes_the_whole_unit_of_work_back[mongo]",
            f"{WRITE_DIES}[create]",
            f"{WRITE_DIES}[import_file]",
        ),
    ),
    Guard(
        "the look at the fence in each step of an erasure",
        "chalicelib/repositories/erasure.py",
        "raise _OverError",
        "pass",
        (f"{ERASED}test_an_erasure_that_hung_takes_nothing_of_a_new_beginning[1]",),
    ),
    Guard(
        "the count of an erasure in the transaction of its step",
        "chalicelib/repositories/erasure.py",
        """            counts = {f"deleted.{name}": work(session) for name, work in works}
            same""",
        """            counts = {f"deleted.{name}": work(None) for name, work in works}
            same""",
        (f"{DIES}[dual_write]",),
    ),
    Guard(
        "the transaction of a refresh",
        "chalicelib/repositories/display.py",
        "return in_transaction(self._database, self._timeout, work)",
        """with time_limit(self._timeout), self._database.client.start_session() as session:
                return work(session)""",
        (f"{WRITE_DIES}[create]", f"{JOB_DIES}[sweeper]"),
    ),
    Guard(
        "meters that something holds hide nobody from the sweeper",
        "chalicelib/services/refresh/sweeper.py",
        "at_once += len(page) - len(new)",
        "if not new:\n            return",
        (
            "tests/unit/services/refresh/test_sweeper.py::"
            "test_meters_that_something_holds_hide_nobody_however_many_they_are",
        ),
    ),
    Guard(
        "the sweeper's claim before it refreshes",
        "chalicelib/services/refresh/sweeper.py",
        "is_ours = self._lagging.claim(meter, now() + claimed.pause_ms)",
        "is_ours = True",
        (f"{SWEEPER}test_a_meter_on_which_the_process_dies_costs_one_attempt_and_not_the_next_run",),
    ),
    Guard(
        "a stack that never came up is no target",
        "infra/targets/target.py",
        "    if layout.was_brought_up:\n",
        "    if True:\n",
        (
            f"{TARGETS}test_a_typing_error_in_the_name_changes_no_other_stack",
            f"{COMMANDS}test_a_name_that_does_not_exist_is_refused_by_every_command[-command5]",
        ),
    ),
    Guard(
        "a database and a stack or stage are one system",
        "infra/targets/same_system.py",
        "    if not is_same:\n",
        "    if False:\n",
        (
            f"{ANOTHER_SYSTEM}[--name=sample-another server]",
            f"{ANOTHER_SYSTEM}[--stage=dev-another database]",
        ),
    ),
    Guard(
        "the target is printed before a change",
        "infra/targets/options.py",
        "                target.announce()\n",
        "                pass\n",
        (
            f"{TARGETS}test_the_target_is_printed_before_it_is_changed",
            f"{MIGRATIONS}test_the_target_is_printed_before_a_change_and_never_its_password",
        ),
    ),
    Guard(
        "a yes before a stack is ended",
        "infra/operations/stack.py",
        'confirm(f"This ends {running}. The data stays", yes=yes)',
        "pass",
        (f"{COMMANDS}test_down_shows_what_it_ends_and_ends_nothing_without_a_yes",),
    ),
    Guard(
        "a yes before scripts are reverted",
        "infra/operations/migrate/commands.py",
        'confirm(f"This reverts {_touched(planned)} in {target}", yes=yes)',
        "pass",
        (f"{MIGRATIONS}test_down_shows_what_it_reverts_and_reverts_nothing_without_a_yes",),
    ),
    Guard(
        "a yes before all dead letters are discarded",
        "infra/operations/dead_letters/commands.py",
        """confirm(f"This discards {counted(len(letters), 'dead letter')} for good", yes=yes)""",
        "pass",
        (f"{TARGETS}test_all_dead_letters_are_shown_and_discarded_after_a_yes",),
    ),
    Guard(
        "the script that down goes to remains applied",
        "migrations/runner.py",
        "if script.name > end.name",
        "if script.name >= end.name",
        (f"{MIGRATIONS}test_the_script_that_down_goes_to_remains_applied",),
    ),
    Guard(
        "a script that is run again is asked whether it may",
        "migrations/runner.py",
        "if number > 1 and (reason := migration.refusal(database, direction)):",
        "if False:",
        (f"{RUNNER}test_what_is_not_allowed_any_more_when_the_connection_breaks_is_not_run_again[up]",),
    ),
    Guard(
        "a blank is no reason",
        "infra/operations/reason.py",
        "    if not reason.strip():\n",
        "    if False:\n",
        (f"{COMMANDS}test_a_reason_that_says_nothing_is_refused_before_anything_happens[command2-]",),
    ),
    Guard(
        "the retry of failed PutEvents entries",
        "chalicelib/events/eventbridge.py",
        "ATTEMPTS = 3",
        "ATTEMPTS = 1",
        (f"{PUBLISHER}test_only_the_entries_that_failed_are_sent_again",),
    ),
    Guard(
        "a write outlives a bus that fails",
        "chalicelib/events/eventbridge.py",
        "except Exception as error:",
        "except ZeroDivisionError as error:",
        (f"{PUBLISHER}test_a_bus_that_stays_down_never_fails_the_caller_and_is_counted[down0]",),
    ),
    Guard(
        "the compact series is of the displayed version",
        "chalicelib/repositories/series.py",
        'return bool(series.get("version") == meter["displayVersion"])',
        "return True",
        (f"{SERIES}test_a_series_of_another_version_than_what_is_displayed_is_not_believed",),
    ),
    Guard(
        "the digest of the compact series",
        "chalicelib/repositories/series.py",
        'lambda digests: digest_of(digests) == meter["series"]["digest"]',
        "lambda _: True",
        (f"{SERIES}test_a_series_with_another_amount_is_not_believed",),
    ),
    Guard(
        "an older calculation leaves alone what a newer one shows",
        "chalicelib/repositories/calculation_marks.py",
        '"$expr": {"$or": [{"$lt": [SHOWN_BY, calculation]}, older]}}',
        '"$expr": {"$or": [{"$lt": [0, 1]}, older]}}',
        (f"{STORE}test_an_older_calculation_never_publishes_over_a_newer_one[mongo]",),
    ),
    Guard(
        "the heartbeat that notices a silent connection",
        "chalicelib/repositories/database.py",
        '"heartbeatFrequencyMS": 500, "connectTimeoutMS": 1_500, ',
        "",
        (f"{SILENT}test_a_reader_gets_an_answer_within_the_time_of_a_read",),
    ),
    Guard(
        "a replay sends again what the bus did not take",
        "chalicelib/services/refresh/replay.py",
        "for seconds in PAUSES_SECONDS:",
        "for seconds in ():",
        (f"{REPLAY}test_what_the_bus_does_not_take_is_sent_again_with_growing_pauses",),
    ),
    Guard(
        "the one moment of a backup",
        "infra/operations/backup/data.py",
        "start_session(snapshot=True)",
        "start_session()",
        (f"{BACKUP}test_what_is_backed_up_is_of_one_moment_while_people_write",),
    ),
    Guard(
        "the digest of a backup",
        "infra/operations/backup/file.py",
        'if (last["sha256"], last["counts"]) != (digest.hexdigest(), dict(counts)):',
        "if False:",
        (f"{BACKUP_FILE}test_an_edited_file_is_refused_with_what_is_wrong[a value]",),
    ),
    Guard(
        "a backup that is there stays",
        "infra/operations/backup/file.py",
        "if path.exists():",
        "if False:",
        (f"{BACKUP_FILE}test_a_backup_that_is_there_is_not_overwritten",),
    ),
    Guard(
        "a restore goes into an empty database",
        "infra/operations/backup/data.py",
        "if found := occupied(database):",
        "if found := dict[str, int]():",
        (
            f"{BACKUP}test_a_database_with_data_is_refused_and_named[a reading-True]",
            f"{BACKUP}test_a_write_in_the_last_moment_opens_the_database_again",
        ),
    ),
    Guard(
        "who writes during a restore is noticed",
        "infra/operations/backup/data.py",
        "if not (there <= wanted if forgets else there == wanted):",
        "if False:",
        (f"{BACKUP}test_who_writes_meanwhile_is_noticed",),
    ),
    Guard(
        "an undo of an import leaves what was changed since",
        "chalicelib/services/recording/import_undo.py",
        "reading.updated_at == update and ",
        "",
        ("tests/unit/services/recording/test_import_undo.py::test_a_reading_that_was_changed_and_changed_back_stays",),
    ),
    Guard(
        "an import belongs to whom it is",
        "chalicelib/repositories/transactions.py",
        "MongoImportRecords(scoped(Collections.IMPORTS)),",
        "MongoImportRecords(self._database[Collections.IMPORTS]),",
        (
            "tests/integration/repositories/test_other_users.py::"
            "test_no_route_shows_or_changes_anything_of_another_user[/v2/imports/{import_id}-DELETE]",
        ),
    ),
    Guard(
        "the sweeper names a meter by a pseudonym",
        "chalicelib/services/refresh/sweeper.py",
        'concerning(meter.id.rpartition("|")[0])',
        "pass",
        ("tests/functional/monitoring/test_people_in_logs.py::test_the_sweeper_names_a_failing_meter_by_a_pseudonym",),
    ),
    Guard(
        "what a function raises names nobody",
        "chalicelib/handlers/event_function.py",
        "if (raised := presentable(error)) is error:",
        "if (raised := error) is error:",
        (
            "tests/functional/monitoring/test_people_in_logs.py::"
            "test_an_event_that_fails_names_nobody_nor_does_what_lambda_is_told[its refresh breaks-RuntimeError]",
        ),
    ),
    Guard(
        "a log line does not say what an error says",
        "chalicelib/monitoring/logger.py",
        "made.addFilter(TellingNothing())",
        "pass",
        (
            "tests/functional/monitoring/test_contents_in_logs.py::test_a_scheduled_function_that_fails[sweeper-validation]",
        ),
    ),
    Guard(
        "the text of an error is logged only where it is a constant of the code",
        "chalicelib/monitoring/errors.py",
        'return said if codes and said in codes[-1].co_consts else ""',
        "return said",
        ("tests/unit/monitoring/test_errors.py::test_no_output_says_what_an_error_says[a write]",),
    ),
    Guard(
        "what a stack writes is its owner's alone",
        "infra/local/processes/supervision.py",
        "                    umask=OWNER_ONLY,\n",
        "",
        (
            "tests/unit/infra/local/test_supervision.py::"
            "test_what_a_piece_writes_and_what_it_starts_writes_is_its_owners_alone",
        ),
    ),
    Guard(
        "environments behind a link are never built again",
        "infra/local/environments.py",
        "    if missing and FOLDER.is_symlink():",
        "    if False:",
        (
            "tests/unit/infra/local/test_environments.py::"
            "test_what_another_project_has_built_is_used_behind_a_link_and_never_built_again",
        ),
    ),
    Guard(
        "an erasure stays open while somebody holds dead letters",
        "chalicelib/dead_letters/people.py",
        "        if hidden:",
        "        if False:",
        ("tests/unit/dead_letters/test_people.py::test_a_letter_that_somebody_looks_at_keeps_the_erasure_open[moto]",),
    ),
    Guard(
        "a viewer changes nothing",
        "chalicelib/api/routes.py",
        """*((VIEWER, OPERATOR) if operation.method == "GET" else (OPERATOR,))""",
        "VIEWER, OPERATOR",
        ("tests/functional/ops/test_roles.py::test_a_viewer_changes_nothing[PUT-/ops/sync-mode]",),
    ),
    Guard(
        "nothing is sent again without a record",
        "chalicelib/dead_letters/over_http.py",
        "            self._actions.keep(done)\n            if refusal",
        "            if refusal",
        ("tests/functional/ops/test_dead_letters.py::test_a_record_that_cannot_be_kept_stops_it[redrive]",),
    ),
    Guard(
        "what the application imports is never left out of its package",
        "infra/deployment/left_out.py",
        "        if missed - uncalled:",
        "        if False:",
        (
            "tests/unit/infra/deployment/test_left_out.py::"
            "test_what_is_imported_stays_and_packaging_says_by_whom[import cffi]",
        ),
    ),
)
