"""A flag's form in the document: a plain Powertools feature, with members of our own beside its rules.

One definition for two purposes: reading a flag strictly, and the JSON Schema that AppConfig checks a document by. A
member or a rule that is not defined here is refused, so that no typing error goes unnoticed.
"""

from functools import cache
from typing import Annotated, Any, Literal

from aws_lambda_powertools.utilities.feature_flags import RuleAction
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, create_model
from pydantic.alias_generators import to_camel

from chalicelib.flags.document.bucketing import BUCKETS
from chalicelib.flags.document.names import COMPONENTS, GLOBAL

USER_ID, BUCKET = "user_id", "bucket"  # the keys of the context that rules ask for
MOST_IDS = 1_000
IN: Literal["IN"] = RuleAction.IN.value
MODULO_RANGE: Literal["MODULO_RANGE"] = RuleAction.MODULO_RANGE.value

Moment = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$")]
# Bounds are written as "at least" and "at most": AppConfig knows draft 4 of JSON Schema.
LEAST_PERCENT, MOST_PERCENT = 0.001, 100
Percent = Annotated[
    int | float,
    Field(ge=LEAST_PERCENT, le=MOST_PERCENT),
    # Bounds of two kinds of number together would not reach the schema by themselves.
    WithJsonSchema({"type": "number", "minimum": LEAST_PERCENT, "maximum": MOST_PERCENT}),
]
UserId = Annotated[str, Field(min_length=1, max_length=256)]
UserIds = Annotated[list[UserId], Field(min_length=1, max_length=MOST_IDS)]


class Shape(BaseModel):
    """A part of the document, read strictly: no number that is text, no member that nobody knows."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        json_schema_serialization_defaults_required=True,
    )


class Range(Shape):
    """The buckets that a rule is about, both ends included. At 0 % there is no such rule: END lies not below START."""

    BASE: int = Field(BUCKETS, alias="BASE", ge=BUCKETS, le=BUCKETS)
    START: int = Field(0, alias="START", ge=0, le=0)
    END: int = Field(alias="END", ge=0, le=BUCKETS - 1)


class Buckets(Shape):
    """The condition that the user's bucket lies in a range."""

    action: Literal["MODULO_RANGE"] = MODULO_RANGE
    key: Literal["bucket"] = "bucket"
    value: Range


class Users(Shape):
    """The condition that the user is one of these."""

    action: Literal["IN"] = IN
    key: Literal["user_id"] = "user_id"
    value: UserIds


class Rule(Shape):
    """What a rule answers, and when."""

    when_match: bool


class OffRule(Rule):
    """Switched off: everybody's bucket lies in the range, and no further rule is asked."""

    when_match: Literal[False] = Field(False, alias="when_match")
    conditions: Annotated[list[Buckets], Field(min_length=1, max_length=1)]


class BlockedRule(Rule):
    """These stay on the old backend."""

    when_match: Literal[False] = Field(False, alias="when_match")
    conditions: Annotated[list[Users], Field(min_length=1, max_length=1)]


class TestUsersRule(Rule):
    """These get the new backend at any percentage."""

    when_match: Literal[True] = Field(True, alias="when_match")
    conditions: Annotated[list[Users], Field(min_length=1, max_length=1)]


class ExactRule(TestUsersRule):
    """These are the percentage, written down by id; ``percent`` says which."""

    percent: Percent


class PercentageRule(Rule):
    """These buckets are the percentage."""

    when_match: Literal[True] = Field(True, alias="when_match")
    conditions: Annotated[list[Buckets], Field(min_length=1, max_length=1)]


class Rules(Shape):
    """The rules there can be, in the order in which they are asked."""

    off: OffRule | None = None
    blocked: BlockedRule | None = None
    test_users: TestUsersRule | None = None
    exact: ExactRule | None = None
    percentage: PercentageRule | None = None


class Feature(Shape):
    """A flag of either kind."""

    default: bool
    created_at: Moment
    updated_at: Moment


class GlobalFeature(Feature):
    """The gate before all components: open or shut."""

    component_scope: None = None


class ComponentFeature(Feature):
    """One component's flag. ``salt`` is what its buckets are hashed with: the flag's name, for ever."""

    default: Literal[False] = False
    salt: str
    component_scope: str
    retired: Literal[True] | None = None
    rules: Rules | None = None


def _component_shape(flag: str) -> type[ComponentFeature]:
    component = COMPONENTS[flag].value
    literal: Any = Literal
    return create_model(
        flag, __base__=ComponentFeature, salt=(literal[flag], ...), component_scope=(literal[component], ...)
    )


@cache
def shape_of(flag: str) -> type[Feature]:
    """The shape of a flag, built when first asked for."""
    return GlobalFeature if flag == GLOBAL else _component_shape(flag)
