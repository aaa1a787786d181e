"""The resources, lowest first: each may import those above it in this list, and no others."""

# isort: off
from typing import Any, Final

from app.rest.resource import Resource
from app.resources.documents import documents
from app.resources.area_changes import area_changes
from app.resources.indicators import indicators
from app.resources.measurements import measurements
from app.resources.regions import regions
from app.resources.municipalities import municipalities
from app.resources.organisations import organisations
from app.resources.funding_programmes import funding_programmes
from app.resources.health_agreements import health_agreements
from app.resources.plans import plans
from app.resources.goals import goals
from app.resources.consultations import consultations
from app.resources.events import events
from app.resources.initiatives import initiatives
from app.resources.grants import grants

RESOURCES: Final[tuple[Resource[Any, Any], ...]] = (
    documents,
    area_changes,
    indicators,
    measurements,
    regions,
    municipalities,
    organisations,
    funding_programmes,
    health_agreements,
    plans,
    goals,
    consultations,
    events,
    initiatives,
    grants,
)

for resource in RESOURCES:
    assert resource.item is not None, "each field has its column, or nothing is served"
