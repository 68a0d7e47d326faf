"""Checks of a new flag document against the one before it, beyond its form (``feature_models``)."""

from collections.abc import Iterable

from chalicelib.domain.errors import RolloutError
from chalicelib.flags.document.flag import EVERYBODY, Flag
from chalicelib.flags.document.flag_document import FlagDocument, read, written
from chalicelib.flags.document.names import GLOBAL


def check_form(document: FlagDocument) -> bytes:
    """The document as it will be deployed, read back flag by flag. Raises RolloutError where that says something else.

    The form is the one that AppConfig's validator checks: percentages in range, salts that are the flags' names.
    """
    content = written(document)
    found = read(content)
    if found.flags != document.flags:
        raise RolloutError(f"the flag document would not say what was meant: {found.malformed or 'flags differ'}")
    return content


def check_names(before: FlagDocument, after: FlagDocument) -> None:
    """Names do not vanish, and a retired one stays retired. Raises RolloutError."""
    if gone := {*before.flags, *before.malformed, *before.unknown} - {*after.flags, *after.unknown}:
        raise RolloutError(
            f"{', '.join(sorted(gone))}: a flag is retired, not left out, so that its name is remembered"
        )
    if back := before.retired - after.retired:
        raise RolloutError(f"{', '.join(sorted(back))}: retired, the name is never used again")


def rises(before: Flag, after: Flag) -> bool:
    """Whether anybody may get the new backend after a change who did not before, as far as this flag goes."""
    if after.name == GLOBAL:
        return after.enabled and not before.enabled
    if not (after.rollout_percent or after.test_user_ids):
        return False
    return (
        (after.enabled and not before.enabled)
        or after.rollout_percent > before.rollout_percent
        or _written_again(before, after)
        or not set(after.test_user_ids) <= set(before.test_user_ids)
        or not set(before.blocked_user_ids) <= set(after.blocked_user_ids)
    )


def widens(before: Flag, after: Flag) -> bool:
    """Whether the percentage lets anybody in who was not in before; test users and unblocked people do not count."""
    if after.name == GLOBAL or not (after.enabled and after.rollout_percent):
        return False
    return not before.enabled or after.rollout_percent > before.rollout_percent or _written_again(before, after)


def opens(flags: Iterable[Flag], before: Flag, after: Flag) -> list[Flag]:
    """The flags that let people in by their percentages when the global gate is opened before them."""
    if after.name != GLOBAL or not after.enabled or before.enabled:
        return []
    return [flag for flag in flags if flag.name != GLOBAL and flag.enabled and flag.rollout_percent]


def _written_again(before: Flag, after: Flag) -> bool:
    """Whether somebody is written down who was not in; at 100 % everybody was."""
    if before.exact_user_ids is None or before.rollout_percent == EVERYBODY:
        return False
    return not set(after.exact_user_ids or ()) <= set(before.exact_user_ids)
