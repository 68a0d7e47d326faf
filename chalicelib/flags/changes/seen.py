"""The adapter by which the status reads flags."""

from chalicelib.domain.migration.status.flags import FlagSeen, FlagsSeen
from chalicelib.flags.changes.inspect import Listing
from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.names import COMPONENT_FLAGS, GLOBAL
from chalicelib.flags.document.shape import shape_of

MISSING = "the document has no such flag"


def flags_seen(listing: Listing) -> FlagsSeen:
    """The deployed flags. A missing flag counts like one that nobody can read: it decides nothing."""
    flags = listing.document.flags
    gate = flags.get(GLOBAL)
    return FlagsSeen(
        version=listing.document.version,
        in_use=listing.in_use,
        global_enabled=bool(gate and gate.enabled),
        overruled=listing.overruled,
        flags={component: _seen(flags[name]) for component, name in COMPONENT_FLAGS.items() if name in flags},
        malformed={
            component: _problem(listing, name) for component, name in COMPONENT_FLAGS.items() if name not in flags
        },
        shape=shape_of(listing.document),
    )


def _problem(listing: Listing, name: str) -> str:
    problems = listing.malformed
    return problems.get(name) or problems.get("document") or MISSING


def _seen(flag: Flag) -> FlagSeen:
    return FlagSeen(
        name=flag.name,
        enabled=flag.enabled,
        percent=flag.rollout_percent,
        exact=flag.exact_user_ids is not None,
        test_users=len(flag.test_user_ids),
        blocked_users=len(flag.blocked_user_ids),
        retired=flag.retired,
    )
