"""Steps of the rollouts of six components; a bug is planted, found, taken back and mended, until everybody is moved."""

import time
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from functools import partial
from typing import Any

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.rollouts.plan import steps_of
from chalicelib.flags.document.bucketing import BUCKETS, bucket
from chalicelib.flags.document.names import COMPONENT_FLAGS
from chalicelib.repositories.database import Collections
from infra.drills.api import OLD
from infra.drills.ground import NEW
from infra.errors import OperatorError
from infra.rehearsal.people import Resident
from infra.rehearsal.scene import REASON, Scene, arrives, require

CANARY = Component.ENERGY_TABLE
STEPS = {CANARY: "test:0s,10:150s,50:5s,100:5s"}  # it is held at 10 % while the bug is planted and found
USUAL_STEPS = "10:5s,100:5s"
CARRIED_SECONDS = 240.0
BACK_SECONDS = 120.0
ALL_SECONDS = 720.0
PAUSE_SECONDS = 1.0
LOOKS = 5
WRONG = Decimal(99_999)
POLLED_SECONDS = 30.0  # functions poll every 15


def start_rollouts(scene: Scene) -> str:
    """One for each component, with shortened times."""
    for component in Component:
        steps = [
            {"percent": float(step.percent), "holdSeconds": step.hold_ms // 1000}
            for step in steps_of(STEPS.get(component, USUAL_STEPS))
        ]
        scene.order(f"/ops/rollouts/{component}/start", plan={"steps": steps})
    return f"{CANARY} by {STEPS[CANARY]}, five by {USUAL_STEPS}"


def carry_canary(scene: Scene) -> str:
    """The first tenth of the people, through the gate."""
    calls = _carry(scene, lambda: _percent(_status(scene, CANARY)) >= 10, CARRIED_SECONDS)
    return f"{CANARY} is at 10 % ({calls} runs of RolloutCarrier called, instead of each minute)"


def hurry_canary(scene: Scene) -> str:
    """Somebody does not wait for the gate."""

    def is_there() -> bool:
        if _percent(_status(scene, CANARY)) >= 10:
            return True
        with suppress(OperatorError):  # the schedule may be faster
            scene.operator.infra("rollout", "step", CANARY, "--hurry", "--reason", REASON, known=(0, 1))
        return False

    arrives(is_there, CARRIED_SECONDS, lambda: f"{CANARY} does not rise, though it is hurried")
    return f"{CANARY} is at {_percent(_status(scene, CANARY)):g} %, past the gate"


def rises_were_allowed(scene: Scene) -> str:
    """Every rise in the record was made through an open gate."""
    changes = scene.look("/ops/flags/history?limit=200")["changes"]
    rises = [change for change in changes if _is_rise(change)]
    past = [change for change in rises if not (change["evidence"].get("gate") or {}).get("open")]
    require(rises, "nothing has risen yet")
    require(not past, f"{len(past)} of {len(rises)} rises went past a gate that was shut")
    return f"{len(rises)} rises, each through an open gate"


def plant_bug(scene: Scene) -> str:
    """A wrong figure on the new side, of somebody who is not among the first tenth; they look at their table."""
    scene.operator.call("BackendComparer")  # what was read before is looked at
    victim = next(each for each in scene.people.quiet if not _is_in(each, 10))
    scene.victim = victim.person.name
    wrong = {"$set": {"amount": WRONG}}
    one = {"userId": scene.victim, "type": "power"}
    changed = scene.database[Collections.READINGS].update_one(one, wrong).modified_count
    require(changed == 1, f"{scene.victim} has no reading on the new side to make wrong")
    for _ in range(LOOKS):
        scene.people.look(victim)
    return f"one figure of {scene.victim} is {WRONG} on the new side; they still have the old one"


def find_bug(scene: Scene) -> str:
    """What they have read is compared."""
    seen = scene.operator.call("BackendComparer")
    require(seen.get("different"), f"the comparison has not found the bug: {seen}")
    found = scene.operator.infra("compare", "report", known=(0, 1)).body
    scene.fingerprints = tuple(_open_fingerprints(found))
    require(scene.fingerprints, "the report names no open difference")
    return f"{seen['different']} answers differ, {len(scene.fingerprints)} fingerprints"


def carry_back(scene: Scene) -> str:
    """The schedule finds the gate in breach."""
    calls = _carry(scene, lambda: _status(scene, CANARY)["state"] == "stopped", BACK_SECONDS, must=False)
    return f"{calls} runs of RolloutCarrier"


def plant_bug_uncarried(scene: Scene) -> str:
    """Plant the bug, and let nothing call the function that goes back any more."""
    scene.operator.unschedule("RolloutCarrier")
    return plant_bug(scene)


def carry_nothing(scene: Scene) -> str:
    """Nobody carries rollouts."""
    return f"nobody carries the rollouts of {scene.layout.name}"


def went_back(scene: Scene) -> str:
    """The rollout has stopped by itself, and nobody but test users has the new backend."""
    found = _status(scene, CANARY)
    require(found["state"] == "stopped", f"the rollout of {CANARY} is {found['state']}, it has not gone back by itself")
    percent = _percents(scene)[COMPONENT_FLAGS[CANARY]]
    require(percent == 0, f"{CANARY} is at {percent} % after the way back")
    for resident in scene.people.quiet:
        arrives(partial(_has, scene, resident, OLD), POLLED_SECONDS, lambda: "the new backend still answers")
    return f"stopped by itself: {found['reason']}"


def mend(scene: Scene) -> str:
    """Mend from the side that the mode believes."""
    done = scene.operator.infra("repair", "--user", scene.victim, "--apply", "--yes", "--reason", REASON, known=(0, 1))
    return f"repair has mended {scene.victim}, exit {done.code}"


def mend_nothing(scene: Scene) -> str:
    """Nobody mends it."""
    return f"what is wrong with {scene.victim} is not mended"


def mended(scene: Scene) -> str:
    """No difference is left, and each that was seen is gone."""
    found = scene.operator.infra("verify", known=(0, 1)).body
    require(found["differences"] == 0, f"verify still finds differences: {found['differences']}")
    for fingerprint in scene.fingerprints:
        code = scene.operator.infra("compare", "replay", fingerprint, known=(0, 1)).code
        require(code == 0, f"the difference {fingerprint} is still seen")
    return "verify finds no difference, and none of those that were seen is seen again"


def resume(scene: Scene) -> str:
    """A person lets go on what has stopped; an import is judged by the table, so it has stopped too."""
    stopped = [each["component"] for each in _all(scene) if each["state"] == "stopped"]
    for component in stopped:
        scene.order(f"/ops/rollouts/{component}/resume")
    return f"the rollouts of {' and '.join(stopped)} go on"


def carry_all(scene: Scene) -> str:
    """Until every rollout has come to its end."""
    calls = _carry(scene, lambda: _all_done(scene), ALL_SECONDS)
    return f"six rollouts are done ({calls} runs of RolloutCarrier)"


def everybody_has_new(scene: Scene) -> str:
    """Every flag says so, and every answer."""
    percents = _percents(scene)
    below = [name for name in COMPONENT_FLAGS.values() if percents[name] != 100]
    require(not below, f"not at 100 %: {', '.join(below)}")
    for resident in scene.people.quiet:
        arrives(partial(_has, scene, resident, NEW), POLLED_SECONDS, lambda: "the old backend answers")
    return f"six flags at 100 %, {len(scene.people.quiet)} people have looked at the new table"


def _has(scene: Scene, resident: Resident, backend: str) -> bool:
    return scene.people.look(resident) == backend


def _carry(scene: Scene, is_there: Callable[[], bool], seconds: float, *, must: bool = True) -> int:
    """Call the function that carries rollouts until a condition holds; how often."""
    calls = [0]

    def carried() -> bool:
        if is_there():
            return True
        scene.people.check()
        scene.operator.call("RolloutCarrier")
        calls[0] += 1
        time.sleep(PAUSE_SECONDS)
        return False

    def why() -> str:
        waits = [f"{each['component']}: {each['seen']['text']}" for each in _all(scene) if each["seen"]]
        return "; ".join(waits) or "nobody says why"

    if must:
        arrives(carried, seconds, why)
    else:
        deadline = time.monotonic() + seconds
        while not carried() and time.monotonic() < deadline:
            pass
    return calls[0]


def _status(scene: Scene, component: Component) -> Any:
    return scene.look(f"/ops/rollouts/{component}")


def _all(scene: Scene) -> Any:
    return scene.look("/ops/rollouts")["rollouts"]


def _percents(scene: Scene) -> dict[str, Any]:
    return {flag["name"]: flag.get("rolloutPercent") for flag in scene.look("/ops/flags")["flags"]}


def _all_done(scene: Scene) -> bool:
    """Raises OperatorError where one has stopped: nobody expects that."""
    found = _all(scene)
    stopped = [f"{each['component']}: {each['reason']}" for each in found if each["state"] == "stopped"]
    require(not stopped, f"stopped by itself: {'; '.join(stopped)}")
    return all(each["state"] == "done" for each in found)


def _percent(status: Any) -> float:
    return -1.0 if status["step"] is None else float(status["step"]["percent"])


def _is_rise(change: Any) -> bool:
    """Whether a change let more people in; test users alone ask for no gate."""
    return any(
        after.get("rolloutPercent", 0) > ((change["before"].get(name) or {}).get("rolloutPercent") or 0)
        for name, after in change["after"].items()
    )


def _is_in(resident: Resident, percent: int) -> bool:
    return bucket(COMPONENT_FLAGS[CANARY], resident.person.name) < percent * BUCKETS // 100


def _open_fingerprints(report: Any) -> list[str]:
    return [each["fingerprint"] for each in report["differences"] if each["open"]]
