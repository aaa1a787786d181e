"""The shapes of findings, and what can be asked of them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from pydantic import Field, JsonValue, WithJsonSchema
from sqlalchemy import Integer, TableClause, column, table
from sqlalchemy import Text as SqlText
from typing_extensions import TypeAliasType

from app.insights.findings.catalogue import RULES
from app.insights.findings.rules import DETAIL, Severity
from app.insights.records import RecordRef, ResourceName, in_regions
from app.rest.dates import Period
from app.rest.export.answer import Listing
from app.rest.export.formats import Format, FormatQuery, Language
from app.rest.money import Money
from app.rest.one_of import OneOf, offer
from app.rest.query import Question, any_of
from app.rest.schema import Absent, Count, Day, Id, Pointer, Ref, Schema, Text

RuleId = TypeAliasType("RuleId", Annotated[str, OneOf({rule.id: rule.sentence.en for rule in RULES})])


class FindingDetail(Schema):
    """What there is to tell of a finding; null what its rule is not about, and what is unknown."""

    day: Day | None = Field(examples=["2019-06-24"])
    """The day that it turns on, such as the deadline that was missed."""
    days: int | None = Field(examples=[12])
    """How many days too late, or how long."""
    period: Period | None
    """The period that it is about, such as the one in which two agreements overlap."""
    amount: Money | None
    """The amount that is found."""
    against: Money | None
    """What it is held against: the budget, the award, the most that a programme pays."""
    difference: Money | None
    """The amount less what it is held against."""
    fields: list[Pointer] = Field(examples=[["/nominal", "/period"]])
    """The fields that contradict each other, as JSON pointers (RFC 6901) into the record; empty when none do."""
    stated: Annotated[JsonValue | None, WithJsonSchema({})] = Field(examples=["sundhedssamordningsudvalget"])
    """The value that another source gives."""
    others: list[RecordRef]
    """Other records that it is about: the party, the other agreement, the document."""


class Finding(Schema):
    """That a record breaks a rule."""

    rule: RuleId = Field(examples=["answer_late"])
    """The rule."""
    severity: Severity = Field(examples=["warning"])
    """How grave it is."""
    sentence: Text = Field(examples=["Partens svar kom efter fristen."])
    """What is wrong, in the language asked for."""
    basis: Text = Field(examples=["Sundhedsloven § 205"])
    """The law with its paragraph, or the reason, in the language asked for."""
    record: RecordRef
    """The record that breaks it."""
    areas: list[Ref]
    """The regions and municipalities that the record concerns, in Danish order."""
    detail: FindingDetail
    """What there is to tell of it."""


class SeverityCounts(Schema):
    """How many findings there are of each severity."""

    error: Count = Field(examples=[0])
    """Errors."""
    warning: Count = Field(examples=[2])
    """Warnings."""
    notice: Count = Field(examples=[90])
    """Notices."""


class RuleCount(Schema):
    """How many findings there are of a rule."""

    rule: RuleId = Field(examples=["answer_late"])
    """The rule."""
    severity: Severity = Field(examples=["warning"])
    """How grave it is."""
    count: Count = Field(examples=[3])
    """How many findings there are."""


class FindingCounts(Schema):
    """How many findings there are, on all pages."""

    total: Count = Field(examples=[92])
    """In all."""
    severities: SeverityCounts
    """Of each severity."""
    rules: list[RuleCount]
    """Of each rule that was asked for, also of those that nothing breaks."""


class Findings(Schema):
    """What breaks the rules, on one page, and how much there is on all pages."""

    items: list[Finding]
    """The findings, the gravest rules first; those of a rule by resource and id."""
    next: str | None = Field(examples=["WyJmMDU2YjZkNzI0MDVmMmY3YWYiLCIyMDI2LTA2LTAxIiwzLCJnb2Fscy9hLzAwMDAiXQ"])
    """What to give as `cursor` for the next page; null on the last. The header `Link` has the whole path."""
    counts: FindingCounts
    """How many there are on all pages."""
    as_of: Day = Field(examples=["2026-11-22"])
    """The day for which dated values were judged."""


class RuleShown(Schema):
    """A rule of law or of sense that records are held against."""

    id: RuleId = Field(examples=["answer_late"])
    """What it is called."""
    severity: Severity = Field(examples=["warning"])
    """How grave it is to break it."""
    basis: Text = Field(examples=["Sundhedsloven § 205"])
    """The law with its paragraph, or the reason, in the language asked for."""
    sentence: Text = Field(examples=["Partens svar kom efter fristen."])
    """What is wrong with a record that breaks it, in the language asked for."""


class Rules(Schema):
    """The rules that records are held against."""

    items: list[RuleShown]
    """All rules, the gravest first."""


FOUND: Final[TableClause] = table(
    "found",
    column("rank", Integer()),
    column("resource", SqlText()),
    column("id", SqlText()),
    *(column(name, kind) for name, kind in DETAIL.items()),
)
"""All findings of the rules that are asked for, as the statement names them."""


class RulesQuery(Schema):
    """How the rules are told."""

    lang: Language = Field("da", examples=["en"])
    """The language of sentences: Danish or English."""


class FindingsQuery(Question, FormatQuery):
    """What can be asked about findings."""

    rule: list[RuleId] | Absent = Field(None, examples=[["goal_without_indicator"]])
    """Only findings of these rules; /v1/findings/rules tells what each is."""
    severity: list[Severity] | Absent = Field(None, examples=[["error"]])
    """Only findings of rules that are so grave."""
    resource: Annotated[list[ResourceName] | Absent, any_of(FOUND.c.resource)] = Field(None, examples=[["goals"]])
    """Only findings about records of these resources."""
    region: Annotated[list[Id] | Absent, in_regions(FOUND.c.resource, FOUND.c.id)] = Field(None, examples=[["dk-1085"]])
    """Only findings about records that concern one of these regions, by id, or an area that lies in one on the day
    asked about: where an initiative works, whom an agreement binds, what a recipient governs."""
    limit: Annotated[int, Field(ge=1, le=1000, examples=[20])] = 50
    """How many findings a page has at the most."""
    cursor: Annotated[str, Field(max_length=2000)] | Absent = None
    """Where the page begins: `next` of the page before. All parameters but `limit` stay the same."""
    lang: Language | Absent = Field(None, examples=["en"])
    """The language of sentences, and of the headings of a CSV or XLSX; without it, sentences are Danish, and columns go
    by their names."""

    @classmethod
    def wanting(cls) -> Mapping[str, Sequence[Format]]:
        """Sentences have a language in every format."""
        return {name: formats for name, formats in super().wanting().items() if name != "lang"}


findings: Final = Listing("findings", Finding)
offer(FindingsQuery, format=[format.name for format in findings.formats])
