"""What the service says of itself and of its callers: that it lives, that it is ready, what it holds, who asks."""

from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import DateTime, Text, any_, bindparam, cast, column, func, literal, select, table
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from app import __version__
from app.auth import Known, Role
from app.db import table_of
from app.errors import Unavailable
from app.insights import INSIGHTS
from app.migrating import mismatch
from app.resources import RESOURCES
from app.resources.organisations import OrganisationRow
from app.rest import known
from app.rest.changes import RevisionRow
from app.rest.reading import Reading, Statement
from app.rest.response import Json
from app.rest.schema import Ref, Schema
from app.rest.view import json_object

router: Final = APIRouter(tags=["about"])


class Health(Schema):
    """That the service can do its work."""

    status: Literal["ok"] = Field(examples=["ok"])
    """Always ok; anything else is a problem with another status."""


class Entry(Schema):
    """A resource of the register."""

    name: str = Field(examples=["municipalities"])
    """What it is called."""
    href: str = Field(examples=["/v1/municipalities"])
    """The path of its list."""
    count: int = Field(examples=[131])
    """How many records there are, whatever their period."""


class Insight(Schema):
    """A question that is answered from several resources together."""

    name: str = Field(examples=["funding/summary"])
    """What it is called."""
    href: str = Field(examples=["/v1/funding/summary"])
    """Its path."""


class Index(Schema):
    """What the register holds, and where."""

    name: Literal["Broen"] = Field(examples=["Broen"])
    """The name of the register."""
    version: str = Field(examples=["0.1.0"])
    """The version of the service."""
    docs: str = Field(examples=["/docs"])
    """The path of the interactive reference."""
    openapi: str = Field(examples=["/openapi.json"])
    """The path of the OpenAPI document."""
    search: str = Field(examples=["/v1/search"])
    """The path of the search over everything; give it `q`."""
    autocomplete: str = Field(examples=["/v1/autocomplete"])
    """The path to ask while somebody types; give it `q`."""
    revision: int = Field(examples=[1])
    """The latest revision: the number of write transactions that the register has seen."""
    resources: list[Entry]
    """Its resources."""
    insights: list[Insight]
    """What it tells beside its records; what it tells of a single one is below the path of that one."""


class Me(Schema):
    """Who the caller is, and what they may write."""

    name: str = Field(examples=["key:brn_3f9a1c2e Sundhedssekretariatet"])
    """What the history of a record calls them."""
    role: Role = Field(examples=["editor"])
    """What they may do."""
    organisations: list[Ref]
    """The organisations whose records they keep, in Danish order; empty for a steward and an admin, who keep all."""
    expires_at: datetime | None = Field(examples=["2027-12-31T23:00:00+00:00"])
    """When their token expires; null when it does not."""


class Nothing(Schema):
    """That a path takes no parameters."""


@router.get("/livez")
async def livez(_: Annotated[Nothing, Query()]) -> Health:
    """Tell that the process answers, whatever the state of the database."""
    return Health(status="ok")


@router.get("/readyz")
async def readyz(_: Annotated[Nothing, Query()], read: Reading) -> Health:
    """Tell that the database can be reached and its schema is the newest; 503 otherwise."""
    row = await read.row(_version(), {})
    if wrong := mismatch(row and row["version_num"]):
        raise Unavailable(wrong)
    return Health(status="ok")


@router.get("/v1")
async def index(_: Annotated[known.Known, Query()], read: Reading) -> Json[Index]:
    """What the register holds, with links and counts: the place to start."""
    row = await read.row(_index(read.root), {})
    assert row is not None, "a SELECT without a FROM gives a row"
    return Json(row["index"].encode())


@router.get("/v1/me")
async def me(_: Annotated[Nothing, Query()], caller: Known, read: Reading) -> Json[Me]:
    """Who the caller is, by their token: what to show and to offer in a page for those who write."""
    row = await read.row(_me(), {field.name: getattr(caller, field.name) for field in fields(caller)})
    assert row is not None, "a SELECT without a FROM gives a row"
    return Json(row["me"].encode(), headers={"Cache-Control": "no-store"})


@cache
def _me() -> Statement:
    organisation = table_of(OrganisationRow).c
    ref = json_object({"id": organisation.id, "name": organisation.name})
    kept = select(func.json_agg(aggregate_order_by(ref, organisation.sort_name))).where(
        organisation.id == any_(bindparam("organisations", type_=ARRAY(Text)))
    )
    whole = {
        "name": bindparam("name", type_=Text),
        "role": bindparam("role", type_=Text),
        "organisations": func.coalesce(kept.scalar_subquery(), func.json_build_array()),
        "expires_at": bindparam("expires_at", type_=DateTime(timezone=True)),
    }
    return Statement(select(cast(json_object(whole), Text).label("me")))


@cache
def _version() -> Statement:
    return Statement(select(column("version_num")).select_from(table("alembic_version")), bare=True)


@cache
def _index(root: str) -> Statement:
    entries = [
        json_object(
            {
                "name": literal(resource.name),
                "href": literal(root + resource.path),
                "count": select(func.count()).select_from(resource.table).scalar_subquery(),
            }
        )
        for resource in RESOURCES
    ]
    insights = [json_object({"name": literal(n), "href": literal(f"{root}/v1/{n}")}) for n in _insights()]
    whole = {
        "name": literal("Broen"),
        "version": literal(__version__),
        "docs": literal(f"{root}/docs"),
        "openapi": literal(f"{root}/openapi.json"),
        "search": literal(f"{root}/v1/search"),
        "autocomplete": literal(f"{root}/v1/autocomplete"),
        "revision": select(func.coalesce(func.max(RevisionRow.id), 0)).scalar_subquery(),
        "resources": func.json_build_array(*entries),
        "insights": func.json_build_array(*insights),
    }
    return Statement(select(cast(json_object(whole), Text).label("index")))


def _insights() -> list[str]:
    """The paths below /v1 of insights that are of no single record."""
    paths = (getattr(route, "path", "") for router in INSIGHTS for route in router.routes)
    return [path.removeprefix("/v1/") for path in paths if "{" not in path]
