"""The tables of health agreements."""

from datetime import date

from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Mapped

from app.db import PartRow, RecordRow, danish_order, once, part_of, refers_to


class HealthAgreementRow(RecordRow):
    __tablename__ = "health_agreement"

    kind: Mapped[str]
    title: Mapped[str]
    region_id: Mapped[str] = refers_to("region")
    drafted_by_id: Mapped[str | None] = refers_to("organisation")
    legal_basis: Mapped[str | None]
    nominal_edtf: Mapped[str | None]
    nominal_earliest: Mapped[date | None]
    nominal_latest: Mapped[date | None]
    period: Mapped[Range[date] | None]
    vision: Mapped[str | None]
    edition: Mapped[str | None]
    replaces_id: Mapped[str | None] = refers_to("health_agreement")
    amends_id: Mapped[str | None] = refers_to("health_agreement")
    focus_areas: Mapped[list[str]]
    sort_title: Mapped[str] = danish_order("title")


class PartyRow(PartRow):
    __tablename__ = "health_agreement_party"
    __table_args__ = (once("organisation_id"),)

    record_id: Mapped[str] = part_of("health_agreement")
    organisation_id: Mapped[str] = refers_to("organisation")
    decision: Mapped[str | None]
    decided_on: Mapped[date | None]
    deadline: Mapped[date | None]
    reservation: Mapped[str | None]
    case_number: Mapped[str | None]


class MilestoneRow(PartRow):
    __tablename__ = "health_agreement_milestone"

    record_id: Mapped[str] = part_of("health_agreement")
    kind: Mapped[str]
    date_edtf: Mapped[str | None]
    date_earliest: Mapped[date | None]
    date_latest: Mapped[date | None]
    note: Mapped[str | None]


class ExtensionRow(PartRow):
    __tablename__ = "health_agreement_extension"

    record_id: Mapped[str] = part_of("health_agreement")
    until: Mapped[date]
    legal_basis: Mapped[str | None]


class ReviewRow(PartRow):
    __tablename__ = "health_agreement_review"
    __table_args__ = (once("year"),)

    record_id: Mapped[str] = part_of("health_agreement")
    year: Mapped[int]
    held_edtf: Mapped[str | None]
    held_earliest: Mapped[date | None]
    held_latest: Mapped[date | None]
    reviewed_by_id: Mapped[str | None] = refers_to("organisation")
    summary: Mapped[str | None]
