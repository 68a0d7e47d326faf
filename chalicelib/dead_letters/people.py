"""A person's dead letters, taken away when the account ends."""

from collections.abc import Callable
from typing import Any

from typing_extensions import override

from chalicelib.dead_letters.client import answering
from chalicelib.dead_letters.queue import LetterQueue
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.people.account import KeepsLate, KeepsPeople, Left
from chalicelib.domain.people.ids import names, said_in


class DeadLetters(KeepsPeople, KeepsLate):
    """The queue as a place that may hold a person's id."""

    def __init__(self, queue: LetterQueue) -> None:
        self._queue = queue

    @property
    @override
    def name(self) -> str:
        return "dead letters"

    @override
    def forget(self, user_id: str, left: Left) -> int:
        """Delete the letters that name the person: in the event, or in what the function said about it.

        Raises:
            UnavailableError: SQS did not answer, there are more letters than a run can look at, or somebody else looks
                at some just now.
        """
        with answering():
            hidden = self._queue.held_by_others()
            deleted = self._deleted(lambda message: names(message, user_id), left)
        if hidden:
            raise UnavailableError(
                f"somebody looks at {hidden} dead letters just now, which may name the person; the next run looks again"
            )
        return deleted

    @override
    def forget_late(self, is_erased: Callable[[str], bool], left: Left) -> int:
        """Take away letters of every id of which ``is_erased`` holds; the next run finds those looked at now."""
        with answering():
            return self._deleted(lambda message: any(map(is_erased, said_in(message))), left)

    def _deleted(self, is_theirs: Callable[[Any], bool], left: Left) -> int:
        deleted = 0
        with self._queue.rounds() as rounds:
            for letters in rounds:
                for letter in letters:
                    if is_theirs(letter.message):
                        self._queue.delete(letter)
                        deleted += 1
                if letters and not left():
                    raise UnavailableError(
                        "the dead-letter queue was not looked through in time; the next run looks again; mend what its "
                        "letters say: python -m infra dlq ls"
                    )
        return deleted
