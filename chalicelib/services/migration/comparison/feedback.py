"""Takes what people say looks wrong; ``runs`` compares it next."""

from math import ceil

from chalicelib.domain.errors import TooManyError
from chalicelib.domain.migration.records.feedback import Feedback, FeedbackLog
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.ports.outside import Clock
from chalicelib.domain.readings import DAY_MS

A_DAY = 50  # of one person, so that nobody fills the runs of the comparer


class FeedbackService:
    """Keeps feedback of people."""

    def __init__(self, log: FeedbackLog, pseudonyms: Pseudonyms, clock: Clock) -> None:
        self._log = log
        self._pseudonyms = pseudonyms
        self._clock = clock

    def give(self, user_id: str, feedback: Feedback) -> str:
        """Keep it; returns its id.

        Raises:
            TooManyError: this person has given as much within a day as one may.
            UnavailableError
        """
        now = self._clock()
        earlier = self._log.latest_of(user_id, A_DAY)
        if earlier is not None and (left := earlier + DAY_MS - now) > 0:
            raise TooManyError(
                f"you have given feedback {A_DAY} times within a day: try again later", ceil(left / 1000)
            )
        return self._log.add(user_id, feedback, self._pseudonyms.of("user", user_id), now)
