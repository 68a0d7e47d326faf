"""Steps that the gate asks for before anybody is moved: everybody's views compared, the way back rehearsed."""

from typing import Any

from chalicelib.domain.backends.component import Component
from infra.errors import OperatorError
from infra.rehearsal.scene import REASON, Scene, arrives, require

WHOLE = ("finished", "not due")
EVIDENCE = "evidence"
CENSUS_SECONDS = 300.0
COMPARED_SECONDS = 20.0
OPEN_SECONDS = 60.0
COMPARING = ("BackendComparer", "CensusTaker")


def begin_drill(scene: Scene) -> str:
    """The rehearsal of the way back, beside everything else that comes before its end."""
    scene.drill = scene.operator.begin("drill", "rollback", "--writes", "20", "--moves", "1")
    scene.ends_with(scene.drill.end)
    return "on a stack of its own, beside what follows"


def take_census(scene: Scene) -> str:
    """Everybody's views asked of both backends; the function's next runs are called, not waited for."""
    taken: list[Any] = []

    def is_whole() -> bool:
        taken.append(scene.operator.call("CensusTaker"))
        return taken[-1]["state"] in WHOLE

    arrives(is_whole, CENSUS_SECONDS, lambda: f"the census is {taken[-1]}")
    return f"everybody's views are compared, after {len(taken)} runs (called, instead of each 3 minutes)"


def everybody_was_compared(scene: Scene) -> str:
    """The gate has what it asks for: everybody's views of every component, equal."""
    found: list[Any] = []

    def all_hold() -> bool:
        verdicts = [scene.look(f"/ops/gate/{component}") for component in Component]
        found[:] = [each for verdict in verdicts for each in verdict["conditions"] if each["name"] == EVIDENCE]
        return all(each["holds"] for each in found)

    arrives(all_hold, COMPARED_SECONDS, lambda: "; ".join(dict.fromkeys(each["text"] for each in found)))
    return f"{sum(each['n'] for each in found)} views are equal on both backends"


def compare_nothing(scene: Scene) -> str:
    """Nobody calls the functions that compare."""
    return f"nobody compares the backends of {scene.layout.name}"


def end_drill(scene: Scene) -> str:
    """What the rehearsal of the way back has shown."""
    if scene.drill is None:
        raise OperatorError("the way back is not being rehearsed")
    made = scene.drill.said((0, 1)).body
    require(made["passed"], f"the rehearsal of the way back has not passed: {made}")
    require(made["notRecorded"] is None, f"it is not recorded: {made['notRecorded']}")
    drill, control = made["drill"], made["control"]
    return (
        f"{drill['lost']} of {drill['writes']} writes lost on the way back; "
        f"without dual write {control['lost']} of {control['writes']}"
    )


def rehearse_nothing(scene: Scene) -> str:
    """Nobody rehearses the way back."""
    return f"nobody rehearses the way back of {scene.layout.name}"


def gate_is_open(scene: Scene) -> str:
    """Check that the gate is open for every component, because of everything before."""
    shut: list[str] = []

    def all_hold() -> bool:
        found = scene.operator.infra("gate", "show", "--all", known=(0, 1))
        shut[:] = [
            f"{verdict['component']}: {condition['text']}"
            for verdict in found.body
            for condition in verdict["conditions"]
            if not condition["holds"]
        ]
        return found.code == 0

    arrives(all_hold, OPEN_SECONDS, lambda: f"the gate is shut: {'; '.join(shut)}")
    return "open for all six components"


def open_global_gate(scene: Scene) -> str:
    """Flags decide from now on; each is at 0 %."""
    scene.operator.infra("flags", "set", "global", "--on", "--reason", REASON)
    return "flags decide, each is off"


def ask_nobody(scene: Scene) -> str:
    """Nobody asks the gate."""
    return f"nobody asks the gate of {scene.layout.name}"
