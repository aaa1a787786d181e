"""Deadlines: what is due, from whom, and how many days remain; also as a calendar."""

import asyncio
import json
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    DateTime,
    Select,
    TableClause,
    and_,
    any_,
    case,
    column,
    func,
    literal_column,
    null,
    or_,
    select,
    table,
    true,
    union_all,
)
from sqlalchemy import Text as SqlText
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY
from typing_extensions import TypeAliasType

from app.db import table_of
from app.errors import BadParameters, bad_parameter
from app.insights.deadlines.calendar import calendar
from app.insights.findings.deliveries import Delivery, undelivered
from app.insights.findings.rules import days
from app.insights.records import RecordRef, in_regions, path_of, record_ref
from app.resources.grants.tables import AccountRow, GrantRow, RecipientRow, ReportRow
from app.resources.health_agreements.course import SENT, UNANSWERED, possible_days
from app.resources.health_agreements.tables import HealthAgreementRow, PartyRow
from app.resources.organisations.tables import OrganisationRow
from app.rest.export.answer import Listing
from app.rest.export.formats import JSON, TABLES, VARY, XLSX, Format, FormatQuery, choose, headers_of
from app.rest.missing import absences, refuse_absent, refuse_unknown
from app.rest.one_of import offer
from app.rest.paging import Cursor, all_of, beyond, following, page_of, question
from app.rest.query import Question, Where, any_of
from app.rest.reading import Reading, Statement
from app.rest.response import Json
from app.rest.schema import Absent, Day, Id, Ref, Schema, Text
from app.rest.view import AS_OF, json_object, many, one

DeadlineKind = TypeAliasType(
    "DeadlineKind",
    Annotated[
        Literal["answer", "account", "report"],
        Field(
            description="""- `answer`: a party's answer to an agreement
- `account`: the account of a grant
- `report`: a report on what a grant was used for"""
        ),
    ],
)


class Deadline(Schema):
    """Something that is due."""

    uid: Text = Field(examples=["health-agreements/sundhedsaftale-syddanmark-2019/parties/vejen-kommune"])
    """What it is called for as long as it is due; before `@broen`, its UID in the calendar."""
    kind: DeadlineKind = Field(examples=["answer"])
    """What is due."""
    due: Day = Field(examples=["2019-06-24"])
    """The last day for it."""
    days_left: int = Field(examples=[54])
    """How many days remain on the day asked about; negative when the deadline has passed."""
    who: list[Ref]
    """From whom: the party, or the recipients of the grant."""
    record: RecordRef
    """The agreement or the grant."""
    title: Text = Field(examples=["Sundhedsaftalen 2019-2023"])
    """The title of what is due: the report's own, otherwise that of the agreement or the grant."""
    updated_at: datetime = Field(examples=["2026-11-22T09:30:00+00:00"])
    """When the record was last written (RFC 3339, UTC)."""


class Deadlines(Schema):
    """What is due, the earliest first."""

    items: list[Deadline]
    """What is due, by day; what is due on one day by its `uid`."""
    next: str | None = Field(examples=["WyJmMDU2YjZkNzI0MDVmMmY3YWYiLCIyMDE5LTA1LTAxIiwiMjAxOS0wNi0yNCIsImEvYiJd"])
    """What to give as `cursor` for the next page; null on the last. The header `Link` has the whole path."""
    as_of: Day = Field(examples=["2019-05-01"])
    """The day from which days are counted, and by which things were not delivered."""


DUE: Final[TableClause] = table(
    "due",
    column("kind", SqlText()),
    column("due", Date()),
    column("resource", SqlText()),
    column("id", SqlText()),
    column("uid", SqlText()),
    column("title", SqlText()),
    column("party", SqlText()),
    column("updated_at", DateTime(timezone=True)),
)
"""All that is due, as the statement names it: from a party, or from the recipients of a grant."""


def _from_any(ids: Any) -> ColumnElement[bool]:
    """That it is due from one of these organisations."""
    receives = select(RecipientRow.record_id).where(RecipientRow.organisation_id == any_(ids))
    return or_(DUE.c.party == any_(ids), and_(DUE.c.party.is_(None), DUE.c.id.in_(receives)))


MOST: Final = 1000
"""How many deadlines a calendar holds."""
ICS: Final = Format("ics", "text/calendar", "; charset=utf-8")
deadlines: Final = Listing("deadlines", Deadline, formats=(*TABLES, ICS))
router: Final = APIRouter(prefix=deadlines.path, tags=["insights"])


class DeadlinesQuery(Question, FormatQuery):
    """What can be asked about deadlines."""

    kind: Annotated[list[DeadlineKind] | Absent, any_of(DUE.c.kind)] = Field(None, examples=[["answer"]])
    """Only deadlines for these."""
    organisation: Annotated[
        list[Id] | Absent, Where(_from_any, ARRAY(SqlText()), (table_of(OrganisationRow).c.id,))
    ] = Field(None, examples=[["vejen-kommune"]])
    """Only what is due from one of these organisations, by id."""
    region: Annotated[list[Id] | Absent, in_regions(DUE.c.resource, DUE.c.id)] = Field(None, examples=[["dk-1083"]])
    """Only agreements and grants that concern one of these regions, by id, or an area that lies in one on the day asked
    about."""
    limit: Annotated[int, Field(ge=1, le=MOST, examples=[20])] = 50
    """How many deadlines a page has at the most."""
    cursor: Annotated[str, Field(max_length=2000)] | Absent = None
    """Where the page begins: `next` of the page before. All parameters but `limit` stay the same."""


offer(DeadlinesQuery, format=[format.name for format in deadlines.formats])


@router.get("")
async def list_deadlines(query: Annotated[DeadlinesQuery, Query()], read: Reading) -> Json[Deadlines]:
    """What is due: answers to agreements that have not ended, accounts and reports not delivered, past days included.

    An answer is due from a party that is not known to have given one by the day asked about. As a calendar (`ics`,
    RFC 5545) each is an all-day event.
    """
    format = choose(query, deadlines.formats, deadlines.columns)
    cursor = Cursor.read(query.cursor, query, date)
    as_of = query.as_of or (cursor.as_of if cursor else read.today())
    present = query.present()
    values = {**present, "as_of": as_of, "limit": MOST if format is ICS else query.limit}
    if format not in (JSON, ICS):
        await refuse_absent(read, {n: w for n, w in DeadlinesQuery.filters().items() if n in present}, present)
        return deadlines.whole(read, query, format, as_of, _all(frozenset(present), counted=format is XLSX), values)
    if cursor:
        values |= {"after_key": cursor.key, "after_id": cursor.id}
    row = await read.row(_page(frozenset(present), after=cursor is not None), values)
    assert row is not None, "an aggregate gives a row"
    await refuse_unknown(read, DeadlinesQuery.filters(), row)
    if format is ICS:
        if row["more"]:
            fault = f"A calendar holds {MOST} deadlines, and there are more; ask for a kind, an organisation, a region"
            raise BadParameters(faults=[bad_parameter("format", fault)])
        events = json.loads(f"[{row['items']}]")
        body = await asyncio.to_thread(calendar, events, question(query))
        return Json(body, headers=headers_of(format, deadlines.name, as_of))
    token, link = following(f"{read.root}{deadlines.path}", query, as_of, row["more"])
    text = f'{{"items":[{row["items"]}],"next":{token},"as_of":"{as_of}"}}'
    return Json(text.encode(), headers={"Broen-As-Of": str(as_of), **VARY, **link})


@lru_cache(maxsize=50)
def _page(present: frozenset[str], *, after: bool) -> Statement:
    filters = {name: where for name, where in DeadlinesQuery.filters().items() if name in present}
    records = _matching(filters)
    if after:
        records = records.where(beyond(DUE.c.uid, DUE.c.due, last_first=False))
    page = page_of(records, _item(), DUE.c.uid, DUE.c.due, last_first=False)
    return Statement(page.add_cte(_due()).add_columns(*absences(filters)), planned_once=not filters)


@lru_cache(maxsize=50)
def _all(present: frozenset[str], *, counted: bool) -> Statement:
    records = _matching({name: where for name, where in DeadlinesQuery.filters().items() if name in present})
    rows = all_of(records, _item(), DUE.c.uid, DUE.c.due, last_first=False, counted=counted)
    return Statement(rows.add_cte(_due()))


def _matching(filters: Mapping[str, Where]) -> Select[*tuple[Any, ...]]:
    return select().select_from(DUE).where(*(where.sql(name) for name, where in filters.items()))


def _item() -> ColumnElement[Any]:
    return json_object(
        {
            "uid": DUE.c.uid,
            "kind": DUE.c.kind,
            "due": DUE.c.due,
            "days_left": days(AS_OF, DUE.c.due),
            "who": _who(),
            "record": record_ref(DUE.c.resource, DUE.c.id),
            "title": DUE.c.title,
            "updated_at": DUE.c.updated_at,
        }
    )


def _due() -> CTE:
    return union_all(_answers(), _deliveries("account", AccountRow), _deliveries("report", ReportRow)).cte(DUE.name)


def _answers() -> Select[*tuple[Any, ...]]:
    """The answers of parties that are not known to have given one, to agreements that were sent and have not ended."""
    uid = path_of("health-agreements", PartyRow.record_id).concat("/parties/").concat(PartyRow.organisation_id)
    return (
        select(
            literal_column("'answer'").label("kind"),
            PartyRow.deadline.label("due"),
            literal_column("'health-agreements'").label("resource"),
            HealthAgreementRow.id,
            uid.label("uid"),
            HealthAgreementRow.title,
            PartyRow.organisation_id.label("party"),
            HealthAgreementRow.updated_at,
        )
        .select_from(PartyRow)
        .join(HealthAgreementRow, HealthAgreementRow.id == PartyRow.record_id)
        .where(
            PartyRow.deadline.is_not(None),
            SENT,
            UNANSWERED,
            func.coalesce(func.upper(possible_days(HealthAgreementRow), type_=Date) > AS_OF, true()),
        )
    )


def _deliveries(kind: str, row: Delivery) -> Select[*tuple[Any, ...]]:
    """The accounts or the reports that are not known to be delivered."""
    uid = path_of("funding/grants", row.record_id).concat(f"/{kind}s/").concat(row.position)
    return (
        select(
            literal_column(f"'{kind}'").label("kind"),
            row.due_on.label("due"),
            literal_column("'funding/grants'").label("resource"),
            GrantRow.id,
            uid.label("uid"),
            ReportRow.title if row is ReportRow else GrantRow.title,
            null().label("party"),
            GrantRow.updated_at,
        )
        .join(GrantRow, GrantRow.id == row.record_id)
        .where(row.due_on.is_not(None), undelivered(row))
    )


def _who() -> ColumnElement[Any]:
    """The party, or the recipients of the grant, as an array of Refs."""
    party = one(Ref, OrganisationRow, OrganisationRow.id == DUE.c.party)
    receives = (RecipientRow.record_id == DUE.c.id, OrganisationRow.id == RecipientRow.organisation_id)
    recipients = many(Ref, OrganisationRow, *receives, order=[RecipientRow.position])
    return case((DUE.c.party.is_not(None), func.json_build_array(party, type_=postgresql.JSON())), else_=recipients)
