"""The tables of initiatives."""

from datetime import date
from decimal import Decimal

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Mapped, mapped_column

from app.db import PartRow, RecordRow, danish_order, once, part_of, refers_to


class InitiativeRow(RecordRow):
    __tablename__ = "initiative"
    __table_args__ = (Index(None, "lead_id", "id"),)

    kind: Mapped[str] = mapped_column(index=True)
    parent_id: Mapped[str | None] = refers_to("initiative")
    title: Mapped[str]
    summary: Mapped[str | None]
    background: Mapped[str | None]
    vision: Mapped[str | None]
    aims: Mapped[list[str]]
    status: Mapped[str | None] = mapped_column(index=True)
    period: Mapped[Range[date] | None]
    lead_id: Mapped[str | None] = refers_to("organisation")
    budget_amount: Mapped[Decimal | None]
    budget_currency: Mapped[str | None] = mapped_column(index=True)
    sort_title: Mapped[str] = danish_order("title")


class PartnerRow(PartRow):
    __tablename__ = "initiative_partner"
    __table_args__ = (Index(None, "organisation_id", "record_id"),)

    record_id: Mapped[str] = part_of("initiative")
    organisation_id: Mapped[str] = refers_to("organisation")
    role: Mapped[str]
    period: Mapped[Range[date] | None]
    budget_amount: Mapped[Decimal | None]
    budget_currency: Mapped[str | None]
    cofinancing_amount: Mapped[Decimal | None]
    cofinancing_currency: Mapped[str | None]
    contribution_amount: Mapped[Decimal | None]
    contribution_currency: Mapped[str | None]


class InitiativeAreaRow(PartRow):
    __tablename__ = "initiative_area"
    __table_args__ = (Index(None, "municipality_id", "record_id"), Index(None, "region_id", "record_id"))

    record_id: Mapped[str] = part_of("initiative")
    region_id: Mapped[str | None] = refers_to("region")
    municipality_id: Mapped[str | None] = refers_to("municipality")


class GoalServedRow(PartRow):
    __tablename__ = "initiative_goal"
    __table_args__ = (once("goal_id"),)

    record_id: Mapped[str] = part_of("initiative")
    goal_id: Mapped[str] = refers_to("goal")


class TargetGroupRow(PartRow):
    __tablename__ = "initiative_target_group"

    record_id: Mapped[str] = part_of("initiative")
    description: Mapped[str]
    persons_min: Mapped[int | None]
    persons_max: Mapped[int | None]


class StageRow(PartRow):
    __tablename__ = "initiative_stage"

    record_id: Mapped[str] = part_of("initiative")
    name: Mapped[str]
    persons_min: Mapped[int | None]
    persons_max: Mapped[int | None]
    period: Mapped[Range[date] | None]


class ContactRow(PartRow):
    __tablename__ = "initiative_contact"

    record_id: Mapped[str] = part_of("initiative")
    role: Mapped[str]
    person: Mapped[str | None]
    organisation_id: Mapped[str | None] = refers_to("organisation")
    phone: Mapped[str | None]
    email: Mapped[str | None]
    publish_until: Mapped[date | None]
