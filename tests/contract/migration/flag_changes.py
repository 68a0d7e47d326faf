"""A recorded change of flags, as a sample."""

from uuid import uuid4

from chalicelib.domain.migration.records.flag_history import FlagChange


def change(at: int, *flags: str) -> FlagChange:
    shown = {"enabled": True, "rolloutPercent": 12.5, "testUserIds": ["用户|1"], "exactUserIds": None}
    return FlagChange(
        id=uuid4().hex,
        at=at,
        by="olga@laptop",
        action="set",
        reason="as planned",
        before=dict.fromkeys(flags),
        after=dict.fromkeys(flags, shown),
        from_version="a1",
        to_version="b2",
        evidence={"mode": "dual_write", "users": {"known": 3}},
        trace_id=uuid4().hex,
    )
