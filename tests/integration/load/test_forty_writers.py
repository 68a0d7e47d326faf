"""Forty functions that write to one meter at the same moment, each a process as on Lambda, on a real database."""

import pytest

from infra.drills.history.in_process.ground import ground_source
from tests.load.writers import WRITERS, denied, write_together

pytestmark = pytest.mark.long


def test_each_of_forty_writers_to_one_meter_gets_its_answer_in_time_and_both_backends_have_what_was_acknowledged() -> (
    None
):
    with ground_source() as source, source.ground(1, held=0.0, requests=WRITERS) as ground:
        written = write_together(ground.transport, "written-by-forty")
        assert ground.comes_to_rest(30)
        wrong = denied(ground.transport, "written-by-forty", written)
    assert [each for each in written if not each.is_answered] == []
    assert len(written) == WRITERS
    assert wrong == []
