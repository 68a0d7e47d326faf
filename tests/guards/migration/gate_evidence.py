"""The guards of the gate's evidence: what is counted once, who is asked, and what nobody knows."""

from tests.guards.guard import Guard

COUNTED = "tests/contract/migration/test_counted_evidence.py::"
RECORDS = "tests/contract/migration/test_census_records.py::"
COUNTING = "tests/integration/gate/test_counting_on_mongodb.py::"
CENSUS = "tests/unit/services/migration/gate/test_census.py::"
JUDGE = "tests/unit/domain/migration/gate/test_judge.py::"
ON_MONGODB = "tests/integration/gate/test_census_on_mongodb.py::"
COMPARER = "tests/unit/services/migration/comparison/test_comparer.py::"
CONSISTENCY = "tests/unit/services/migration/sync/test_consistency.py::"
SERVICE = "tests/unit/services/migration/gate/test_gate_service.py::"
AWAY = f"{SERVICE}test_what_cannot_be_looked_at_fails_alone_and_is_no_breach"
EVIDENCE = "chalicelib/repositories/counted_evidence.py"
TAKER = "chalicelib/services/migration/gate/census.py"
ASKING = "chalicelib/services/migration/comparison/asking.py"
LOOK = "chalicelib/services/migration/gate/gathering.py"

GATE_EVIDENCE = (
    Guard(
        "the answer that took a request's whole time is seen by the gate",
        "chalicelib/repositories/usage.py",
        "Context().run(self._insert, usage.user_id, document_of(usage, pseudonym, at))",
        "self._insert(usage.user_id, document_of(usage, pseudonym, at))",
        (
            "tests/integration/repositories/test_usage.py::"
            "test_the_answer_that_took_the_whole_time_of_its_request_has_its_row_too",
        ),
    ),
    Guard(
        "an event that is lost when a request is out of time counts",
        "chalicelib/repositories/status_records.py",
        "Context().run(self._count, counted)",
        "self._count(counted)",
        (
            "tests/contract/migration/test_status_records.py::"
            "test_an_event_that_was_lost_when_a_request_was_out_of_time_counts_too",
        ),
    ),
    Guard(
        "an agreement counts once",
        EVIDENCE,
        "        except DuplicateKeyError:\n            return",
        "        except DuplicateKeyError:\n            pass",
        (f"{COUNTED}test_a_view_at_one_source_version_is_one_agreement_however_often_it_is_asked[mongo]",),
    ),
    Guard(
        "an agreement counts in the run in which it was seen",
        EVIDENCE,
        '{"_id": key, "run": run}',
        '{"_id": key}',
        (f"{COUNTING}test_an_agreement_that_an_answer_overtakes_is_none_of_the_new_run",),
    ),
    Guard(
        "a difference takes all agreements away",
        EVIDENCE,
        "    if counting.differences and not counting.is_answered:",
        "    if False:",
        (f"{COUNTED}test_a_difference_takes_all_agreements_away_and_none_of_another_code_or_component[mongo]",),
    ),
    Guard(
        "after an answer agreements count from 0 again",
        "chalicelib/services/migration/comparison/runs.py",
        "            self._counted.answered(rule.fingerprint)",
        "            pass",
        (f"{COMPARER}test_after_a_difference_agreements_begin_anew_with_the_first_answer_for_it",),
    ),
    Guard(
        "a difference is gone when nothing shows it any more",
        "chalicelib/services/migration/comparison/runs.py",
        "        if replay.gone:",
        "        if True:",
        (f"{COMPARER}test_what_a_replay_shows_no_more_is_gone_on_this_code",),
    ),
    Guard(
        "each comparison is counted",
        ASKING,
        "        self._record(compared, counting_of(compared, self._user(request)))\n",
        "",
        (f"{COMPARER}test_each_comparison_counts_for_the_code_that_runs",),
    ),
    Guard(
        "a difference with a row is counted, and one that is not counted has no row",
        EVIDENCE,
        "insert_one(row_of(compared, pseudonyms, at), session=session)",
        "insert_one(row_of(compared, pseudonyms, at))",
        (
            f"{COUNTING}test_a_difference_that_cannot_be_counted_has_no_row_and_counts_once_when_it_is_asked_again"
            "[recorded-away]",
        ),
    ),
    Guard(
        "what the census finds is counted",
        ASKING,
        "            self._record(compared, counting)\n",
        "            pass\n",
        (
            f"{CENSUS}test_one_persons_wrong_figure_is_found",
            f"{ON_MONGODB}test_of_ten_people_the_one_with_a_wrong_figure_is_found_though_nobody_came_by",
        ),
    ),
    Guard(
        "everybody is asked, also who never came by",
        "chalicelib/domain/migration/gate/census_records.py",
        "*sorted({*names} - self.done - {*self.lagging})]",
        "*sorted({*names} - self.done - {*self.lagging})[1:]]",
        (f"{CENSUS}test_everybody_is_asked_though_nobody_came_by",),
    ),
    Guard(
        "who comes after a census is asked too",
        TAKER,
        "run.finished is not None and run.done == named.keys():",
        "run.finished is not None:",
        (f"{CENSUS}test_who_comes_after_its_end_is_asked_by_the_next_run_and_nobody_else",),
    ),
    Guard(
        "a census speaks for nobody who came later",
        "chalicelib/domain/migration/gate/census.py",
        " or census.users < seen.people:",
        ":",
        (f"{JUDGE}test_one_thing_alone_shuts_the_gate[a census before somebody came]",),
    ),
    Guard(
        "who lags is asked again",
        TAKER,
        "            if seen.outcome not in LOOKED:\n                return None",
        "            if seen.outcome not in LOOKED:\n                continue",
        (f"{CENSUS}test_who_lags_is_asked_again_first_and_counts_once",),
    ),
    Guard(
        "a census that waits for somebody has not ended",
        TAKER,
        "        if run.lagging:",
        "        if False:",
        (f"{CENSUS}test_who_lags_is_asked_again_first_and_counts_once",),
    ),
    Guard(
        "a census on other code or in another mode begins again",
        TAKER,
        "if kept.running is not None and not self._is_outdated(kept.running, mode_since, self._limits):",
        "if kept.running is not None:",
        (f"{CENSUS}test_other_code_or_another_mode_begins_anew[True]",),
    ),
    Guard(
        "one census run at a time",
        "chalicelib/repositories/census.py",
        """is_free = {"$lte": [{"$ifNull": ["$claimedUntil", None]}, "$$NOW"]}""",
        "is_free = True",
        (f"{RECORDS}test_one_at_a_time_goes_on_until_it_is_done_or_its_time_is_up[mongo]",),
    ),
    Guard(
        "a run whose claim is over stores nothing",
        "chalicelib/repositories/census.py",
        """self._control.update_one({"_id": CENSUS, "token": claim.token}, {"$set": changes})""",
        """self._control.update_one({"_id": CENSUS}, {"$set": changes})""",
        (f"{RECORDS}test_whose_claim_has_ended_changes_nothing[mongo]",),
    ),
    Guard(
        "whose views take longer than whole runs is given up",
        TAKER,
        "claim.tries > TRIES",
        "False",
        (f"{CENSUS}test_who_takes_longer_than_whole_runs_is_given_up_and_the_others_have_their_turn",),
    ),
    Guard(
        "a verify says on which code",
        "chalicelib/services/migration/sync/consistency.py",
        "up_to=seen.up_to, code=self._code(), calculated",
        "up_to=seen.up_to, calculated",
        (f"{CONSISTENCY}test_a_verify_says_on_which_code_and_other_code_begins_at_the_start",),
    ),
    Guard(
        "a walk of other code is not gone on with",
        "chalicelib/domain/meters/walks.py",
        "    if walk.code != code:",
        "    if False:",
        (f"{CONSISTENCY}test_a_verify_says_on_which_code_and_other_code_begins_at_the_start",),
    ),
    Guard(
        "a part that cannot be looked at is a condition that nobody can say",
        LOOK,
        "        unknown.setdefault(name, ",
        "        dict(unknown).setdefault(name, ",
        (f"{AWAY}[census-censuses-conditions5]", f"{AWAY}[records-drill-conditions8]"),
    ),
    Guard(
        "a rehearsal counts for the shape of the flags that was rehearsed",
        "chalicelib/flags/document/shape.py",
        '"retired": sorted(document.retired - document.unknown.keys())',
        '"retired": []',
        (f"{SERVICE}test_each_condition_goes_by_its_own_part[another shape of the flags]",),
    ),
    Guard(
        "an import is judged by the table",
        LOOK,
        "        judged = judged_by(component)",
        "        judged = component",
        (f"{SERVICE}test_an_import_is_judged_by_what_the_table_shows",),
    ),
    Guard(
        "a stored text is compared too, for callers get it",
        "chalicelib/services/migration/comparison/compare_backends.py",
        ", *_of_text(new.shown))",
        ",)",
        (
            "tests/unit/services/migration/comparison/test_backend_comparison.py::"
            "test_a_stored_text_is_what_callers_get_so_it_must_be_of_its_data[2-places1]",
        ),
    ),
)
