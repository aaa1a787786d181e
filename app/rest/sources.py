"""Where facts come from: which document states which fields of which record, in which words.

All resources share one table, so that a document knows everything that it supports.
"""

from datetime import date
from typing import Any, Final

from jsonpointer import JsonPointerException, resolve_pointer
from sqlalchemy import ColumnElement, Index, ScalarSelect, any_, exists
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import InstrumentedAttribute, Mapped, aliased, mapped_column

from app.db import PartRow, refers_to
from app.errors import Fault, bad_value
from app.rest.query import Where, stored_column
from app.rest.schema import RecordData, Source
from app.rest.view import many


class SourceRow(PartRow):
    """That a document states something of a record of any resource."""

    __tablename__ = "source"
    __table_args__ = (Index(None, "resource", "record_id"),)

    resource: Mapped[str]
    document_id: Mapped[str] = refers_to("document")
    fields: Mapped[list[str]]
    quote: Mapped[str | None]
    read_on: Mapped[date | None]
    stated: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))


OwnSource: Final = aliased(SourceRow, name="own_source")
"""The sources of a record that is read itself, and so written whenever they are."""


def _of(resource: str, id: InstrumentedAttribute[str]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return OwnSource.resource == resource, OwnSource.record_id == id


def sources_of(resource: str, id: InstrumentedAttribute[str], shape: type[Source[Any]]) -> ScalarSelect[Any]:
    """The sources of a record, as an array."""
    return many(shape, OwnSource, *_of(resource, id), order=[OwnSource.position])


def supported_by(resource: str, id: InstrumentedAttribute[str]) -> Where:
    """The filter on records of which a document is a source."""
    document = stored_column(SourceRow.document_id)

    def condition(documents: Any) -> ColumnElement[bool]:
        return exists().where(*_of(resource, id), OwnSource.document_id == any_(documents))

    return Where(condition, ARRAY(document.type), (document,))


def dangling(data: RecordData[Any], path: str) -> list[Fault]:
    """A fault for each pointer of a source that points at nothing in its record, which has this path below /v1."""
    pointers = [
        (f"/sources/{n}/fields/{m}", pointer)
        for n, source in enumerate(data.sources)
        for m, pointer in enumerate(source.fields)
        if pointer  # "" is the whole record
    ]
    record = data.model_dump(mode="json") if pointers else None
    return [
        bad_value(place, f"{pointer} is no field of the record", path)
        for place, pointer in pointers
        if not _points(record, pointer)
    ]


def _points(record: Any, pointer: str) -> bool:
    try:
        resolve_pointer(record, pointer)
    except JsonPointerException:
        return False
    return True
