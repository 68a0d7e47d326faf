"""A flag's way into a Powertools feature and back.

Rules are asked in their order: off, blocked, test users, then the percentage. What is read back from a feature is
accepted only if it would be written in exactly this form again, so no rule can say something that the flag does not.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NoReturn

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from chalicelib.domain.readings import moment, to_ms
from chalicelib.flags.document.bucketing import BUCKETS, PER_PERCENT
from chalicelib.flags.document.feature_models import (
    BlockedRule,
    Buckets,
    ComponentFeature,
    ExactRule,
    Feature,
    GlobalFeature,
    OffRule,
    PercentageRule,
    Range,
    Rules,
    TestUsersRule,
    Users,
    shape_of,
)
from chalicelib.flags.document.flag import EVERYBODY, NOBODY, Flag, plain
from chalicelib.flags.document.names import GLOBAL


class MalformedFlagError(ValueError):
    """Raised for a feature that is not the form of any flag; says where and what."""


def feature_of(flag: Flag) -> dict[str, Any]:
    """The plain Powertools feature that a flag is stored as."""
    shape = shape_of(flag.name)
    times = {"created_at": moment(flag.created_at), "updated_at": moment(flag.updated_at)}
    if flag.name == GLOBAL:
        return shape(default=flag.enabled, **times).model_dump(by_alias=True)
    feature = shape.model_validate(
        {
            "salt": flag.name,
            "component_scope": flag.component_scope,
            "retired": flag.retired or None,
            "rules": _rules(flag),
            **times,
        }
    )
    return feature.model_dump(by_alias=True, exclude_none=True)


def flag_of(name: str, feature: Any) -> Flag:
    """The flag behind a feature. Raises MalformedFlagError."""
    try:
        read = shape_of(name).model_validate(feature)
        flag = _read(name, read)
        written = feature_of(flag)  # not always possible: of the year 0999 Python writes three digits
    except ValidationError as error:
        _refuse(error)
    except ValueError as error:  # a date that the pattern lets pass, such as February 30
        raise MalformedFlagError(str(error)) from error
    if not _written_so(written, feature):
        raise MalformedFlagError("rules: not in the order off, blocked, testUsers, exact, percentage, or contradictory")
    return flag


def _rules(flag: Flag) -> Rules | None:
    buckets = int(flag.rollout_percent * PER_PERCENT)
    rules = Rules(
        off=None if flag.enabled and not flag.retired else OffRule(conditions=[_buckets(BUCKETS)]),
        blocked=BlockedRule(conditions=[_users(flag.blocked_user_ids)]) if flag.blocked_user_ids else None,
        test_users=TestUsersRule(conditions=[_users(flag.test_user_ids)]) if flag.test_user_ids else None,
        exact=ExactRule(percent=plain(flag.rollout_percent), conditions=[_users(flag.exact_user_ids)])
        if flag.exact_user_ids
        else None,
        percentage=PercentageRule(conditions=[_buckets(buckets)]) if _by_hash(flag) else None,
    )
    return rules if rules.model_dump(exclude_none=True) else None


def _by_hash(flag: Flag) -> bool:
    """At 100 % everybody is in, so a list of exact users does not count."""
    return flag.rollout_percent == EVERYBODY or (flag.rollout_percent > NOBODY and flag.exact_user_ids is None)


def _buckets(buckets: int) -> Buckets:
    return Buckets(value=Range(END=buckets - 1))


def _users(ids: tuple[str, ...]) -> Users:
    return Users(value=list(ids))


def _read(name: str, feature: Feature) -> Flag:
    created_at, updated_at = _instant(feature.created_at), _instant(feature.updated_at)
    if isinstance(feature, GlobalFeature):
        return Flag(name, created_at, updated_at, enabled=feature.default)
    assert isinstance(feature, ComponentFeature), "a flag is global or a component's"  # noqa: S101
    rules = feature.rules or Rules()
    return Flag(
        name,
        created_at,
        updated_at,
        enabled=rules.off is None,
        rollout_percent=_percent(rules),
        test_user_ids=_ids(rules.test_users),
        blocked_user_ids=_ids(rules.blocked),
        exact_user_ids=_ids(rules.exact) if rules.exact else None,
        retired=bool(feature.retired),
    )


def _percent(rules: Rules) -> Decimal:
    if rules.exact:
        return Decimal(str(rules.exact.percent))
    if rules.percentage:
        return Decimal(rules.percentage.conditions[0].value.END + 1) / PER_PERCENT
    return NOBODY


def _ids(rule: BlockedRule | TestUsersRule | None) -> tuple[str, ...]:
    return tuple(rule.conditions[0].value) if rule else ()


def _instant(text: str) -> int:
    return to_ms(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC))


def _written_so(expected: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """Equal as JSON, where 1 is not true, and the rules in the same order: the one in which Powertools asks them."""
    same = json.dumps(expected, sort_keys=True) == json.dumps(given, sort_keys=True)
    return same and list(expected.get("rules", ())) == list(given.get("rules", ()))


def _refuse(error: ValidationError) -> NoReturn:
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"])) or "the flag"
    said = "" if _may_name_people(first) else f", not {first['input']!r}"
    raise MalformedFlagError(f"{where}: {first['msg']}{said}"[:300]) from error


def _may_name_people(error: ErrorDetails) -> bool:
    """Problems are logged: what is quoted is neither a list of users or a part of one, nor of unknown meaning."""
    unknown = error["type"] == "extra_forbidden" or isinstance(error["input"], list | dict)
    return unknown or [step for step in error["loc"] if isinstance(step, str)][-1:] == ["value"]
