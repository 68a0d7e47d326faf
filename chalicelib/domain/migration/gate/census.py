"""The census: everybody's views asked of both backends, and the reasons why it does not count for this code. Pure."""

from chalicelib.domain.migration.gate.evidence import Census, GateEvidence, Limits
from chalicelib.domain.migration.gate.words import counted, span


def is_outdated(census: Census, code: str, mode_since: int | None, now: int, limits: Limits) -> bool:
    """Whether everybody has to be asked again: other code, another mode, or too long ago since it came to its end."""
    return _other(census, code, mode_since) is not None or _too_old(census, now, limits)


def census_problem(seen: GateEvidence, limits: Limits) -> str | None:
    """Why the census does not let anybody through; None: it does. What it has found is said before it has ended."""
    census = seen.census
    if census is None:
        return "nobody's views were compared yet: no census has begun"
    if (other := _other(census, seen.on.code, seen.mode_since)) is not None:
        return other
    if (found := _found(census)) is not None:
        return found
    if census.finished is None or census.users < seen.people:
        return f"the census is under way: {counted(census.users, 'person', 'people')} of {seen.people:,} asked"
    if _too_old(census, seen.now, limits):
        return f"the census is older than {span(limits.census_ms)}"
    if seen.people and not census.views:
        return "the census has asked for no view, though there are people"
    return None


def _other(census: Census, code: str, mode_since: int | None) -> str | None:
    if census.code != code:
        return "the census was taken on other code"
    return "the census was taken in an earlier mode" if census.mode_since != mode_since else None


def _found(census: Census) -> str | None:
    if census.different:
        return f"the backends differ in {counted(census.different, 'view')} of the census"
    return f"{counted(census.failed, 'view')} of the census could not be compared" if census.failed else None


def _too_old(census: Census, now: int, limits: Limits) -> bool:
    return census.finished is not None and now - census.finished > limits.census_ms
