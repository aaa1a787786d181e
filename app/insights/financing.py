"""Who pays for an initiative: its budget, its sources, what the European Union pays of it, and what is not financed."""

from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import Field, WithJsonSchema
from sqlalchemy import (
    CTE,
    ColumnElement,
    SQLColumnExpression,
    Text,
    all_,
    any_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from app.insights.sums import FIGURES, Key, Sum, Sums, sums
from app.resources.funding_programmes import FundingProgrammeRow
from app.resources.grants import GrantRow
from app.resources.initiatives import InitiativeRow, Partner, PartnerRow, initiatives
from app.rest.missing import missing
from app.rest.money import Money
from app.rest.query import Moment, RecordId
from app.rest.reading import Reading, Statement
from app.rest.response import Json
from app.rest.schema import Day, Ref, Schema
from app.rest.schema import Text as Words
from app.rest.view import AS_OF, json_object, many

router: Final = APIRouter(tags=["insights"])
EU_FUNDS: Final = ("ERUF", "EFRU", "ERDF", "ESF", "ESF+")
"""The European Union's regional and social funds, as Danish, Swedish and English texts abbreviate them: a sub-programme
may be known by its fund alone, without the EU programme that it is a part of."""
PAYS_NOTHING: Final = ("rejected", "withdrawn")
"""The statuses of applications that came to nothing."""
STAGES: Final = {"planned": "sought", "granted": "awarded", "paid": "paid"}
DECIMALS: Final = 10
ID: Final = bindparam("id", type_=Text())

Percent = Annotated[Decimal, WithJsonSchema({"type": "number"})]


class ProgrammeGrants(Sums):
    """The grants from a programme in one currency."""

    programme: Ref
    """The programme."""
    fund: Words | None = Field(examples=["ERUF"])
    """The fund behind it; null when there is none or none is known."""
    from_eu: bool = Field(examples=[True])
    """Whether the European Union pays: the programme, or one that it is a part of, is an EU programme or of an EU
    fund."""


class EuShare(Schema):
    """What the European Union pays of the budget, in the currency of the budget."""

    amount: Sum | None = Field(examples=[99994.00])
    """The sum of what is known, exact to the cent; null when nothing is, or when the budget is unknown."""
    percent: Percent | None = Field(examples=[49.998499955])
    """The share of the budget in per cent, to ten decimals; null when the amount is."""


class EuFunding(Schema):
    """What the European Union pays of the budget, at each stage."""

    planned: EuShare
    """What was applied for."""
    granted: EuShare
    """What was granted."""
    paid: EuShare
    """What was paid."""


class Financing(Schema):
    """Who pays for an initiative. Amounts are those that are known, whenever they fell due; none is converted."""

    as_of: Day = Field(examples=["2026-11-22"])
    """The day asked about."""
    initiative: Ref
    """The initiative. Its parts have budgets and grants of their own, which are not counted here."""
    budget: Money | None
    """Its whole budget; null when unknown."""
    partners: list[Partner[Ref]]
    """What its partners bring in."""
    grants: list[ProgrammeGrants]
    """What it was granted, by programme and currency, in Danish order. Applications that were rejected or withdrawn are
    left out."""
    eu: EuFunding
    """What the European Union pays of it."""
    financed: Money | None
    """What is known to be financed, in the currency of the budget: the partners' contributions, and the larger of what
    they state as co-financing and what was granted, or else paid, and not recovered, for the one includes the other.
    Null when the budget is unknown."""
    not_financed: Money | None
    """The budget less what is known to be financed; below zero where the sources exceed it, null when it is unknown."""


@router.get("/v1/initiatives/{id}/financing")
async def get_financing(id: RecordId, query: Annotated[Moment, Query()], read: Reading) -> Json[Financing]:
    """Who pays for an initiative, what share of it the European Union pays, and what is not known to be financed."""
    as_of = query.as_of or read.today()
    row = await read.row(_financing(), {"id": id, "as_of": as_of})
    if row is None:
        raise await missing(read, initiatives, id)
    return Json(row["financing"].encode(), headers={"Broen-As-Of": str(as_of)})


@cache
def _financing() -> Statement:
    counts = func.coalesce(GrantRow.status != all_(literal(PAYS_NOTHING, ARRAY(Text))), true())
    by_grant = {"grant": Key(GrantRow.id), "programme": Key(GrantRow.programme_id)}
    line = sums(by_grant, [GrantRow.initiative_id == ID, counts])
    granted = _by_programme(line)
    net = func.coalesce(line.c.awarded, line.c.paid, 0) - func.coalesce(line.c.recovered, 0)
    own = func.coalesce(_brought_in("contribution"), 0)
    others = func.greatest(_brought_in("cofinancing"), _of_budget(line, net), 0)
    order = [granted.c.sort_name, granted.c.id, granted.c.currency]
    whole = {
        "as_of": AS_OF,
        "initiative": json_object({"id": InitiativeRow.id, "name": InitiativeRow.title}),
        "budget": _in_currency(InitiativeRow.budget_amount),
        "partners": many(
            Partner[Ref], PartnerRow, PartnerRow.record_id == InitiativeRow.id, order=[PartnerRow.position]
        ),
        "grants": many(ProgrammeGrants, granted, order=order, programme=granted.c.programme),
        "eu": json_object({stage: _eu_share(granted, granted.c[amount]) for stage, amount in STAGES.items()}),
        "financed": _in_currency(func.round(own + others, 2)),
        "not_financed": _in_currency(InitiativeRow.budget_amount - own - others),
    }
    financing = cast(json_object(whole), Text).label("financing")
    return Statement(select(financing).where(InitiativeRow.id == ID), planned_once=True)


def _by_programme(line: CTE) -> CTE:
    """The lines by programme and currency, and whether the European Union pays: itself or what it is a part of."""
    programme = aliased(FundingProgrammeRow)
    above = select(line.c.programme.label("id"), line.c.programme.label("above_id")).cte("above", recursive=True)
    above = above.union(
        select(above.c.id, programme.parent_id).where(
            programme.id == above.c.above_id, programme.parent_id.is_not(None)
        )
    )
    of_eu = or_(programme.kind == "eu_programme", programme.fund == any_(literal(EU_FUNDS, ARRAY(Text))))
    return (
        select(
            FundingProgrammeRow.id,
            FundingProgrammeRow.sort_name,
            FundingProgrammeRow.fund,
            json_object({"id": FundingProgrammeRow.id, "name": FundingProgrammeRow.name}).label("programme"),
            exists()
            .where(above.c.id == FundingProgrammeRow.id, programme.id == above.c.above_id, of_eu)
            .correlate(FundingProgrammeRow)
            .label("from_eu"),
            line.c.currency,
            *(func.sum(line.c[name]).label(name) for name in FIGURES),
        )
        .where(FundingProgrammeRow.id == line.c.programme)
        .group_by(  # all that is selected: what has been is read through views, which have no primary key
            *(
                FundingProgrammeRow.id,
                FundingProgrammeRow.sort_name,
                FundingProgrammeRow.fund,
                FundingProgrammeRow.name,
            ),
            line.c.currency,
        )
        .cte("granted")
    )


def _of_budget(line: CTE, amount: ColumnElement[Any], *where: ColumnElement[bool]) -> ColumnElement[Any]:
    """The sum of an amount over the lines in the currency of the budget."""
    found = select(func.sum(amount)).where(line.c.currency == InitiativeRow.budget_currency, *where)
    return found.correlate(InitiativeRow).scalar_subquery()


def _brought_in(what: str) -> ColumnElement[Any]:
    """The sum of what the partners state in the currency of the budget."""
    amount, currency = getattr(PartnerRow, f"{what}_amount"), getattr(PartnerRow, f"{what}_currency")
    found = select(func.sum(amount)).where(
        PartnerRow.record_id == InitiativeRow.id, currency == InitiativeRow.budget_currency
    )
    return found.scalar_subquery()


def _eu_share(granted: CTE, amount: ColumnElement[Any]) -> ColumnElement[Any]:
    paid_by_eu = _of_budget(granted, amount, granted.c.from_eu)
    percent = func.round(100 * paid_by_eu / func.nullif(InitiativeRow.budget_amount, 0), DECIMALS)
    return json_object({"amount": paid_by_eu, "percent": percent})


def _in_currency(amount: SQLColumnExpression[Any]) -> ColumnElement[Any]:
    """An amount in the currency of the budget, as Money; null when the budget is unknown."""
    money = json_object({"amount": amount, "currency": InitiativeRow.budget_currency})
    return case((InitiativeRow.budget_amount.is_not(None), money))
