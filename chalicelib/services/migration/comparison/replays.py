"""Finds reads that showed a difference before, to ask them again: their users are known by pseudonyms only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chalicelib.domain.errors import ComparisonError
from chalicelib.domain.migration.records.comparison_log import ComparisonLog, Example, Request
from chalicelib.domain.migration.records.feedback import FeedbackLog
from chalicelib.domain.migration.records.flag_history import KnownUsers
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.monitoring.trace import trace_id

AT_ONCE = 20  # reads that are asked again where nobody says how many
MOST = 10_000  # that one replay asks


@dataclass(frozen=True, slots=True)
class Recalled:
    """The reads behind a fingerprint, as requests; how many are ``lost``, and how many the limit leaves ``unasked``."""

    requests: Sequence[Request]
    lost: int
    unasked: int


class ComparisonMemory:
    """Finds the reads behind a fingerprint."""

    def __init__(self, log: ComparisonLog, feedback: FeedbackLog, users: KnownUsers, pseudonyms: Pseudonyms) -> None:
        self._log = log
        self._feedback = feedback
        self._users = users
        self._pseudonyms = pseudonyms

    def check_seen(self, fingerprint: str) -> None:
        """Raise ComparisonError where nobody has seen it."""
        if not self._log.has_seen(fingerprint):
            raise _unseen(fingerprint)

    def requests(self, fingerprint: str, most: int) -> Recalled:
        """Find them as requests. Raises ComparisonError: nobody has seen it, or nothing can be asked again."""
        found = self._log.examples(fingerprint, most)
        if not found.count:
            raise _unseen(fingerprint)
        requests = list(self._requests(found.latest))
        if not requests:
            reason = "is not kept any more, or the key for pseudonyms is another"
            raise ComparisonError(f"what showed {fingerprint} {reason}; ask again: python -m infra compare run --all")
        seen = len(found.latest)
        return Recalled(requests, seen - len(requests), found.count - seen)

    def _requests(self, examples: Sequence[Example]) -> Iterator[Request]:
        on_demand = any(example.parameters is not None for example in examples)
        users = self._by_pseudonym() if on_demand else {}
        for example in examples:
            if request := self._kept(example):
                yield request
            elif example.parameters is not None and example.user in users:
                yield Request(example.component, users[example.user], example.parameters, trace_id=trace_id())

    def _kept(self, example: Example) -> Request | None:
        """What somebody has asked, or said to look wrong, while that is kept."""
        if example.usage is not None:
            return self._log.request(example.usage)
        return None if example.feedback is None else self._feedback.request(example.feedback)

    def _by_pseudonym(self) -> dict[str, str]:
        return {self._pseudonyms.of("user", user_id): user_id for user_id in self._users.known_users()}


def _unseen(fingerprint: str) -> ComparisonError:
    return ComparisonError(f"no difference {fingerprint!r} is kept; python -m infra compare report lists them")
