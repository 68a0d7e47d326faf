"""What the commands of rollouts and of the retirement print, line by line."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from chalicelib.domain.components import Component
from chalicelib.domain.gate.evidence import AllowedHours
from chalicelib.domain.retirement.calendar import Calendar
from chalicelib.domain.retirement.calendar_parts import BrownOut, Entry, OptOut
from chalicelib.domain.retirement.callers import V1Call, V1Caller
from chalicelib.domain.rollouts import rollout as rollouts
from chalicelib.domain.rollouts.plan import Plan, steps_of
from chalicelib.domain.rollouts.rollout import Approval, Rollout, Seen, State
from infra.operations import retire
from infra.operations.rollout.printing import print_rollout, print_rollouts

AT = 1_700_000_000_000  # 2023-11-14T22:13:20Z
MINUTE, DAY = 60_000, 86_400_000
CALLER = "0123456789abcdef" * 2
Printed = Callable[[], list[str]]
WEEKDAYS = AllowedHours("Europe/Berlin", 9, 17, tuple(range(5)))
RUNNING = Rollout(
    component=Component.ENERGY_TABLE,
    plan=Plan(steps_of("10:1h,100:1d"), 1, WEEKDAYS, True),
    state=State.RUNNING,
    by="olga",
    reason="as [planned]",
    since=AT,
    step=0,
    approval=Approval(Decimal(100), AT, "otto", "agreed"),
    log=(rollouts.Entry(AT - MINUTE, "start", "olga", "as [planned]"), rollouts.Entry(AT, "step 10 %", "olga", "next")),
    seen=Seen(AT, "a meter lags", "python -m infra sweep --list"),
)
STOPPED = Rollout(
    component=Component.DASHBOARD,
    plan=Plan(steps_of("50:1d")),
    state=State.STOPPED,
    by="olga",
    reason="the backends differ",
    since=AT,
)


def test_a_rollout_with_all_that_is_known_of_it(printed: Printed) -> None:
    print_rollout(RUNNING, AT + MINUTE)
    assert printed() == [
        "rollout energy_table",
        "state running by olga: as [planned]",
        "at 10 % since 2023-11-14 22:13",
        "next 100 %, hold time: 59 min",
        "waits a meter lags",
        "first python -m infra sweep --list",
        "approved 100 % by otto",
        "plan 10:1h,100:1d; a second person must agree; from 9 to 17 o'clock Europe/Berlin on days 0, 1, 2, 3, 4; "
        "as lists of people",
        "when (UTC) what who and why",
        "2023-11-14 22:13 step 10 % olga: next",
        "2023-11-14 22:12 start olga: as [planned]",
    ]


def test_a_rollout_that_has_stopped_names_nobody_and_waits_for_nothing(printed: Printed) -> None:
    print_rollout(STOPPED, AT)
    assert printed() == [
        "rollout dashboard",
        "state stopped: the backends differ",
        "at nothing yet since 2023-11-14 22:13",
        "next 50 %, hold time: -",
        "plan 50:1d",
        "when (UTC) what who and why",
    ]


def test_rollouts_are_a_line_each(printed: Printed) -> None:
    print_rollouts([RUNNING, STOPPED], AT + 3_600_000)
    assert printed() == [
        "component state at next in why it waits",
        "energy_table running 10 % 100 % over a meter lags",
        "dashboard stopped nothing yet 50 % - the backends differ",
    ]


def test_hours_of_every_day_name_no_days(printed: Printed) -> None:
    print_rollout(replace(STOPPED, plan=Plan(steps_of("50:1d"), 0, replace(WEEKDAYS, days=tuple(range(7))))), AT)
    assert "plan 50:1d; from 9 to 17 o'clock Europe/Berlin" in printed()


def test_the_calendar_of_the_end(printed: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retire, "now", lambda: AT)
    calendar = Calendar(
        announced_at=AT - DAY,
        deprecated_at=AT - 20_000,
        sunset_at=AT + 60 * DAY,
        brown_outs=(
            BrownOut(AT - 2 * DAY, AT - 2 * DAY + MINUTE, "the page [calls]", AT - 2 * DAY),
            BrownOut(AT - DAY, AT),
            BrownOut(AT, AT + MINUTE),
            BrownOut(AT + MINUTE, AT + 2 * MINUTE),
        ),
        opt_outs=(OptOut(CALLER, AT + DAY),),
        log=(Entry(AT - DAY, "olga", "announce", "as planned"), Entry(AT, "otto", "opt out", "asked [for]")),
        rehearsal=True,
    )
    retire._show(calendar, "the page calls", as_json=False)
    assert printed() == [
        "version 1 brown out",
        "announced 2023-11-13 22:13:20, as a rehearsal",
        "deprecated 2023-11-14 22:13",
        "sunset 2024-01-13 22:13:20",
        f"opt-out {CALLER} until 2023-11-15 22:13:20",
        "withheld no brown-out would begin now: the page calls",
        "brown-out from until",
        "2023-11-12T22:13:20Z 2023-11-12T22:14:20Z withheld from 2023-11-12T22:13:20Z on: the page [calls]",
        "2023-11-13T22:13:20Z 2023-11-14T22:13:20Z held",
        "2023-11-14T22:13:20Z 2023-11-14T22:14:20Z now",
        "2023-11-14T22:14:20Z 2023-11-14T22:15:20Z planned",
        "when (UTC) what who and why",
        "2023-11-14 22:13 opt out otto: asked [for]",
        "2023-11-13 22:13 announce olga: as planned",
    ]


def test_a_calendar_without_anything(printed: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retire, "now", lambda: AT)
    retire._show(Calendar(announced_at=AT, deprecated_at=AT, sunset_at=AT + DAY), None, as_json=False)
    assert printed() == [
        "version 1 deprecated",
        *(f"{what} 2023-11-1{day} 22:13:20" for what, day in (("announced", 4), ("deprecated", 4), ("sunset", 5))),
        "no brown-out is planned",
        "when (UTC) what who and why",
    ]


def test_callers_are_listed_with_their_first_and_last_call(printed: Printed) -> None:
    called = V1Caller(V1Call(CALLER, "cu[r]l", "GET /v1/energy"), AT - DAY, AT, {"2023-11-13": 2, "2023-11-14": 3})
    retire._print_callers([called], 35, 1_000)
    assert printed() == [
        "caller client route first (UTC) last (UTC) calls",
        f"{CALLER} cu[r]l GET /v1/energy 2023-11-13 22:13 2023-11-14 22:13 5",
        "and 1,000 more, called before these",
    ]
    retire._print_callers([called], 35, 0)
    assert len(printed()) == 2
