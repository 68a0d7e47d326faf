"""Who changes the sync mode during a backfill, or before it, makes it end with a reason, and never counts as done."""

from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import UnavailableError
from migrations import runner
from migrations.backfill import Backfill
from migrations.errors import MigrationError, RefusedError
from migrations.runner import Options
from migrations.scripts import QuietRun
from tests.integration.repositories.inherited_database import assert_both_sides_equal, set_mode

BACKFILL = "002_backfill_display_data"


def test_in_a_mode_that_rests_one_side_it_does_not_begin(dual: Database[Any]) -> None:
    """The mode may change once more behind the script's own question: it would write nothing and count as done."""
    set_mode(dual, SyncMode.OLD_ONLY)
    with pytest.raises(RefusedError, match="the sync mode was changed meanwhile"):
        Backfill(dual).run()


def test_a_change_of_mode_meanwhile_ends_it_with_a_reason(dual: Database[Any]) -> None:

    class Changing(QuietRun):
        """Changes the mode when the first meters are done."""

        def progress(self, unit: str, total: int) -> Any:
            set_mode(dual, SyncMode.OLD_ONLY)
            return super().progress(unit, total)

    with pytest.raises(MigrationError, match="the sync mode was changed meanwhile"):
        runner.up(dual, options=Options(run=Changing()))
    set_mode(dual, SyncMode.DUAL_WRITE, since=1_000)
    assert runner.up(dual, options=Options(retry=True))[:1] == [BACKFILL]
    assert_both_sides_equal(dual)


def test_a_change_of_mode_while_the_connection_breaks_is_no_end_of_it(dual: Database[Any]) -> None:
    """In the other mode there is nothing to bring together, so that a second run would end at once."""

    class Broken(QuietRun):
        """Loses the connection once, while somebody changes the mode."""

        is_whole = True

        def progress(self, unit: str, total: int) -> Any:
            if self.is_whole:
                self.is_whole = False
                set_mode(dual, SyncMode.OLD_ONLY)
                raise UnavailableError("the database did not answer in time; try again")
            return super().progress(unit, total)

    with pytest.raises(MigrationError, match=f"{BACKFILL} failed: the mode is old_only, it must be dual_write"):
        runner.up(dual, options=Options(run=Broken()))
    set_mode(dual, SyncMode.DUAL_WRITE, since=1_000)
    assert runner.up(dual, options=Options(retry=True))[:1] == [BACKFILL]
    assert_both_sides_equal(dual)
