"""The plan of a rehearsal: every step in its order, and which of them a guard that is taken out changes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from infra.errors import OperatorError
from infra.rehearsal import moving, opening, retiring, rolling
from infra.rehearsal.scene import Scene
from infra.rehearsal.timeline import Step

Act = Callable[[Scene], str]

ACTS: Mapping[str, Act] = {
    "inherit": moving.inherit,
    "create": moving.create,
    "deploy": moving.deploy,
    "move in": moving.move_in,
    "begin the drill": opening.begin_drill,
    "dual write": moving.write_twice,
    "backfill": moving.backfill,
    "verify": moving.verify,
    "verified": moving.verified,
    "lose an event": moving.lose_event,
    "caught up": moving.caught_up,
    "census": opening.take_census,
    "compared": opening.everybody_was_compared,
    "end the drill": opening.end_drill,
    "gate": opening.gate_is_open,
    "global gate": opening.open_global_gate,
    "start rollouts": rolling.start_rollouts,
    "first tenth": rolling.carry_canary,
    "rises": rolling.rises_were_allowed,
    "plant a bug": rolling.plant_bug,
    "find it": rolling.find_bug,
    "carry back": rolling.carry_back,
    "went back": rolling.went_back,
    "mend": rolling.mend,
    "mended": rolling.mended,
    "resume": rolling.resume,
    "carry on": rolling.carry_all,
    "everybody": rolling.everybody_has_new,
    "announce": retiring.announce,
    "the page calls": retiring.page_calls,
    "withheld": retiring.brown_out_withheld,
    "brown-out": retiring.hold_brown_out,
    "sunset": retiring.reach_sunset,
    "check": retiring.check,
    "leave": retiring.leave,
    "left": retiring.left,
    "nothing lost": retiring.nothing_lost,
    "removal": retiring.rehearse_removal,
}


@dataclass(frozen=True, slots=True)
class Guard:
    """Something that keeps the migration safe. ``instead``: what is done without it, by the name of the step.

    ``noticed_by``: the step that must fail then.
    """

    name: str
    says: str
    instead: Mapping[str, Act]
    noticed_by: str


GUARDS = (
    Guard(
        "dual-write",
        "after the backfill the mode is put back to old_only in the database while people write",
        {"backfill": moving.backfill_then_write_once},
        "verify",
    ),
    Guard(
        "drain",
        "nobody waits for writes that began before dual write: the drain is made one second long in the database",
        {"dual write": moving.write_twice_undrained},
        "verify",
    ),
    Guard(
        "verify",
        "nobody compares the sides, and the Sweeper, which would, is switched off",
        {"deploy": moving.deploy_without("Sweeper"), "verify": moving.skip_verify},
        "verified",
    ),
    Guard(
        "sweeper",
        "the Sweeper is switched off when an event gets lost",
        {"lose an event": moving.lose_event_unswept},
        "caught up",
    ),
    Guard(
        "comparison",
        "CensusTaker and BackendComparer are switched off",
        {"deploy": moving.deploy_without(*opening.COMPARING), "census": opening.compare_nothing},
        "compared",
    ),
    Guard(
        "drill",
        "nobody rehearses the way back",
        {"begin the drill": opening.rehearse_nothing, "end the drill": opening.rehearse_nothing},
        "gate",
    ),
    Guard(
        "gate",
        "nothing is compared or rehearsed, nobody asks the gate, and the first tenth is hurried past it",
        {
            "deploy": moving.deploy_without(*opening.COMPARING),
            "begin the drill": opening.rehearse_nothing,
            "census": opening.compare_nothing,
            "compared": opening.ask_nobody,
            "end the drill": opening.rehearse_nothing,
            "gate": opening.ask_nobody,
            "first tenth": rolling.hurry_canary,
        },
        "rises",
    ),
    Guard(
        "way-back",
        "RolloutCarrier is switched off before the bug is planted",
        {"plant a bug": rolling.plant_bug_uncarried, "carry back": rolling.carry_nothing},
        "went back",
    ),
    Guard("repair", "nobody mends what the bug has made wrong", {"mend": rolling.mend_nothing}, "mended"),
    Guard(
        "own-callers",
        "our own page does not say that it is our own when it calls version 1",
        {"the page calls": retiring.page_calls_unseen},
        "withheld",
    ),
    Guard(
        "retire-check",
        "nobody waits for the sunset, or asks what blocks the end: the mode is set to new_only by hand",
        {"sunset": retiring.reach_no_sunset, "check": retiring.check_nothing, "leave": retiring.leave_by_force},
        "left",
    ),
)


def guard_named(name: str) -> Guard:
    """One of them. Raises OperatorError, which names them all."""
    found = next((guard for guard in GUARDS if guard.name == name), None)
    if found is None:
        raise OperatorError(f"there is no guard {name!r}; there are {', '.join(guard.name for guard in GUARDS)}")
    return found


def steps(scene: Scene, without: Guard | None = None) -> list[Step]:
    """Every step, or what is done in its place where a guard is taken out."""
    instead = {} if without is None else without.instead
    return [Step(name, partial(instead.get(name, act), scene)) for name, act in ACTS.items()]
