"""Organisations: whoever agrees, carries out, sits, pays or receives; a partnership is made of others."""

from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import Field
from sqlalchemy import func, true
from sqlalchemy.orm import aliased

from app.auth import MaybeSignedIn
from app.resources.municipalities.map import lies_in
from app.resources.organisations.shapes import Member, Organisation, OrganisationData, OrganisationKind
from app.resources.organisations.tables import (
    ContactPointRow,
    IdentifierRow,
    MemberRow,
    NameVariantRow,
    OfficeRow,
    OrganisationRow,
    PredecessorRow,
)
from app.rest.history import History, HistoryQuery
from app.rest.intent import Deleting, Writing
from app.rest.links import Link
from app.rest.query import ListQuery, Moment, RecordId, Sorts, Where, any_of
from app.rest.reading import Reading
from app.rest.resource import Resource
from app.rest.response import Json
from app.rest.schema import Absent, Id, Page, Ref, Term
from app.rest.sent import Sent
from app.rest.view import AS_OF, current, many

__all__ = [
    "GOVERNED",
    "MemberRow",
    "OfficeRow",
    "OrganisationData",
    "OrganisationRow",
    "PredecessorRow",
    "organisations",
]


Later = aliased(OrganisationRow)


GOVERNED = func.coalesce(OrganisationRow.region_id, OrganisationRow.municipality_id)
"""The area whose authority an organisation is."""


class OrganisationQuery(ListQuery):
    """What the organisations can be asked."""

    kind: Annotated[list[OrganisationKind] | Absent, any_of(OrganisationRow.kind)] = Field(
        None, examples=[["partnership"]]
    )
    """Only organisations of these kinds."""
    region: Annotated[list[Id] | Absent, any_of(OrganisationRow.region_id)] = Field(None, examples=[["dk-1085"]])
    """Only organisations that govern these regions, by id."""
    municipality: Annotated[list[Id] | Absent, any_of(OrganisationRow.municipality_id)] = Field(
        None, examples=[["dk-0360"]]
    )
    """Only organisations that govern these municipalities, by id."""
    within_region: Annotated[
        list[Id] | Absent,
        lies_in(OrganisationRow.id, Link(OrganisationRow.id, GOVERNED)),
    ] = Field(None, examples=[["dk-oestdanmark"]])
    """Only authorities whose area is one of these regions, by id, or lies in one on the day asked about."""
    member: Annotated[list[Id] | Absent, any_of(MemberRow.organisation_id)] = Field(
        None, examples=[["lolland-kommune"]]
    )
    """Only organisations that one of these organisations, by id, belongs to or has belonged to."""
    person: Annotated[list[Term] | Absent, any_of(OfficeRow.person, MemberRow.person)] = Field(
        None, examples=[["Bo Libergren"]]
    )
    """Only organisations in which one of these persons, named as published, holds or has held an office or a seat."""
    active: Annotated[bool | Absent, Where(lambda yes: current(OrganisationRow) == yes)] = Field(None, examples=[True])
    """Only organisations that exist on the day asked about as far as is known, going on while nobody has told their
    end, or that are known not to; whose period is unknown is in neither answer."""
    sort: Annotated[Literal["name", "-name"], Sorts(name=OrganisationRow.sort_name)] = Field("name", examples=["-name"])
    """What to sort by; with `-` in front, from the last to the first. Names are in Danish order."""


organisations = Resource(
    name="organisations",
    about="Whoever agrees, carries out, sits, pays or receives: authorities, hospitals, *partnerskaber*, "
    "committees such as *sundhedskoordinationsudvalget*.",
    example="broen-til-bedre-sundhed",
    public=Organisation,
    data=OrganisationData,
    row=OrganisationRow,
    query=OrganisationQuery,
    parts={
        "predecessors": PredecessorRow,
        "name_variants": NameVariantRow,
        "identifiers": IdentifierRow,
        "contact_points": ContactPointRow,
        "members": MemberRow,
        "offices": OfficeRow,
    },
    computed={
        "successors": many(
            Ref,
            Later,
            Later.id == PredecessorRow.record_id,
            PredecessorRow.organisation_id == OrganisationRow.id,
            order=[Later.id],
        ),
        "current_members": many(
            Member[Ref],
            MemberRow,
            MemberRow.record_id == OrganisationRow.id,
            func.coalesce(current(OrganisationRow), true()),
            func.coalesce(current(MemberRow), MemberRow.stated_earliest <= AS_OF, true()),
            func.coalesce(MemberRow.stated_latest >= AS_OF, true()),
            order=[MemberRow.position],
        ),
    },
)


@organisations.router.get("")
async def list_organisations(query: Annotated[OrganisationQuery, Query()], read: Reading) -> Json[Page[Organisation]]:
    """Organisations, in Danish order."""
    return await organisations.page(read, query)


@organisations.router.get("/{id}")
async def get_organisation(id: RecordId, query: Annotated[Moment, Query()], read: Reading) -> Json[Organisation]:
    """One organisation, with its members and offices over time."""
    return await organisations.one(read, id, query)


@organisations.router.get("/{id}/history")
async def organisation_history(
    id: RecordId, query: Annotated[HistoryQuery, Query()], read: Reading, caller: MaybeSignedIn
) -> Json[History]:
    """Who wrote an organisation when and why, and what became different each time."""
    return await organisations.history(read, id, query, caller)


@organisations.router.post("", status_code=201)
async def create_organisation(write: Writing, body: Sent[OrganisationData]) -> Json[Organisation]:
    """Add an organisation; its id is made from its name unless the body chooses one."""
    return await organisations.create(write, body)


@organisations.router.put("/{id}")
async def replace_organisation(id: RecordId, write: Writing, body: Sent[OrganisationData]) -> Json[Organisation]:
    """Make an organisation be what the body says, or create it under this id."""
    return await organisations.replace(write, id, body)


@organisations.router.patch("/{id}")
async def patch_organisation(id: RecordId, write: Writing, body: Sent[OrganisationData]) -> Json[Organisation]:
    """Change what the body names of an organisation, and nothing else."""
    return await organisations.patch(write, id, body)


@organisations.router.delete("/{id}", status_code=204)
async def delete_organisation(id: RecordId, write: Deleting) -> Response:
    """Delete an organisation that no other record refers to."""
    return await organisations.delete(write, id)


@organisations.router.post("/{id}/restore")
async def restore_organisation(id: RecordId, write: Writing) -> Json[Organisation]:
    """Bring back a deleted organisation as it last was."""
    return await organisations.restore(write, id)
