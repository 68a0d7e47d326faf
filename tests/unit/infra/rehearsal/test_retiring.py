"""The rehearsal's checks at the end of the old backend."""

from collections.abc import Mapping
from typing import Any

import pytest

from infra.drills.api import Reply, Sent, Transport
from infra.errors import OperatorError
from infra.local.layout import Layout, Ports
from infra.rehearsal import retiring
from infra.rehearsal.operator import Operator, Said
from infra.rehearsal.scene import Scene

NOWHERE = Layout("nowhere", Ports())
PRINTED = """│ without tests │ 60,000 │ 36,000 │ -40.0 │
by deletions, named lines and a patch of 41 changed lines
tests that are left: 3,000 in tests/unit, 900 in tests/functional
All checks passed!
make check is green there
"""


class Answering(Operator):
    """An operator whose commands say what is given, by their first words, or break off with it."""

    def __init__(self, **said: Any) -> None:
        super().__init__(NOWHERE)
        object.__setattr__(self, "given", said)

    given: Mapping[str, Any]

    def infra(self, *arguments: str, known: Any = (0,)) -> Said:
        found = self.given["_".join(arguments[:2])]
        if isinstance(found, Exception):
            raise found
        code, body = found
        assert code in known
        return Said(code, body, "")

    def alone(self, *arguments: str) -> str:
        return str(self.given["_".join(arguments[:2])])


class Retiring(Scene):
    """A scene with that operator, where version 1 answers a status."""

    def __init__(self, v1: int = 200, **said: Any) -> None:
        super().__init__(NOWHERE)
        self._v1, self._said = v1, said

    @property
    def operator(self) -> Operator:
        return Answering(**self._said)

    @property
    def transport(self) -> Transport:
        def answered(_sent: Sent) -> Reply:
            return Reply(self._v1, None, b"[]")

        return answered


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retiring, "PAUSE_SECONDS", 0)


OWN_CALLS = OperatorError("our own page or components still call: the page calls GET /v1/energy; first: retire check")


def test_a_brown_out_that_is_refused_because_of_our_own_page_is_withheld() -> None:
    assert retiring.brown_out_withheld(Retiring(retire_brownout=OWN_CALLS)) == "refused while our own page calls"


def test_a_brown_out_that_is_accepted_though_our_page_calls_is_noticed() -> None:
    with pytest.raises(OperatorError, match="a brown-out is planned though our own page still calls"):
        retiring.brown_out_withheld(Retiring(retire_brownout=(0, {})))


def test_a_brown_out_that_is_refused_because_of_the_old_backend_does_not_prove_that_the_page_is_seen() -> None:
    refused = OperatorError("our own page or components still call: the old backend answers dashboard")
    with pytest.raises(OperatorError, match="not because our own page calls"):
        retiring.brown_out_withheld(Retiring(retire_brownout=refused))


def test_a_brown_out_that_is_refused_for_something_else_is_not_taken_for_withheld() -> None:
    with pytest.raises(OperatorError, match=r"^the stack is down$"):
        retiring.brown_out_withheld(Retiring(retire_brownout=OperatorError("the stack is down")))


CLEAN = {"mode_show": (0, {"mode": "new_only"}), "retire_check": (0, [])}


def test_who_has_left_in_order_has_left() -> None:
    assert "nothing blocked it" in retiring.left(Retiring(410, **CLEAN))


@pytest.mark.parametrize(
    ("v1", "otherwise", "says"),
    [
        (410, {"mode_show": (0, {"mode": "dual_write"})}, "the mode is dual_write"),
        (410, {"retire_check": (1, [{"text": "the sunset is not reached"}])}, "the sunset is not reached"),
        (200, {}, "version 1 still answers"),
    ],
)
def test_who_has_not_left_in_order_is_noticed(v1: int, otherwise: dict[str, Any], says: str) -> None:
    with pytest.raises(OperatorError, match=says):
        retiring.left(Retiring(v1, **(CLEAN | otherwise)))


def test_the_removal_is_shown_by_what_it_counted() -> None:
    assert retiring.rehearse_removal(Retiring(retire_rehearse=PRINTED)) == (
        "make check is green without the old backend; without tests 60,000 lines, then 36,000 (-40.0 %); "
        "by deletions, named lines and a patch of 41 changed lines; "
        "tests that are left: 3,000 in tests/unit, 900 in tests/functional"
    )
