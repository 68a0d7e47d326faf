"""Steps of a rehearsal from an inherited collection to two equal sides and an open gate."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

from rich.console import Console

from chalicelib.repositories.control import SYNC_MODE
from chalicelib.repositories.database import Collections
from infra.drills.api import Sent
from infra.drills.writing import fill_form
from infra.local import laptop
from infra.local.demo import old_energies
from infra.local.processes import mongod
from infra.local.processes.supervision import Supervisor
from infra.local.waiting import wait_until
from infra.rehearsal.people import DEFECTIVE, FIRST_NUMBER, READINGS
from infra.rehearsal.scene import HOUSEHOLDS, REASON, Scene, arrives, require

LATE_NUMBER = HOUSEHOLDS - 1
LATE_DATE = old_energies.FIRST + timedelta(days=1_000)
LATE_AMOUNT = 4_000
LATE_SECONDS = 20.0  # less than the server lets a transaction live (30 s on the laptop), and than the drain (46 s)
LATE_LEDGER = Decimal(LATE_AMOUNT)
FIRST_WRITES = 3
WRITES_ON_ONE_SIDE = 9
CAUGHT_UP_SECONDS = 150.0  # the sweeper comes each minute, for what has lagged for 30 s
EVENT_SECONDS = 8.0  # an event needs less than one, the sweeper waits for 30
CREATED_RULE = "EnergyReadingCreatedRule"


def inherit(scene: Scene) -> str:
    """A server with the collection of an old application, defects included."""
    piece = mongod.piece(scene.layout.folder / "mongod", scene.layout.ports.mongodb)
    Supervisor(scene.layout.folder).start(piece)
    count = old_energies.fill(scene.database, HOUSEHOLDS, READINGS, DEFECTIVE)
    return f"{count:,} documents of {HOUSEHOLDS} households in energies, {DEFECTIVE * old_energies.DEFECTS} defective"


def create(scene: Scene) -> str:
    """Migration 001: first what it would do, then that."""
    scene.operator.migrations("up")
    done = scene.operator.migrations("up", "--execute").body
    require(done["scripts"] == ["001_create_display_collection"], f"applied {done['scripts']}, and 001 was expected")
    reasons = scene.database[Collections.QUARANTINE].distinct("reasons")
    require(reasons, "no defect of energies is in quarantine")
    return f"001 is applied, 002 waits; in quarantine: {', '.join(sorted(map(str, reasons)))}"


def deploy(scene: Scene) -> str:
    """The new application in place of the old one; nothing has moved yet."""
    laptop.up(scene.layout, Console(stderr=True, quiet=True), demo=False)
    mode = scene.operator.infra("mode", "show").body["mode"]
    require(mode == "old_only", f"the mode is {mode} before anything has moved")
    return f"deployed, the mode is {mode}, everybody has the old backend"


def deploy_without(*functions: str) -> Callable[[Scene], str]:
    """Deploy, but the schedules of these functions call nobody."""

    def act(scene: Scene) -> str:
        shown = deploy(scene)
        for function in functions:
            scene.operator.unschedule(function)
        return f"{shown}; no schedule calls {' and '.join(functions)}"

    return act


def move_in(scene: Scene) -> str:
    """People begin to read and write; beside them the way back is rehearsed on a stack of its own."""
    people = scene.people
    scene.ends_with(people.end)
    people.begin()
    _let_them_write(scene, FIRST_WRITES)
    return f"{len(people.active)} people read and write, each every two seconds, one of them by version 1 as well"


def write_twice(scene: Scene) -> str:
    """Dual write; a write that began before it commits after the change, as slow ones do."""
    hold_a_write(scene)
    scene.operator.infra("mode", "set", "dual_write", "--reason", REASON, "--wait")
    return _mode_shown(scene)


def write_twice_undrained(scene: Scene) -> str:
    """Write to both sides as an operator who does not wait, and has made the drain one second long."""
    hold_a_write(scene)
    scene.operator.infra("mode", "set", "dual_write", "--reason", REASON)
    scene.database[Collections.CONTROL].update_one({"_id": SYNC_MODE}, {"$set": {"fullDrainSeconds": 1}})
    scene.operator.infra("sync")
    return _mode_shown(scene)


def hold_a_write(scene: Scene) -> None:
    """Begin a transaction of the mode before, which commits later; ``scene.late`` waits for it."""
    began, thread = threading.Event(), ThreadPoolExecutor(1)
    writing = thread.submit(_write_slowly, scene, began)
    scene.ends_with(thread.shutdown)
    require(began.wait(LATE_SECONDS), "the write that is to be late has not begun")
    scene.late = writing.result
    scene.people.residents[LATE_NUMBER].person.content[LATE_DATE] = LATE_LEDGER


def backfill(scene: Scene) -> str:
    """Migration 002, and those that waited behind it."""
    done = scene.operator.migrations("up", "--execute").body
    require(done["waiting"] is None, f"a script waits: {done['waiting']}")
    require("002_backfill_display_data" in done["scripts"], f"002 was not applied, only {done['scripts']}")
    meters = scene.database[Collections.METERS].count_documents({})
    return f"002 and {len(done['scripts']) - 1} more scripts are applied, {meters} meters"


def backfill_then_write_once(scene: Scene) -> str:
    """Somebody thinks that after the backfill dual write is not needed any more, and people write meanwhile."""
    shown = backfill(scene)
    mode = scene.database[Collections.CONTROL]
    mode.update_one({"_id": SYNC_MODE}, {"$set": {"mode": "old_only"}})
    _let_them_write(scene, WRITES_ON_ONE_SIDE)
    mode.update_one({"_id": SYNC_MODE}, {"$set": {"mode": "dual_write"}})
    return f"{shown}; for {WRITES_ON_ONE_SIDE} writes the mode was old_only"


def verify(scene: Scene) -> str:
    """Every reading of both sides, and every figure."""
    if scene.late is not None:
        scene.late()
    found = scene.operator.infra("verify", known=(0, 1)).body
    require(found["differences"] == 0, f"verify finds differences ({found['differences']}): {found['kinds']}")
    return f"{found['meters']} meters compared, no difference"


def skip_verify(scene: Scene) -> str:
    """Nobody compares."""
    return f"nobody has compared the sides in {scene.layout.name}"


def verified(scene: Scene) -> str:
    """Whether somebody has compared both sides in this mode and found them equal."""
    last = scene.operator.infra("verify", "--last").body
    require(last and last.get("at"), "the data were never verified")
    require(last["differences"] == 0, f"the last verify found differences: {last['differences']}")
    return "the last comparison of all meters found no difference"


def lose_event(scene: Scene) -> str:
    """Lose the event of a new reading."""
    stranger = scene.people.quiet[0].person
    scene.operator.switch_off(CREATED_RULE)
    fill_form(scene.people.api, stranger, FIRST_NUMBER)
    arrived = wait_until(lambda: not _is_stale(scene, stranger.name), EVENT_SECONDS)
    require(not arrived, "the event was not lost: the figures have the reading already")
    scene.operator.switch_on(CREATED_RULE)
    return f"{stranger.name} has a reading that no figure shows yet"


def lose_event_unswept(scene: Scene) -> str:
    """Lose an event, with the function that would find it switched off."""
    scene.operator.unschedule("Sweeper")
    return lose_event(scene)


def caught_up(scene: Scene) -> str:
    """The figures have every reading, whatever became of its event."""
    user = scene.people.quiet[0].person.name
    arrives(lambda: not _is_stale(scene, user), CAUGHT_UP_SECONDS, lambda: f"the figures of {user} are still old")
    return "the figures have it: the sweeper has looked, by its own schedule"


def _let_them_write(scene: Scene, more: int) -> None:
    people = scene.people
    enough = people.writes() + more

    def enough_are_written() -> bool:
        people.check()
        return people.writes() >= enough

    arrives(enough_are_written, 120, lambda: f"people have written {people.writes()} readings of {enough}")


def _write_slowly(scene: Scene, began: threading.Event) -> None:
    """As a request that has read the mode and is slow: its reading is there when it commits."""
    row = old_energies.reading(old_energies.user_name(LATE_NUMBER), "power", LATE_DATE, float(LATE_AMOUNT))
    with scene.database.client.start_session() as session, session.start_transaction():
        scene.database[Collections.ENERGIES].insert_one(row, session=session)
        began.set()
        time.sleep(LATE_SECONDS)


def _mode_shown(scene: Scene) -> str:
    shown = scene.operator.infra("mode", "show").body
    require(shown["mode"] == "dual_write", f"the mode is {shown['mode']}")
    require(not shown["drainSeconds"], f"the drain takes {shown['drainSeconds']} s more")
    require(shown["catchingUp"] is None, f"the {shown['catchingUp']} side is not caught up with yet")
    return "every write goes to both sides, and no write of before can come any more"


def _is_stale(scene: Scene, user: str) -> bool:
    shown = scene.get(Sent("GET", "/v2/display?type=power&dataType=histogram", user))
    return bool(shown["meta"]["stale"])
