"""What insights show of a record of any resource: what it is called, and which areas it concerns."""

from typing import Annotated, Any, Final

from pydantic import Field
from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    Text,
    any_,
    case,
    func,
    literal_column,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON, aggregate_order_by
from typing_extensions import TypeAliasType

from app.db import table_of
from app.resources import RESOURCES
from app.resources.consultations import ConsultationRow
from app.resources.events import EventRow
from app.resources.goals import GoalRow
from app.resources.grants.tables import GrantRow, RecipientRow
from app.resources.health_agreements.tables import HealthAgreementRow
from app.resources.initiatives.tables import InitiativeAreaRow, InitiativeRow
from app.resources.measurements import MeasurementRow
from app.resources.municipalities.map import IN_REGION
from app.resources.municipalities.tables import MunicipalityRow
from app.resources.organisations.tables import OrganisationRow
from app.resources.plans.tables import PlanRow
from app.resources.regions import RegionRow
from app.rest.links import Link
from app.rest.one_of import OneOf
from app.rest.query import Where
from app.rest.schema import Id, RecordPath, Schema
from app.rest.schema import Text as Words
from app.rest.view import json_object

NAMES: Final = [resource.name for resource in RESOURCES]
ResourceName = TypeAliasType("ResourceName", Annotated[str, OneOf({r.name: r.about for r in RESOURCES})])


class RecordRef(Schema):
    """A record of any resource."""

    resource: ResourceName = Field(examples=["health-agreements"])
    """The resource that it belongs to."""
    id: Id = Field(examples=["sundhedsaftale-sjaelland-2019"])
    """Its permanent id."""
    title: Words = Field(examples=["Sundhedsaftalen 2019-2023"])
    """Its title or name; its id where it has neither."""
    path: RecordPath = Field(examples=["health-agreements/sundhedsaftale-sjaelland-2019"])
    """Its path below /v1."""


def path_of(resource: str, id: Any) -> ColumnElement[str]:
    """The path below /v1 of a record of this resource."""
    return literal_column(f"'{resource}/'", Text()).concat(id)


def _titles(id: ColumnElement[str]) -> dict[str, ScalarSelect[Any]]:
    """What a record is called, by the name of its resource."""
    columns = {r.name: next(r.table.c[n] for n in ("name", "title", "id") if n in r.table.c) for r in RESOURCES}
    return {n: select(c).where(c.table.c.id == id).scalar_subquery() for n, c in columns.items()}


def record_ref(resource: ColumnElement[str], id: ColumnElement[str]) -> ColumnElement[Any]:
    """The record of a resource and an id, as a RecordRef."""
    title = case(*((resource == literal_column(f"'{name}'"), title) for name, title in _titles(id).items()))
    return json_object({"resource": resource, "id": id, "title": title, "path": resource.concat("/").concat(id)})


AREA = func.coalesce(OrganisationRow.region_id, OrganisationRow.municipality_id)
"""What an organisation governs."""


def _concerns(resource: str, id: Any, area: Any) -> Select[Any]:
    return select(literal_column(f"'{resource}'", Text()).label("resource"), id.label("id"), area.label("area_id"))


def _of_subject(resource: str, row: Any) -> list[Select[Any]]:
    """The areas of what is an agreement's or a plan's: the region of one, what the authority of the other governs."""
    planned = _concerns(resource, row.id, AREA).join(PlanRow, PlanRow.id == row.plan_id)
    return [
        _concerns(resource, row.id, HealthAgreementRow.region_id).join(
            HealthAgreementRow, HealthAgreementRow.id == row.agreement_id
        ),
        planned.join(OrganisationRow, OrganisationRow.id == PlanRow.organisation_id),
    ]


WORKS_IN = func.coalesce(InitiativeAreaRow.region_id, InitiativeAreaRow.municipality_id)
MEASURED = func.coalesce(MeasurementRow.region_id, MeasurementRow.municipality_id)
CONCERNS: Final = union_all(
    _concerns("regions", RegionRow.id, RegionRow.id),
    _concerns("municipalities", MunicipalityRow.id, MunicipalityRow.id),
    _concerns(
        "measurements", MeasurementRow.id, func.coalesce(MeasurementRow.region_id, MeasurementRow.municipality_id)
    ),
    _concerns("organisations", OrganisationRow.id, AREA),
    _concerns("health-agreements", HealthAgreementRow.id, HealthAgreementRow.region_id),
    _concerns("plans", PlanRow.id, AREA).join(OrganisationRow, OrganisationRow.id == PlanRow.organisation_id),
    *_of_subject("goals", GoalRow),
    *_of_subject("consultations", ConsultationRow),
    _concerns("events", EventRow.id, AREA).join(OrganisationRow, OrganisationRow.id == EventRow.host_id),
    _concerns("initiatives", InitiativeAreaRow.record_id, WORKS_IN),
    _concerns("initiatives", InitiativeRow.id, AREA).join(OrganisationRow, OrganisationRow.id == InitiativeRow.lead_id),
    _concerns("funding/grants", GrantRow.id, WORKS_IN).join(
        InitiativeAreaRow, InitiativeAreaRow.record_id == GrantRow.initiative_id
    ),
    _concerns("funding/grants", RecipientRow.record_id, AREA).join(
        OrganisationRow, OrganisationRow.id == RecipientRow.organisation_id
    ),
).subquery("concern")
"""Which areas the records of each resource concern: where they work, and what those govern whose they are."""
AREAS: Final = union_all(
    select(RegionRow.id, RegionRow.name, RegionRow.sort_name),
    select(MunicipalityRow.id, MunicipalityRow.name, MunicipalityRow.sort_name),
).subquery("area")


def areas_of(resource: ColumnElement[str], id: ColumnElement[str]) -> ScalarSelect[Any]:
    """The areas that a record concerns, as an array of Refs in Danish order."""
    mine = select(CONCERNS.c.area_id).where(CONCERNS.c.resource == resource, CONCERNS.c.id == id)
    mine = mine.correlate_except(CONCERNS)
    ref = json_object({"id": AREAS.c.id, "name": AREAS.c.name})
    refs = func.json_agg(aggregate_order_by(ref, AREAS.c.sort_name, AREAS.c.id), type_=JSON())
    found = select(func.coalesce(refs, literal_column("'[]'::json"), type_=JSON()))
    return found.where(AREAS.c.id.in_(mine)).scalar_subquery()


def in_regions(resource: ColumnElement[str], id: ColumnElement[str]) -> Where:
    """The filter on records that concern one of these regions, or an area that lies in one on the day asked about."""

    def condition(regions: Any) -> ColumnElement[bool]:
        lying = Link(None, CONCERNS.c.area_id, via=IN_REGION).leading(regions)
        inside = select(CONCERNS.c.resource, CONCERNS.c.id).where(CONCERNS.c.area_id == any_(lying))
        return tuple_(resource, id).in_(inside)

    return Where(condition, ARRAY(Text()), (table_of(RegionRow).c.id,))
