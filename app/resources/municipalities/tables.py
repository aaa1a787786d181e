"""The tables of municipalities."""

from datetime import date

from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Mapped

from app.db import PartRow, RecordRow, danish_order, part_of, refers_to


class MunicipalityRow(RecordRow):
    __tablename__ = "municipality"

    country: Mapped[str]
    code: Mapped[str | None]
    code_system: Mapped[str | None]
    nuts3: Mapped[str | None]
    nuts_year: Mapped[int | None]
    name: Mapped[str]
    point_latitude: Mapped[float | None]
    point_longitude: Mapped[float | None]
    period: Mapped[Range[date]]
    sort_name: Mapped[str] = danish_order("name")


class MembershipRow(PartRow):
    __tablename__ = "municipality_membership"

    record_id: Mapped[str] = part_of("municipality")
    region_id: Mapped[str] = refers_to("region")
    period: Mapped[Range[date]]
