"""Dead letters as operators see them over HTTP: people by their pseudonyms, everything that is done recorded."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib.dead_letters.client import answering
from chalicelib.dead_letters.letter import DeadLetter
from chalicelib.dead_letters.operated import DeadLetterQueue
from chalicelib.domain.errors import ConflictError
from chalicelib.domain.operating import Action, Done, OperatorActions
from chalicelib.domain.people.ids import people_of
from chalicelib.domain.readings import to_datetime
from chalicelib.monitoring.people import concerning, hidden_in

SHOWN = 100
LOOKED_THROUGH = 1_000  # letters, for the one that is asked for
ERROR_LENGTH = 300
Document = dict[str, Any]


class LetterCommands:
    """What the routes of dead letters do. Every method raises UnavailableError where nobody answers."""

    def __init__(self, queue: DeadLetterQueue, actions: OperatorActions) -> None:
        self._queue = queue
        self._actions = actions

    def listed(self) -> Document:
        """The first letters, the oldest first, and about how many there are, those included that somebody looks at."""
        with answering():
            count = self._queue.count()
            with self._queue.held(most=SHOWN) as letters:
                shown = [_line(letter) for letter in letters[:SHOWN]]
        return {"letters": shown, "count": max(count, len(shown)), "command": "python -m infra dlq ls"}

    def shown(self, letter_id: str) -> Document:
        """One letter with its event. Raises NotFoundError."""
        with self._held(letter_id) as letter:
            return _whole(letter)

    def redrive(self, letter_id: str, by: str, reason: str) -> Document:
        """Call the function again with what it failed on.

        Raises:
            InvalidInputError: there is no reason.
            NotFoundError: there is no such letter.
            ConflictError: Lambda does not take the event; the letter stays.
        """
        done = Done(Action.REDRIVE, by, reason, letter_id)
        with self._held(letter_id) as letter:
            self._actions.keep(done)
            if refusal := self._queue.redrive([letter]).get(letter_id):
                raise ConflictError(f"the letter stays: {hidden_in(refusal)}")
            return {"redriven": letter_id, "function": letter.function}

    def discard(self, letter_id: str, by: str, reason: str) -> Document:
        """Take a letter away for good; the collection discarded_events keeps it.

        Raises:
            InvalidInputError: there is no reason.
            NotFoundError: there is no such letter.
        """
        done = Done(Action.DISCARD, by, reason, letter_id)

        def record(letter: DeadLetter) -> None:
            self._actions.keep_discarded(letter.discarded(by, done.reason))
            self._actions.keep(done)

        with self._held(letter_id) as letter:
            self._queue.discard(letter, record)
            return {"discarded": letter_id, "function": letter.function}

    @contextmanager
    def _held(self, letter_id: str) -> Iterator[DeadLetter]:
        with answering(), self._queue.held(letter_id, LOOKED_THROUGH) as letters:
            concerning(*people_of(letters[0].message))
            yield letters[0]


def _line(letter: DeadLetter) -> Document:
    """What can be said of a letter in a line."""
    concerning(*people_of(letter.message))
    error = letter.error or letter.condition
    return {
        "id": letter.id,
        "at": to_datetime(letter.sent_at),
        "function": letter.function or None,
        "eventType": letter.event_type or None,
        "error": hidden_in(error)[:ERROR_LENGTH],
        "attempts": letter.attempts,
    }


def _whole(letter: DeadLetter) -> Document:
    """What is no record of Lambda's may name anybody anywhere, and is shown by the command alone."""
    return {
        **_line(letter),
        "error": hidden_in(letter.error or letter.condition),
        "event": hidden_in(letter.event),
        "command": f"python -m infra dlq show {letter.id}",
    }
