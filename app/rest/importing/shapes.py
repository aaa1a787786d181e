"""What an import tells of what it did, or would do."""

from pydantic import Field

from app.rest.history import Operation
from app.rest.schema import Schema
from app.rest.versions import FieldChange


class ImportedResource(Schema):
    """What became of the records of one resource."""

    resource: str = Field(examples=["goals"])
    """The resource."""
    created: int = Field(examples=[12])
    """How many records were not there before."""
    replaced: int = Field(examples=[3])
    """How many became different."""
    unchanged: int = Field(examples=[240])
    """How many were already what the file says, and have no new version."""


class ImportedRecord(Schema):
    """A record that an import writes."""

    record: str = Field(examples=["goals/sundhedsaftale-sjaelland-2019-maal-1"])
    """The record, as its path below /v1."""
    row: int = Field(examples=[17])
    """The row of the file that says so."""
    operation: Operation = Field(examples=["replace"])
    """What is done."""
    changes: list[FieldChange]
    """The fields that become different; of a record that is created the whole one (`""`)."""


class Imported(Schema):
    """What an import did, or with `dry_run` would do."""

    dry_run: bool = Field(examples=[False])
    """Whether it was a trial, and nothing was written."""
    revision: int | None = Field(examples=[17])
    """The revision that it is; null for a trial, and where everything was already as the file says."""
    created: int = Field(examples=[12])
    """How many records were not there before."""
    replaced: int = Field(examples=[3])
    """How many became different."""
    unchanged: int = Field(examples=[240])
    """How many were already what the file says, and have no new version."""
    resources: list[ImportedResource]
    """The same by resource, in the order in which they were written."""
    records: list[ImportedRecord]
    """The records that are written, in the order of the file: the first hundred."""
    more: int = Field(examples=[0])
    """How many further records are written."""
