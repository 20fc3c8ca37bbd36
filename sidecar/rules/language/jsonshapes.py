"""
The shapes of a condition in JSON.

Every shape is named by its ``node`` or ``type``. msgspec holds input against them and
says where it does not fit. A change that an old reader could take for something else
raises `VERSION`; new shapes and new optional fields do not.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from sidecar.rules.language.limits import MAX_DIGITS, MAX_VALUES
from sidecar.rules.syntax import Comparison, FilterName, Unit

VERSION: Final = 1

TEXT_PATTERN: Final = r"\A[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]*\Z"
NUMBER_PATTERN: Final = rf"\A-?[0-9]{{1,{MAX_DIGITS}}}(\.[0-9]{{1,{MAX_DIGITS}}})?\Z"
NAME_PATTERN: Final = r"\A[^\W\d]\w*\Z"
LIST_PATTERN: Final = r"\A\w[\w-]*\Z"

_Text = Annotated[str, Meta(pattern=TEXT_PATTERN)]
_Several = Meta(min_length=1, max_length=MAX_VALUES)


class _Shape(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Fields that hold their default are left out when written."""


class _Value(_Shape, frozen=True, tag_field="type"):
    pass


class NumberShape(_Value, frozen=True, tag="number"):
    """As text, because JSON numbers are floats to most readers."""

    number: Annotated[str, Meta(pattern=NUMBER_PATTERN)]


class TextShape(_Value, frozen=True, tag="text"):
    text: _Text


class YesNoShape(_Value, frozen=True, tag="yesno"):
    yesno: bool


class SpanShape(_Value, frozen=True, tag="span"):
    count: Annotated[int, Meta(ge=0, lt=10**9)]
    unit: Unit


class DateShape(_Value, frozen=True, tag="date"):
    date: datetime.date


class RelativeDayShape(_Value, frozen=True, tag="relative_day"):
    day: Literal["today", "yesterday"]


DayShape = DateShape | RelativeDayShape
ValueShape = NumberShape | TextShape | YesNoShape | SpanShape
FilterValueShape = NumberShape | TextShape | SpanShape | DateShape | RelativeDayShape


class FilterShape(_Shape, frozen=True):
    name: FilterName
    value: FilterValueShape


class FactShape(_Shape, frozen=True):
    name: Annotated[str, Meta(pattern=NAME_PATTERN)]
    filters: list[FilterShape] = []


class _Node(_Shape, frozen=True, tag_field="node"):
    pass


class AndShape(_Node, frozen=True, tag="and"):
    items: Annotated[list[NodeShape], Meta(min_length=2)]


class OrShape(_Node, frozen=True, tag="or"):
    items: Annotated[list[NodeShape], Meta(min_length=2)]


class NotShape(_Node, frozen=True, tag="not"):
    item: NodeShape


class CompareShape(_Node, frozen=True, tag="compare"):
    fact: FactShape
    op: Comparison
    value: ValueShape


class BetweenShape(_Node, frozen=True, tag="between"):
    fact: FactShape
    low: ValueShape
    high: ValueShape


class InShape(_Node, frozen=True, tag="in"):
    fact: FactShape
    values: Annotated[list[ValueShape], _Several]
    negated: bool = False


class InListShape(_Node, frozen=True, tag="in_list"):
    fact: FactShape
    list: Annotated[str, Meta(pattern=LIST_PATTERN)]
    negated: bool = False


class HasShape(_Node, frozen=True, tag="has"):
    fact: FactShape
    mode: Literal["any", "all"]
    values: Annotated[list[_Text], _Several]
    negated: bool = False


class InSegmentShape(_Node, frozen=True, tag="in_segment"):
    segment: _Text
    negated: bool = False


class ContainsShape(_Node, frozen=True, tag="contains"):
    fact: FactShape
    text: _Text
    negated: bool = False


class EdgeShape(_Node, frozen=True, tag="edge"):
    fact: FactShape
    op: Literal["starts with", "ends with"]
    text: _Text


class DateSpanShape(_Node, frozen=True, tag="date_span"):
    fact: FactShape
    op: Literal["within", "older than", "in next"]
    span: SpanShape


class DateDayShape(_Node, frozen=True, tag="date_day"):
    fact: FactShape
    op: Literal["before", "after", "on"]
    day: DayShape


class MissingShape(_Node, frozen=True, tag="missing"):
    fact: FactShape
    negated: bool = False


NodeShape = (
    AndShape
    | OrShape
    | NotShape
    | CompareShape
    | BetweenShape
    | InShape
    | InListShape
    | HasShape
    | InSegmentShape
    | ContainsShape
    | EdgeShape
    | DateSpanShape
    | DateDayShape
    | MissingShape
)


class DocumentShape(_Shape, frozen=True):
    version: Literal[1]
    condition: NodeShape
