"""When the demo household has to be imported, and when its display is complete."""

import pytest

from infra.local.demo_household import READINGS, has_caught_up, is_there


def display(version: int, *, stale: bool, calculated_at: str | None) -> dict[str, object]:
    return {"meta": {"sourceVersion": version, "stale": stale, "calculatedAt": calculated_at}}


@pytest.mark.parametrize(
    ("answer", "there", "caught_up"),
    [
        (display(0, stale=False, calculated_at=None), False, False),
        (display(1, stale=True, calculated_at=None), True, False),
        (display(2, stale=True, calculated_at="2026-01-01"), True, False),
        (display(2, stale=False, calculated_at="2026-01-01"), True, True),
    ],
)
def test_the_meters_version_decides(answer: dict[str, object], there: bool, caught_up: bool) -> None:
    assert (is_there(answer), has_caught_up(answer)) == (there, caught_up)


def test_the_file_holds_the_whole_household() -> None:
    assert len(READINGS.read_text().splitlines()) == 1 + 1_441
