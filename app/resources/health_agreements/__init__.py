"""Health agreements: what a region and its municipalities agree about citizens' health (Sundhedsloven § 205)."""

from typing import Annotated, Final, Literal

from fastapi import Query, Response
from pydantic import Field
from sqlalchemy import Date, exists, func, select
from sqlalchemy.orm import aliased
from typing_extensions import TypeAliasType

from app.auth import MaybeSignedIn
from app.resources.health_agreements.course import SENT, UNANSWERED, in_force, possible_days
from app.resources.health_agreements.shapes import (
    Decision,
    HealthAgreement,
    HealthAgreementData,
    HealthAgreementKind,
    MilestoneKind,
    Year,
)
from app.resources.health_agreements.tables import ExtensionRow, HealthAgreementRow, MilestoneRow, PartyRow, ReviewRow
from app.resources.municipalities.map import lies_in
from app.resources.organisations import OrganisationRow
from app.rest.history import History, HistoryQuery
from app.rest.intent import Deleting, Writing
from app.rest.links import Link
from app.rest.query import ListQuery, Moment, RecordId, Sorts, Where, any_in, any_of, any_state
from app.rest.reading import Reading
from app.rest.resource import Resource
from app.rest.response import Json
from app.rest.schema import Absent, Day, Id, Page, Ref
from app.rest.sent import Sent
from app.rest.versions import Diff, DiffQuery, diff
from app.rest.view import AS_OF, begun_by, lasts_to, latest_by, many

__all__ = ["HealthAgreementData", "HealthAgreementRow", "MilestoneRow", "health_agreements"]

STATUS = latest_by(MilestoneRow, MilestoneRow.kind, MilestoneRow.date_latest)
Later = aliased(HealthAgreementRow)
Approval = aliased(MilestoneRow)
Course = TypeAliasType(
    "Course",
    Annotated[
        Literal["extended", "in_force_before_approval", "awaiting_answers"],
        Field(
            description="""- `extended`: it was made to last longer
- `in_force_before_approval`: it was certainly in force before the authority approved it
- `awaiting_answers`: it was sent to its parties, one of them is not known to have answered, and its deadline has not
  passed on the day asked about"""
        ),
    ],
)
COURSES: Final = {
    "extended": exists().where(ExtensionRow.record_id == HealthAgreementRow.id),
    "in_force_before_approval": exists().where(
        MilestoneRow.record_id == HealthAgreementRow.id,
        MilestoneRow.kind == "in_force",
        Approval.record_id == HealthAgreementRow.id,
        Approval.kind == "approved_by_authority",
        MilestoneRow.date_latest < Approval.date_earliest,
    ),
    "awaiting_answers": exists().where(
        PartyRow.record_id == HealthAgreementRow.id,
        PartyRow.deadline >= AS_OF,
        SENT,
        UNANSWERED,
    ),
}


DATED: Final = HealthAgreementRow.period.is_not(None)
DAYS: Final = possible_days(HealthAgreementRow)


class HealthAgreementQuery(ListQuery):
    """What the health agreements can be asked."""

    kind: Annotated[list[HealthAgreementKind] | Absent, any_of(HealthAgreementRow.kind)] = Field(
        None, examples=[["health_agreement"]]
    )
    """Only agreements of these kinds."""
    region: Annotated[
        list[Id] | Absent, lies_in(HealthAgreementRow.id, Link(HealthAgreementRow.id, HealthAgreementRow.region_id))
    ] = Field(None, examples=[["dk-oestdanmark"]])
    """Only agreements of these regions, by id, or of regions that lie in one on the day asked about."""
    municipality: Annotated[
        list[Id] | Absent,
        any_in(
            HealthAgreementRow.id,
            OrganisationRow.municipality_id,
            Link(
                PartyRow.record_id,
                PartyRow.organisation_id,
                select(OrganisationRow.id, OrganisationRow.municipality_id.label("value")),
            ),
        ),
    ] = Field(None, examples=[["dk-0360"]])
    """Only agreements that bind the authority of one of these municipalities, by id."""
    drafted_by: Annotated[list[Id] | Absent, any_of(HealthAgreementRow.drafted_by_id)] = Field(
        None, examples=[["sundhedskoordinationsudvalget-sjaelland"]]
    )
    """Only agreements that one of these committees, by id, drafted."""
    party: Annotated[list[Id] | Absent, any_of(PartyRow.organisation_id)] = Field(None, examples=[["lolland-kommune"]])
    """Only agreements that bind one of these organisations, by id."""
    decision: Annotated[list[Decision] | Absent, any_of(PartyRow.decision)] = Field(None, examples=[["pending"]])
    """Only agreements that a party has answered in one of these ways."""
    in_force: Annotated[bool | Absent, Where(lambda yes: in_force(HealthAgreementRow) == yes)] = Field(
        None, examples=[True]
    )
    """Only agreements that are known to be in effect on the day asked about, or known not to be. In neither answer, but
    in that of `unknown=in_force`, is one that may be: one whose start is unknown in the first year that its title
    names, one whose end is unknown once the period that its title names is over, and one whose whole period is unknown.
    Before the period that its title names, and once it has lapsed or another replaces it, each of these is known not to
    be."""
    effective_from: Annotated[Day | Absent, Where(lambda day: DATED & lasts_to(DAYS, day))] = Field(
        None, examples=["2019-01-01"]
    )
    """Only agreements not known to have ended by this day; with `effective_to` those in effect in a period."""
    effective_to: Annotated[Day | Absent, Where(lambda day: DATED & begun_by(DAYS, day))] = Field(
        None, examples=["2019-12-31"]
    )
    """Only agreements not known to begin after this day."""
    status: Annotated[list[MilestoneKind] | Absent, any_of(STATUS)] = Field(None, examples=[["in_force"]])
    """Only agreements whose latest milestone on the day asked about is one of these."""
    course: Annotated[list[Course] | Absent, any_state(COURSES)] = Field(None, examples=[["extended"]])
    """Only agreements whose life went in one of these ways."""
    replaces: Annotated[list[Id] | Absent, any_of(HealthAgreementRow.replaces_id)] = Field(
        None, examples=[["sundhedsaftale-sjaelland-2019"]]
    )
    """Only agreements that follow one of these, by id."""
    amends: Annotated[list[Id] | Absent, any_of(HealthAgreementRow.amends_id)] = Field(
        None, examples=[["sundhedsaftale-syddanmark-2019"]]
    )
    """Only addenda to these agreements, by id."""
    reviewed: Annotated[list[Year] | Absent, any_of(ReviewRow.year)] = Field(None, examples=[[2020]])
    """Only agreements whose yearly review for one of these years is known."""
    sort: Annotated[
        Literal["title", "-title", "start", "-start"],
        Sorts(title=HealthAgreementRow.sort_title, start=func.lower(HealthAgreementRow.period, type_=Date)),
    ] = Field("title", examples=["-start"])
    """What to sort by, `start` being the first day of its effect; with `-` in front, from the last to the first."""


health_agreements = Resource(
    name="health-agreements",
    about="*Sundhedsaftaler*: the statutory agreements between a region and its municipalities (Sundhedsloven "
    "§ 205), their addenda (*tillægsaftaler*) and kin.",
    example="sundhedsaftale-sjaelland-2019",
    public=HealthAgreement,
    data=HealthAgreementData,
    row=HealthAgreementRow,
    query=HealthAgreementQuery,
    parts={"parties": PartyRow, "milestones": MilestoneRow, "extensions": ExtensionRow, "reviews": ReviewRow},
    computed={
        "status": STATUS,
        "in_force": in_force(HealthAgreementRow),
        "replaced_by": many(Ref, Later, Later.replaces_id == HealthAgreementRow.id, order=[Later.id], name=Later.title),
        "addenda": many(Ref, Later, Later.amends_id == HealthAgreementRow.id, order=[Later.id], name=Later.title),
    },
)


@health_agreements.router.get("")
async def list_health_agreements(
    query: Annotated[HealthAgreementQuery, Query()], read: Reading
) -> Json[Page[HealthAgreement]]:
    """Health agreements, whether in force or not, in Danish order of their titles unless asked otherwise."""
    return await health_agreements.page(read, query)


@health_agreements.router.get("/{id}")
async def get_health_agreement(id: RecordId, query: Annotated[Moment, Query()], read: Reading) -> Json[HealthAgreement]:
    """One health agreement, with its parties, its milestones and what follows it."""
    return await health_agreements.one(read, id, query)


@health_agreements.router.get("/{id}/diff")
async def diff_health_agreement(id: RecordId, query: Annotated[DiffQuery, Query()], read: Reading) -> Json[Diff]:
    """What changed between two versions of a health agreement, field by field."""
    return await diff(read, health_agreements, id, query)


@health_agreements.router.get("/{id}/history")
async def health_agreement_history(
    id: RecordId, query: Annotated[HistoryQuery, Query()], read: Reading, caller: MaybeSignedIn
) -> Json[History]:
    """Who wrote a health agreement when and why, and what became different each time."""
    return await health_agreements.history(read, id, query, caller)


@health_agreements.router.post("", status_code=201)
async def create_health_agreement(write: Writing, body: Sent[HealthAgreementData]) -> Json[HealthAgreement]:
    """Add a health agreement; its id is made from its title unless the body chooses one."""
    return await health_agreements.create(write, body)


@health_agreements.router.put("/{id}")
async def replace_health_agreement(
    id: RecordId, write: Writing, body: Sent[HealthAgreementData]
) -> Json[HealthAgreement]:
    """Make a health agreement be what the body says, or create it under this id."""
    return await health_agreements.replace(write, id, body)


@health_agreements.router.patch("/{id}")
async def patch_health_agreement(
    id: RecordId, write: Writing, body: Sent[HealthAgreementData]
) -> Json[HealthAgreement]:
    """Change what the body names of a health agreement, and nothing else."""
    return await health_agreements.patch(write, id, body)


@health_agreements.router.delete("/{id}", status_code=204)
async def delete_health_agreement(id: RecordId, write: Deleting) -> Response:
    """Delete a health agreement that no other record refers to."""
    return await health_agreements.delete(write, id)


@health_agreements.router.post("/{id}/restore")
async def restore_health_agreement(id: RecordId, write: Writing) -> Json[HealthAgreement]:
    """Bring back a deleted health agreement as it last was."""
    return await health_agreements.restore(write, id)
