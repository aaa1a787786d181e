"""The tables of initiatives."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Mapped, mapped_column

from app.db import PartRow, RecordRow, danish_order, made, once, part_of, refers_to


def area_ids(initiative: Any) -> list[str]:
    """The regions and municipalities that an initiative works in."""
    return [area.municipality or area.region for area in initiative.areas]


def partner_ids(initiative: Any) -> list[str]:
    """The organisations that are its partners."""
    return [partner.organisation for partner in initiative.partners]


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
    area_ids: Mapped[list[str]] = made(area_ids)
    partner_ids: Mapped[list[str]] = made(partner_ids)
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
