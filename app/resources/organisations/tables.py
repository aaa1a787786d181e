"""The tables of organisations."""

from datetime import date

from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Mapped, mapped_column

from app.db import PartRow, RecordRow, comes_after, danish_order, once, part_of, refers_to


class OrganisationRow(RecordRow):
    __tablename__ = "organisation"

    kind: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    region_id: Mapped[str | None] = refers_to("region")
    municipality_id: Mapped[str | None] = refers_to("municipality")
    period: Mapped[Range[date] | None]
    website: Mapped[str | None]
    sort_name: Mapped[str] = danish_order("name")


class NameVariantRow(PartRow):
    __tablename__ = "organisation_name_variant"

    record_id: Mapped[str] = part_of("organisation")
    name: Mapped[str]
    note: Mapped[str | None]


class PredecessorRow(PartRow):
    __tablename__ = "organisation_predecessor"
    __table_args__ = (once("organisation_id"),)

    record_id: Mapped[str] = part_of("organisation")
    organisation_id: Mapped[str] = comes_after("organisation")
    since: Mapped[date | None]
    legal_basis: Mapped[str | None]


class IdentifierRow(PartRow):
    __tablename__ = "organisation_identifier"

    record_id: Mapped[str] = part_of("organisation")
    scheme: Mapped[str]
    value: Mapped[str]


class ContactPointRow(PartRow):
    __tablename__ = "organisation_contact_point"

    record_id: Mapped[str] = part_of("organisation")
    name: Mapped[str]
    street: Mapped[str | None]
    postal_code: Mapped[str | None]
    town: Mapped[str | None]
    phone: Mapped[str | None]
    email: Mapped[str | None]


class MemberRow(PartRow):
    __tablename__ = "organisation_member"

    record_id: Mapped[str] = part_of("organisation")
    organisation_id: Mapped[str | None] = refers_to("organisation")
    described_as: Mapped[str | None]
    person: Mapped[str | None]
    role: Mapped[str | None]
    seats: Mapped[int | None]
    appointed_by: Mapped[str | None]
    period: Mapped[Range[date] | None]
    stated_edtf: Mapped[str | None]
    stated_earliest: Mapped[date | None]
    stated_latest: Mapped[date | None]


class OfficeRow(PartRow):
    __tablename__ = "organisation_office"

    record_id: Mapped[str] = part_of("organisation")
    title: Mapped[str]
    person: Mapped[str]
    party: Mapped[str | None]
    period: Mapped[Range[date] | None]
    held_on: Mapped[date | None]
