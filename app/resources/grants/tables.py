"""The tables of grants."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from app.db import PartRow, RecordRow, danish_order, made, once, part_of, refers_to


def paid(grant: Any) -> list[Any]:
    """What is known to have been paid of a grant, all of it in one currency."""
    return [instalment.paid for instalment in grant.instalments if instalment.paid]


def paid_amount(grant: Any) -> Decimal | None:
    """What that comes to."""
    return sum(money.amount for money in known) if (known := paid(grant)) else None


def paid_currency(grant: Any) -> str | None:
    """The currency that it is in."""
    return next((money.currency for money in paid(grant)), None)


class GrantRow(RecordRow):
    __tablename__ = "grant"
    __table_args__ = (
        ForeignKeyConstraint(
            ["programme_id", "call"],
            ["funding_programme_call.record_id", "funding_programme_call.title"],
            deferrable=True,
            initially="DEFERRED",
        ),
    )

    title: Mapped[str]
    programme_id: Mapped[str] = refers_to("funding_programme")
    funder_id: Mapped[str | None] = refers_to("organisation")
    initiative_id: Mapped[str | None] = refers_to("initiative")
    status: Mapped[str | None] = mapped_column(index=True)
    call: Mapped[str | None]
    applied_edtf: Mapped[str | None]
    applied_earliest: Mapped[date | None]
    applied_latest: Mapped[date | None]
    sought_amount: Mapped[Decimal | None]
    sought_currency: Mapped[str | None]
    awarded_amount: Mapped[Decimal | None]
    awarded_currency: Mapped[str | None] = mapped_column(index=True)
    award_date_edtf: Mapped[str | None]
    award_date_earliest: Mapped[date | None]
    award_date_latest: Mapped[date | None]
    conditional: Mapped[bool | None]
    conditions: Mapped[str | None]
    recovered_amount: Mapped[Decimal | None]
    recovered_currency: Mapped[str | None]
    paid_amount: Mapped[Decimal | None] = made(paid_amount, Numeric())
    paid_currency: Mapped[str | None] = made(paid_currency)
    sort_title: Mapped[str] = danish_order("title")


class RecipientRow(PartRow):
    __tablename__ = "grant_recipient"
    __table_args__ = (once("organisation_id"),)

    record_id: Mapped[str] = part_of("grant")
    organisation_id: Mapped[str] = refers_to("organisation")
    share_amount: Mapped[Decimal | None]
    share_currency: Mapped[str | None]


class InstalmentRow(PartRow):
    __tablename__ = "grant_instalment"

    record_id: Mapped[str] = part_of("grant")
    planned_on: Mapped[date | None]
    planned_amount: Mapped[Decimal | None]
    planned_currency: Mapped[str | None]
    paid_on: Mapped[date | None]
    paid_amount: Mapped[Decimal | None]
    paid_currency: Mapped[str | None]


class AccountRow(PartRow):
    __tablename__ = "grant_account"

    record_id: Mapped[str] = part_of("grant")
    due_on: Mapped[date | None]
    delivered_on: Mapped[date | None]
    claimed_amount: Mapped[Decimal | None]
    claimed_currency: Mapped[str | None]
    accepted_amount: Mapped[Decimal | None]
    accepted_currency: Mapped[str | None]
    rejected_amount: Mapped[Decimal | None]
    rejected_currency: Mapped[str | None]
    audit_auditor: Mapped[str | None]
    audit_opinion: Mapped[str | None]
    audit_given_on: Mapped[date | None]


class ReportRow(PartRow):
    __tablename__ = "grant_report"

    record_id: Mapped[str] = part_of("grant")
    title: Mapped[str]
    due_on: Mapped[date | None]
    delivered_on: Mapped[date | None]
