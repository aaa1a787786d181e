"""Grants: money from a programme for an initiative, from the application to the last account."""

from typing import Annotated, Final, Literal

from fastapi import Query, Response
from pydantic import Field
from sqlalchemy import exists, func, true
from typing_extensions import TypeAliasType

from app.auth import MaybeSignedIn
from app.resources.grants.shapes import Grant, GrantData, GrantStatus
from app.resources.grants.tables import AccountRow, GrantRow, InstalmentRow, RecipientRow, ReportRow
from app.resources.initiatives import InitiativeQuery, InitiativeRow
from app.resources.initiatives.shapes import InitiativeKind, InitiativeStatus
from app.rest.history import History, HistoryQuery
from app.rest.intent import Deleting, Writing
from app.rest.links import Condition
from app.rest.money import Amount, Currency
from app.rest.query import Filters, ListQuery, Moment, RecordId, Sorts, Where, any_of, any_state, through
from app.rest.reading import Reading
from app.rest.resource import Resource
from app.rest.response import Json
from app.rest.schema import Absent, Day, Id, Page
from app.rest.sent import Sent
from app.rest.view import AS_OF

__all__ = [
    "AccountRow",
    "GrantData",
    "GrantFilters",
    "GrantRow",
    "RecipientRow",
    "ReportRow",
    "grants",
]

AccountState = TypeAliasType(
    "AccountState",
    Annotated[
        Literal["late", "missing", "rejected"],
        Field(
            description="""- `late`: delivered after it was due
- `missing`: due by the day asked about, and not known to have been delivered by then
- `rejected`: something in it was rejected"""
        ),
    ],
)


def account(is_so: Condition) -> Condition:
    """That a grant has an account of which this is so."""
    return exists().where(AccountRow.record_id == GrantRow.id, is_so).correlate(GrantRow)


ACCOUNT_STATES: Final = {
    "late": account(AccountRow.delivered_on > AccountRow.due_on),
    "missing": account((AccountRow.due_on < AS_OF) & func.coalesce(AccountRow.delivered_on > AS_OF, true())),
    "rejected": account(AccountRow.rejected_amount > 0),
}


def of_initiative(name: str) -> Where:
    """A filter of the list of initiatives, asked of the one that a grant is for."""
    return through(GrantRow.initiative_id, InitiativeRow, InitiativeQuery.filters()[name])


class GrantFilters(Filters):
    """Which grants are meant: of a list, or of a summary."""

    programme: Annotated[list[Id] | Absent, any_of(GrantRow.programme_id)] = Field(
        None, examples=[["delprogram-oeresund"]]
    )
    """Only grants from these programmes, by id."""
    funder: Annotated[list[Id] | Absent, any_of(GrantRow.funder_id)] = Field(None, examples=[["sundhedsministeriet"]])
    """Only grants that these organisations, by id, pay."""
    recipient: Annotated[list[Id] | Absent, any_of(RecipientRow.organisation_id)] = Field(
        None, examples=[["region-sjaelland"]]
    )
    """Only grants that one of these organisations, by id, receives."""
    initiative: Annotated[list[Id] | Absent, any_of(GrantRow.initiative_id)] = Field(
        None, examples=[["sammenhaengende-borgerforloeb-for-multibrugere"]]
    )
    """Only grants for these initiatives, by id."""
    region: Annotated[list[Id] | Absent, of_initiative("region")] = Field(None, examples=[["dk-oestdanmark"]])
    """Only grants for initiatives that work in one of these regions, by id, as it is on the day asked about."""
    municipality: Annotated[list[Id] | Absent, of_initiative("municipality")] = Field(None, examples=[["dk-0360"]])
    """Only grants for initiatives that work in one of these municipalities, by id, or that its authority carries."""
    involves: Annotated[list[Id] | Absent, of_initiative("involves")] = Field(None, examples=[["lolland-kommune"]])
    """Only grants for initiatives in which one of these organisations, by id, is involved."""
    goal: Annotated[list[Id] | Absent, of_initiative("goal")] = Field(
        None, examples=[["sundhedsaftale-sjaelland-2019-maal-1"]]
    )
    """Only grants for initiatives that work for one of these goals, by id."""
    agreement: Annotated[list[Id] | Absent, of_initiative("agreement")] = Field(
        None, examples=[["sundhedsaftale-sjaelland-2019"]]
    )
    """Only grants for initiatives that work for a goal of one of these health agreements, by id."""
    initiative_kind: Annotated[list[InitiativeKind] | Absent, of_initiative("kind")] = Field(
        None, examples=[["sub_project"]]
    )
    """Only grants for initiatives of these kinds."""
    initiative_status: Annotated[list[InitiativeStatus] | Absent, of_initiative("status")] = Field(
        None, examples=[["running"]]
    )
    """Only grants for initiatives with one of these statuses."""
    status: Annotated[list[GrantStatus] | Absent, any_of(GrantRow.status)] = Field(None, examples=[["awarded"]])
    """Only grants with one of these statuses."""
    currency: Annotated[list[Currency] | Absent, any_of(GrantRow.awarded_currency)] = Field(None, examples=[["DKK"]])
    """Only grants awarded in these currencies."""
    awarded_min: Annotated[Amount | Absent, Where(lambda amount: GrantRow.awarded_amount >= amount)] = Field(
        None, examples=[100000]
    )
    """Only grants of at least this amount, in their own currency."""
    awarded_max: Annotated[Amount | Absent, Where(lambda amount: GrantRow.awarded_amount <= amount)] = Field(
        None, examples=[2000000]
    )
    """Only grants of at most this amount, in their own currency."""
    awarded_from: Annotated[Day | Absent, Where(lambda day: GrantRow.award_date_earliest >= day)] = Field(
        None, examples=["2014-01-01"]
    )
    """Only grants that were certainly awarded on this day or later."""
    awarded_to: Annotated[Day | Absent, Where(lambda day: GrantRow.award_date_latest <= day)] = Field(
        None, examples=["2014-12-31"]
    )
    """Only grants that were certainly awarded on this day or earlier."""
    conditional: Annotated[bool | Absent, Where(lambda yes: GrantRow.conditional == yes)] = Field(None, examples=[True])
    """Only grants that are known to depend on something, or known not to."""
    account: Annotated[list[AccountState] | Absent, any_state(ACCOUNT_STATES)] = Field(None, examples=[["late"]])
    """Only grants with an account in one of these states."""
    recovered: Annotated[bool | Absent, Where(lambda yes: GrantRow.recovered_amount.is_not(None) == yes)] = Field(
        None, examples=[True]
    )
    """Only grants of which something had to be paid back, or of which nothing is known to."""


class GrantQuery(GrantFilters, ListQuery):
    """What the grants can be asked."""

    sort: Annotated[
        Literal["title", "-title", "awarded", "-awarded", "award_date", "-award_date"],
        Sorts(title=GrantRow.sort_title, awarded=GrantRow.awarded_amount, award_date=GrantRow.award_date_earliest),
    ] = Field("title", examples=["-awarded"])
    """What to sort by; with `-` in front, from the last to the first. Amounts of all currencies are sorted as numbers;
    unknown comes last."""


grants = Resource(
    name="funding/grants",
    about="*Bevillinger* and *tilsagn*: who got how much for what, and what became of it.",
    example="multibrugere-2014",
    public=Grant,
    data=GrantData,
    row=GrantRow,
    query=GrantQuery,
    parts={"recipients": RecipientRow, "instalments": InstalmentRow, "accounts": AccountRow, "reports": ReportRow},
)


@grants.router.get("")
async def list_grants(query: Annotated[GrantQuery, Query()], read: Reading) -> Json[Page[Grant]]:
    """Grants, in Danish order of their titles unless asked otherwise."""
    return await grants.page(read, query)


@grants.router.get("/{id}")
async def get_grant(id: RecordId, query: Annotated[Moment, Query()], read: Reading) -> Json[Grant]:
    """One grant, with its recipients, instalments and accounts."""
    return await grants.one(read, id, query)


@grants.router.get("/{id}/history")
async def grant_history(
    id: RecordId, query: Annotated[HistoryQuery, Query()], read: Reading, caller: MaybeSignedIn
) -> Json[History]:
    """Who wrote a grant when and why, and what became different each time."""
    return await grants.history(read, id, query, caller)


@grants.router.post("", status_code=201)
async def create_grant(write: Writing, body: Sent[GrantData]) -> Json[Grant]:
    """Add a grant; its id is made from its title unless the body chooses one."""
    return await grants.create(write, body)


@grants.router.put("/{id}")
async def replace_grant(id: RecordId, write: Writing, body: Sent[GrantData]) -> Json[Grant]:
    """Make a grant be what the body says, or create it under this id."""
    return await grants.replace(write, id, body)


@grants.router.patch("/{id}")
async def patch_grant(id: RecordId, write: Writing, body: Sent[GrantData]) -> Json[Grant]:
    """Change what the body names of a grant, and nothing else."""
    return await grants.patch(write, id, body)


@grants.router.delete("/{id}", status_code=204)
async def delete_grant(id: RecordId, write: Deleting) -> Response:
    """Delete a grant that no other record refers to."""
    return await grants.delete(write, id)


@grants.router.post("/{id}/restore")
async def restore_grant(id: RecordId, write: Writing) -> Json[Grant]:
    """Bring back a deleted grant as it last was."""
    return await grants.restore(write, id)
