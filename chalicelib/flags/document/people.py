"""Taking one person out of a flag document: test users, blocked and exact users are the lists that name people."""

import json
from dataclasses import replace
from typing import Any

from chalicelib.domain.people.ids import names
from chalicelib.flags.document.flag import EVERYBODY, NOBODY, Flag
from chalicelib.flags.document.flag_document import FlagDocument, MalformedDocumentError, read, written
from chalicelib.flags.document.names import FLAGS


def entries_of(content: bytes, user_id: str) -> int:
    """How often the flags of a document name a person, those included that cannot be read.

    Raises MalformedDocumentError for a document that nobody can read.
    """
    read(content)
    features = json.loads(content)
    return sum(_count(features[name], user_id) for name in FLAGS if name in features)


def is_named_in(content: bytes, user_id: str) -> bool:
    """Whether a stored document names a person: in its flags, or anywhere in what is not ours, readable or not."""
    try:
        features = json.loads(content)
    except (ValueError, RecursionError):
        return names(content.decode(errors="replace"), user_id)
    if not isinstance(features, dict):
        return names(features, user_id)
    others = [feature for name, feature in features.items() if name not in FLAGS]
    return any(_count(features[name], user_id) for name in FLAGS if name in features) or names(others, user_id)


def without_person(document: FlagDocument, user_id: str) -> FlagDocument:
    """Take a person out of all lists of a document, retired flags included; other people stay.

    Who was blocked is like everybody else then: the percentage decides.
    """
    return replace(document, flags={name: _without(flag, user_id) for name, flag in document.flags.items()})


def content_without(content: bytes, user_id: str) -> bytes | None:
    """A stored document without the person; unchanged, byte for byte, where nothing names them.

    None: it names them, and cannot be written again.
    """
    try:
        document = read(content)
    except MalformedDocumentError:
        return None
    if not entries_of(content, user_id):
        return content
    return None if document.malformed else written(without_person(document, user_id))


def _without(flag: Flag, user_id: str) -> Flag:
    """An exact list that is empty then is 0 %, or at 100 % no list: everybody is in already."""
    exact = None if flag.exact_user_ids is None else _others(flag.exact_user_ids, user_id)
    was_last = flag.exact_user_ids is not None and not exact and flag.rollout_percent != EVERYBODY
    return replace(
        flag,
        test_user_ids=_others(flag.test_user_ids, user_id),
        blocked_user_ids=_others(flag.blocked_user_ids, user_id),
        exact_user_ids=exact or None,
        rollout_percent=NOBODY if was_last else flag.rollout_percent,
    )


def _others(users: tuple[str, ...], user_id: str) -> tuple[str, ...]:
    return tuple(other for other in users if other != user_id)


def _count(value: Any, user_id: str) -> int:
    """People are in lists: what else a flag says are words of its own, such as the component that it is of."""
    if isinstance(value, dict):
        return sum(_count(item, user_id) for item in value.values())
    if not isinstance(value, list):
        return 0
    return sum(int(item == user_id) or _count(item, user_id) for item in value)
