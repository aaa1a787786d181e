"""What changed between two versions of a record, or from one record to another, as the change log has them."""

import json
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from itertools import zip_longest
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema
from sqlalchemy import Integer, ScalarSelect, Select, Text, bindparam, cast, func, select

from app.errors import BadParameters, bad_parameter
from app.rest.changes import ChangeRow
from app.rest.kind import Kind
from app.rest.known import Known
from app.rest.missing import missing, nearest
from app.rest.reading import Reader, Statement
from app.rest.response import Json, spelt
from app.rest.schema import Absent, Id, Schema

Version = Annotated[int, Field(ge=1, le=2**31 - 1)]


class DiffQuery(Known):
    """Between what."""

    from_: Version | Absent = Field(None, alias="from", examples=[1])
    """The version to begin with; the newest when left out."""
    to: Version | Absent = Field(None, examples=[1])
    """The version to end with; the newest when left out. An earlier one shows what it would take to go back."""
    against: Id | Absent = None
    """Another record of the same kind to begin with, such as the agreement before; `from` is then a version of it."""


class FieldChange(Schema):
    """A field that differs between two versions."""

    pointer: str = Field(examples=["/parties/3/decision"])
    """JSON pointer (RFC 6901) to the field."""
    before: Annotated[Any, WithJsonSchema({})] = Field(examples=[None])
    """Its value before; null also when it was not there."""
    after: Annotated[Any, WithJsonSchema({})] = Field(examples=["adopted"])
    """Its value afterwards; null also when it is not there any more."""


class Diff(Schema):
    """What changed between two versions of a record, or from another record to it; references are ids."""

    id: str = Field(examples=["sundhedsaftale-sjaelland-2019"])
    """The record."""
    against: str = Field(examples=["sundhedsaftale-sjaelland-2019"])
    """The record that the comparison begins with; the same unless another was asked for."""
    from_version: int = Field(examples=[1])
    """The version that it begins with."""
    to_version: int = Field(examples=[2])
    """The version that it ends with."""
    changes: list[FieldChange]
    """The fields that differ; empty when none does."""


async def diff(read: Reader, kind: Kind[Any, Any], id: str, query: DiffQuery) -> Json[Diff]:
    """Compare two versions of a record, or two records; BadParameters names the versions that there are."""
    against = query.against or id
    asked = {"resource": kind.name, "id": id, "against": against, "from": query.from_, "to": query.to}
    row = await read.row(_two_versions(), asked)
    assert row is not None, "scalars give a row"
    if row["newest"] is None:
        raise await missing(read, kind, id)
    if row["newest_against"] is None:
        near = await nearest(read, kind.table, against)
        raise BadParameters(faults=[bad_parameter("against", f"Nothing has the id {against}", near)])
    sides = {"from": row["newest_against"], "to": row["newest"]}
    if unknown := [name for name in sides if row[name] is None]:
        faults = [bad_parameter(name, f"The record has the versions 1 to {sides[name]}") for name in unknown]
        raise BadParameters(faults=faults)
    before, after = (json.loads(row[name], parse_float=Decimal) for name in sides)
    found = Diff(
        id=id,
        against=against,
        from_version=query.from_ or sides["from"],
        to_version=query.to or sides["to"],
        changes=[FieldChange(pointer=p, before=old, after=new) for p, old, new in differences(before, after)],
    )
    return Json(spelt(found.model_dump()).encode())


def differences(before: Any, after: Any, pointer: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Each place where two JSON values differ, and what stands there in either."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            yield from differences(before.get(key), after.get(key), f"{pointer}/{key}")
    elif isinstance(before, list) and isinstance(after, list):
        for n, (old, new) in enumerate(zip_longest(before, after)):
            yield from differences(old, new, f"{pointer}/{n}")
    elif before != after:
        yield pointer, before, after


@lru_cache(maxsize=1)
def _two_versions() -> Statement:
    """The stored values to compare, and the newest version of either record."""

    def of(record: str) -> Select[Any]:
        return select().where(ChangeRow.resource == bindparam("resource"), ChangeRow.id == bindparam(record))

    def newest(record: str) -> ScalarSelect[Any]:
        return of(record).with_only_columns(func.max(ChangeRow.version)).scalar_subquery()

    def value(record: str, version: str) -> ScalarSelect[Any]:
        wanted = func.coalesce(bindparam(version, type_=Integer()), newest(record))
        told = cast(func.published(ChangeRow.id, ChangeRow.revision, ChangeRow.value), Text)
        return of(record).with_only_columns(told).where(ChangeRow.version == wanted).scalar_subquery()

    return Statement(
        select(
            value("against", "from").label("from"),
            value("id", "to").label("to"),
            newest("id").label("newest"),
            newest("against").label("newest_against"),
        )
    )
