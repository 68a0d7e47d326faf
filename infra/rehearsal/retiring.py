"""Steps that end the old backend: announcement, brown-out, check for blockers, new_only, removal."""

import time
from datetime import UTC, datetime, timedelta

from infra.drills.api import Reply, Sent
from infra.errors import OperatorError
from infra.rehearsal.people import ledger_shown
from infra.rehearsal.scene import REASON, Scene, arrives, require

SUNSET_IN = timedelta(minutes=30)
SUNSET_SOON = timedelta(seconds=30)  # a command may take some of them to start
SUNSET_SECONDS = 90.0
BROWN_OUT = "30s"
SEEN_SECONDS = 45.0  # version 1 reads the calendar every ten seconds
QUIET_SECONDS = 120.0  # our own page must have been quiet for 30 s, in a rehearsal
CHECKED_SECONDS = 120.0
PAUSE_SECONDS = 1.0
PAGE = {"Sec-Fetch-Site": "same-origin", "User-Agent": "Mozilla/5.0"}  # what a browser says where our own page asks
SHOWN = ("without tests", "by deletions", "tests that are left")  # of what the removal prints
BOX, COLUMNS = "│", 4  # of the table that it prints
BY_PAGE = "the page calls"  # in the reason of a refusal
NOW_FOR_ALL = ("--days", "0", "--quiet-days", "0")  # what real callers get weeks for
BY_WORKERS = ("--fan-out", "4")


def announce(scene: Scene) -> str:
    """The end of version 1, by headers; the program that still used it moves to version 2."""
    sunset = _in(SUNSET_IN)
    scene.operator.infra("retire", "announce", "--sunset", sunset, "--rehearsal", "--reason", REASON)
    answers: list[Reply] = []  # of several processes, of which each reads the calendar when it is due

    def is_said() -> bool:
        answers.append(_call(scene))
        return "sunset" in answers[-1].headers

    arrives(is_said, SEEN_SECONDS, lambda: "no header of version 1 says its end")
    said = answers[-1]
    require(said.status == 200, f"version 1 answers {said.status} though its end is only announced")
    scene.people.leave_v1()
    require("deprecation" in said.headers and "link" in said.headers, "version 1 says no Deprecation, or no Link")
    return "version 1 says by headers when it ends"


def page_calls(scene: Scene) -> str:
    """An old tab of our own page still asks version 1, when nothing else of our own needs it any more."""
    _wait_for_quiet(scene)
    return f"it gets {_call(scene, by_page=True).status}, as before"


def page_calls_unseen(scene: Scene) -> str:
    """Call like the page, by a browser that does not say who asks: our own page looks like anybody else."""
    _wait_for_quiet(scene)
    return f"it gets {_call(scene).status}, and looks like anybody else"


def brown_out_withheld(scene: Scene) -> str:
    """While something of our own calls, no brown-out may be planned."""
    refused = _refusal(scene)
    require(refused is not None, "a brown-out is planned though our own page still calls version 1")
    require(BY_PAGE in str(refused), f"it is refused, but not because our own page calls: {refused}")
    return "refused while our own page calls"


def hold_brown_out(scene: Scene) -> str:
    """Plan one for now, once nothing of our own calls any more; who calls meanwhile gets 410."""
    arrives(lambda: _refusal(scene) is None, QUIET_SECONDS, lambda: "it is refused, though the page is quiet")
    arrives(lambda: _call(scene).status == 410, SEEN_SECONDS, lambda: f"version 1 answers {_call(scene).status}")
    said = _call(scene).headers
    require("no-store" in said.get("cache-control", ""), "the answer of a brown-out may be kept by caches")
    require("problem+json" in said.get("content-type", ""), "the answer of a brown-out is no problem of RFC 9457")
    arrives(lambda: _call(scene).status == 200, 60 + SEEN_SECONDS, lambda: f"{_call(scene).status} after its end")
    return f"410 for {BROWN_OUT}, then 200 again; version 2 and the page have not noticed"


def reach_sunset(scene: Scene) -> str:
    """The end comes earlier than announced: there is nobody who waits. Then 410 for good."""
    scene.operator.infra("retire", "announce", "--sunset", _in(SUNSET_SOON), "--yes", "--rehearsal", "--reason", REASON)
    arrives(lambda: _call(scene).status == 410, SUNSET_SECONDS, lambda: f"version 1 answers {_call(scene).status}")
    return "version 1 answers 410 for good"


def reach_no_sunset(scene: Scene) -> str:
    """Nobody waits for the end that was announced."""
    return f"version 1 still answers {_call(scene).status}"


def check(scene: Scene) -> str:
    """Nothing blocks the end any more."""
    blockers: list[str] = []

    def is_clean() -> bool:
        found = scene.operator.infra("retire", "check", *NOW_FOR_ALL, known=(0, 1))
        blockers[:] = [each["text"] for each in found.body]
        return found.code == 0

    arrives(is_clean, CHECKED_SECONDS, lambda: "; ".join(blockers))
    return "nothing blocks the end"


def check_nothing(scene: Scene) -> str:
    """Nobody looks."""
    return f"nobody asks what blocks the end in {scene.layout.name}"


def leave(scene: Scene) -> str:
    """Writes go to the new side alone."""
    scene.operator.infra("retire", "apply", *NOW_FOR_ALL, *BY_WORKERS, "--reason", REASON)
    return _left(scene)


def leave_by_force(scene: Scene) -> str:
    """The mode is set by an operator who overrides every blocker."""
    scene.operator.infra("mode", "set", "new_only", "--reason", REASON, "--wait")
    return _left(scene)


def left(scene: Scene) -> str:
    """The mode is new_only, nothing blocked it, and version 1 is over."""
    mode = scene.operator.infra("mode", "show").body["mode"]
    require(mode == "new_only", f"the mode is {mode}")
    found = scene.operator.infra("retire", "check", *NOW_FOR_ALL, known=(0, 1))
    require(found.code == 0, f"left in spite of blockers: {[each['text'] for each in found.body]}")
    require(_call(scene).status == 410, "version 1 still answers")
    return "the mode is new_only, and nothing blocked it"


def nothing_lost(scene: Scene) -> str:
    """Everything that was inherited and acknowledged is in version 2, for everybody."""
    people = scene.people
    people.end()
    people.check()
    lost = people.lost(lambda user: ledger_shown(scene.get, user))
    require(not lost, f"not as acknowledged: {', '.join(lost)}")
    answers = people.answers()
    return (
        f"{people.writes():,} acknowledged writes and {len(people.residents)} inherited households: "
        f"none lost, no answer wrong ({answers['old']:,} by the old backend, {answers['new']:,} by the new one)"
    )


def rehearse_removal(scene: Scene) -> str:
    """The old backend is taken out of a copy of the tree, which is then checked. It prints no JSON."""
    printed = scene.operator.alone("retire", "rehearse").splitlines()
    shown = [_counted(line) for line in printed if any(word in line for word in SHOWN)]
    return f"make check is green without the old backend; {'; '.join(shown)}"


def _counted(line: str) -> str:
    """A line of what is printed, or a row of its table as one."""
    cells = [cell.strip() for cell in line.strip(f"{BOX} ").split(BOX)]
    if len(cells) != COLUMNS:
        return line.strip()
    what, before, after, percent = cells
    return f"{what} {before} lines, then {after} ({percent} %)"


def _in(time_from_now: timedelta) -> str:
    return (datetime.now(UTC) + time_from_now).strftime("%Y-%m-%dT%H:%M:%SZ")


def _call(scene: Scene, *, by_page: bool = False) -> Reply:
    """Somebody asks version 1."""
    time.sleep(PAUSE_SECONDS)
    user = scene.people.quiet[-1].person.name
    reply = scene.transport(Sent("GET", "/v1/energy?type=power", user, headers=PAGE if by_page else {}))
    if reply is None:
        raise OperatorError("version 1 does not answer at all")
    return reply


def _wait_for_quiet(scene: Scene) -> None:
    """Until the old backend has answered no component for a while."""
    withheld: list[str | None] = []

    def is_quiet() -> bool:
        withheld.append(scene.operator.infra("retire", "show").body["withheld"])
        return withheld[-1] is None

    arrives(is_quiet, QUIET_SECONDS, lambda: str(withheld[-1]))


def _refusal(scene: Scene) -> str | None:
    """Why a brown-out that begins now is refused; None: it is planned. Raises OperatorError: nothing of ours calls."""
    try:
        scene.operator.infra("retire", "brownout", "add", "--from", "now", "--for", BROWN_OUT, "--reason", REASON)
    except OperatorError as refused:
        require("our own" in str(refused), str(refused))
        return str(refused)
    return None


def _left(scene: Scene) -> str:
    def drained() -> bool:
        time.sleep(PAUSE_SECONDS)
        return not scene.operator.infra("mode", "show").body["drainSeconds"]

    arrives(drained, 120, lambda: "the drain does not end")
    return "writes go to the new side alone, and none of before can come any more"
