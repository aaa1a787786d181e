"""What changed between two versions of a record, as the change log has them."""

import json
from collections.abc import Iterator
from functools import lru_cache
from itertools import zip_longest
from typing import Annotated, Any

from pydantic import Field, JsonValue, WithJsonSchema
from sqlalchemy import Integer, ScalarSelect, Text, bindparam, cast, func, select

from app.errors import BadParameters, bad_parameter
from app.rest.changes import ChangeRow
from app.rest.missing import missing
from app.rest.reading import Reader, Statement
from app.rest.resource import Resource
from app.rest.response import Json
from app.rest.schema import Schema

Version = Annotated[int, Field(ge=1, le=2**31 - 1)]


class DiffQuery(Schema):
    """Between which versions."""

    from_: Version = Field(alias="from", examples=[1])
    """The version to begin with."""
    to: Version = Field(examples=[1])
    """The version to end with; an earlier one shows what it would take to go back."""


class FieldChange(Schema):
    """A field that differs between two versions."""

    pointer: str = Field(examples=["/parties/3/decision"])
    """JSON pointer (RFC 6901) to the field."""
    before: Annotated[JsonValue | None, WithJsonSchema({})] = Field(examples=[None])
    """Its value before; null also when it was not there."""
    after: Annotated[JsonValue | None, WithJsonSchema({})] = Field(examples=["adopted"])
    """Its value afterwards; null also when it is not there any more."""


class Diff(Schema):
    """What changed between two versions of a record; references are ids."""

    id: str = Field(examples=["sundhedsaftale-sjaelland-2019"])
    """The record."""
    from_version: int = Field(examples=[1])
    """The version that the comparison begins with."""
    to_version: int = Field(examples=[2])
    """The version that it ends with."""
    changes: list[FieldChange]
    """The fields that differ, in the order of the record; empty when nothing does."""


async def diff(read: Reader, resource: Resource[Any, Any], id: str, query: DiffQuery) -> Json[Diff]:
    """Compare two versions of a record; BadParameters names the versions that there are."""
    asked = {"from": query.from_, "to": query.to}
    row = await read.row(_two_versions(), {"resource": resource.name, "id": id, **asked})
    if row is None or row["newest"] is None:
        raise await missing(read, resource.name, resource.table, id)
    unknown = [name for name in asked if row[name] is None]
    if unknown:
        there_are = f"The record has the versions 1 to {row['newest']}"
        raise BadParameters(faults=[bad_parameter(name, there_are) for name in unknown])
    before, after = (json.loads(row[name]) for name in asked)
    found = Diff(
        id=id,
        from_version=query.from_,
        to_version=query.to,
        changes=[FieldChange(pointer=p, before=old, after=new) for p, old, new in differences(before, after)],
    )
    return Json(found.model_dump_json().encode())


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
    """The stored record in two versions, and the newest version that there is."""
    this = (ChangeRow.resource == bindparam("resource"), ChangeRow.id == bindparam("id"))

    def version(name: str) -> ScalarSelect[Any]:
        wanted = ChangeRow.version == bindparam(name, type_=Integer())
        return select(cast(ChangeRow.value, Text)).where(*this, wanted).scalar_subquery()

    newest = select(func.max(ChangeRow.version)).where(*this).scalar_subquery()
    return Statement(select(version("from").label("from"), version("to").label("to"), newest.label("newest")))
