"""The tables of plans."""

from datetime import date

from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Mapped

from app.db import PartRow, RecordRow, danish_order, part_of, refers_to


class PlanRow(RecordRow):
    __tablename__ = "plan"

    kind: Mapped[str]
    title: Mapped[str]
    organisation_id: Mapped[str | None] = refers_to("organisation")
    period: Mapped[Range[date] | None]
    summary: Mapped[str | None]
    sort_title: Mapped[str] = danish_order("title")


class PrincipleRow(PartRow):
    __tablename__ = "plan_principle"

    record_id: Mapped[str] = part_of("plan")
    title: Mapped[str]
    text: Mapped[str | None]


class FocusAreaRow(PartRow):
    __tablename__ = "plan_focus_area"

    record_id: Mapped[str] = part_of("plan")
    title: Mapped[str]
    text: Mapped[str | None]


class PlanMilestoneRow(PartRow):
    __tablename__ = "plan_milestone"

    record_id: Mapped[str] = part_of("plan")
    kind: Mapped[str]
    announced: Mapped[bool]
    date_edtf: Mapped[str | None]
    date_earliest: Mapped[date | None]
    date_latest: Mapped[date | None]
    note: Mapped[str | None]


class AdviceRow(PartRow):
    __tablename__ = "plan_advice"

    record_id: Mapped[str] = part_of("plan")
    organisation_id: Mapped[str] = refers_to("organisation")
    asked_on: Mapped[date | None]
    obtained_on: Mapped[date | None]
    summary: Mapped[str | None]
