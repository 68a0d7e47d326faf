"""The flags as the status sees them; ``chalicelib.flags`` says what a flag is."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.figures import Share
from chalicelib.domain.migration.records.sample_ratio import mismatch


@dataclass(frozen=True, slots=True)
class FlagSeen:
    """The flag of one component. ``exact``: the percentage is a list of people."""

    name: str
    enabled: bool
    percent: Decimal
    exact: bool
    test_users: int
    blocked_users: int
    retired: bool


@dataclass(frozen=True, slots=True)
class FlagsSeen:
    """The deployed document. ``malformed``: what is wrong with a component's flag, or with the document.

    ``in_use``: the document by which this process decides; ``overruled``: why the flags decide nothing. ``shape``: a
    digest of the document without percentages, lists and times.
    """

    version: str
    in_use: str | None
    global_enabled: bool
    overruled: str | None
    flags: Mapping[Component, FlagSeen]
    malformed: Mapping[Component, str]
    shape: str


def share_mismatch(found: Share, flag: FlagSeen | None) -> str | None:
    """Why the share cannot be chance; a flag that is off decides about nobody."""
    if flag is None or not flag.enabled:
        return None
    return mismatch(found, flag.percent, exact=flag.exact)
