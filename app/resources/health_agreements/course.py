"""The course of a health agreement as far as the register knows it: when it is in force, and whether it is answered."""

from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Date, Integer, and_, case, cast, exists, extract, func, or_, select, true
from sqlalchemy.dialects.postgresql import DATERANGE
from sqlalchemy.orm import aliased

from app.resources.health_agreements.tables import ExtensionRow, HealthAgreementRow, MilestoneRow, PartyRow
from app.rest.view import AS_OF


def possible_days(agreement: Any) -> ColumnElement[Any]:
    """The days on which an agreement may be in force, for all that is known: neither before it begins nor once over.

    Where its own beginning is unknown, it begins no earlier than the period that its title names.
    """
    begins, over = _begins(agreement, agreement.nominal_earliest), _over_on(agreement)
    return func.daterange(begins, case((over < begins, begins), else_=over), type_=DATERANGE())


def known_days(agreement: Any) -> ColumnElement[Any]:
    """The days on which an agreement is known to be in force; null when that is known of none.

    Where its own beginning is unknown, that is so after the first year that its title names: those of 2019 began in
    July. Where its own end is unknown, it is so up to the end of the period that its title names, or that it was
    extended to: what was agreed for four years may have been followed by another that nobody has told the register.
    """
    begins, over = _begins(agreement, new_year(agreement.nominal_earliest, 1)), _over_on(agreement)
    extended = select(func.max(ExtensionRow.until)).where(ExtensionRow.record_id == agreement.id).scalar_subquery()
    promised = func.greatest(agreement.nominal_latest + 1, extended, type_=Date())
    ends = case((_ends(agreement).is_(None), func.least(promised, over, type_=Date())), else_=over)
    days = func.daterange(begins, case((ends < begins, begins), else_=ends), type_=DATERANGE())
    return case((and_(agreement.period.is_not(None), begins.is_not(None)), days))


def in_force(agreement: Any, day: ColumnElement[Any] = AS_OF) -> ColumnElement[bool]:
    """Whether an agreement is in force on a day: known to be, known not to be, or null."""
    return case((~possible_days(agreement).contains(day), False), (known_days(agreement).contains(day), True))


def new_year(day: Any, later: int) -> ColumnElement[date]:
    """The first day of the year of a day, or of a later one: a title's bounds are no vaguer than years."""
    return func.make_date(cast(extract("year", day), Integer) + later, 1, 1, type_=Date())


def _begins(agreement: Any, otherwise: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(func.lower(agreement.period, type_=Date), otherwise, type_=Date())


def _ends(agreement: Any) -> ColumnElement[Any]:
    return func.upper(agreement.period, type_=Date)


def _over_on(agreement: Any) -> ColumnElement[Any]:
    """The first day on which it is over: it has ended or lapsed, or, while its end is unknown, another replaces it."""
    later = aliased(HealthAgreementRow)
    lapsed = select(func.min(MilestoneRow.date_latest)).where(
        MilestoneRow.record_id == agreement.id, MilestoneRow.kind == "lapsed"
    )
    replaced = select(func.min(func.lower(later.period, type_=Date))).where(later.replaces_id == agreement.id)
    ends = func.coalesce(_ends(agreement), replaced.scalar_subquery(), type_=Date())
    return func.least(ends, lapsed.scalar_subquery(), type_=Date())


SENT: Final = func.coalesce(
    select(func.min(MilestoneRow.date_earliest))
    .where(MilestoneRow.record_id == PartyRow.record_id, MilestoneRow.kind == "sent_to_parties")
    .scalar_subquery()
    <= AS_OF,
    true(),
)
"""That an agreement was not sent to a party only after the day asked about."""
ALL_ADOPTED: Final = exists().where(
    MilestoneRow.record_id == PartyRow.record_id,
    MilestoneRow.kind == "adopted_by_parties",
    func.coalesce(MilestoneRow.date_latest <= AS_OF, true()),
)
"""That the last council had adopted the agreement by the day asked about, whenever each of them did."""
UNANSWERED: Final = or_(
    PartyRow.decision == "pending", PartyRow.decided_on > AS_OF, and_(PartyRow.decision.is_(None), ~ALL_ADOPTED)
)
"""That a party is not known to have answered by the day asked about."""
