"""The shapes of municipalities, read and written."""

from typing import Annotated, ClassVar, Generic

from pydantic import Field

from app.resources.regions import Country, Succession
from app.rest.dates import Period
from app.rest.schema import Count, Day, Id, R, Record, RecordData, Ref, Schema, Text


class Point(Schema):
    """A place on the map (WGS 84)."""

    latitude: Annotated[float, Field(ge=-90, le=90, examples=[54.77])]
    """Degrees north of the equator."""
    longitude: Annotated[float, Field(ge=-180, le=180, examples=[11.5])]
    """Degrees east of Greenwich."""


class Membership(Schema, Generic[R]):
    """That a municipality belongs to a region for a time."""

    region: R
    """The region."""
    period: Period
    """When the municipality belongs to it."""


class MunicipalityFields(RecordData[R], Generic[R]):
    """A municipality: it answers for home care, rehabilitation and prevention."""

    country: Country = Field(examples=["DK"])
    """ISO 3166-1 code of the country. A code means nothing without it: 0360 is Lolland and Tierp."""
    code: Text | None = Field(examples=["0360"])
    """The official code, text with leading zeros; null when unknown."""
    code_system: Text | None = Field(examples=["kommunekode"])
    """What the code is a code of; null when there is no code."""
    nuts3: Text | None = Field(examples=["DK022"])
    """NUTS 3 code; null when unknown."""
    nuts_year: int | None = Field(examples=[2021])
    """The edition of NUTS that the code belongs to; null when there is no code."""
    name: Text = Field(examples=["Lolland"])
    """The name of the area in the country's own language."""
    point: Point | None
    """A place to show the municipality at on a map; null when unknown."""
    period: Period
    """When the municipality exists."""
    memberships: list[Membership[R]]
    """The regions that it belongs to, one at a time, the earliest first."""


class MunicipalityData(MunicipalityFields[Id]):
    """A municipality as it is written."""

    example: ClassVar = {
        "country": "DK",
        "name": "Eksempel",
        "point": {"latitude": 54.77, "longitude": 11.5},
        "period": {"start": "2035-01-01", "end": None},
        "memberships": [{"region": "dk-oestdanmark", "period": {"start": "2035-01-01", "end": None}}],
    }


class Municipality(MunicipalityFields[Ref], Record):
    """A municipality: it answers for home care, rehabilitation and prevention."""

    region: Ref | None
    """The region that it belongs to on the day asked about; null when none."""
    population: Count | None = Field(examples=[40816])
    """How many people lived there when they were last measured by the day asked about; null when unknown."""
    population_on: Day | None = Field(examples=["2020-07-01"])
    """The day on which they were counted; null when the population is unknown."""
    predecessors: list[Succession]
    """The municipalities that it came from."""
    successors: list[Succession]
    """The municipalities that it turned into."""
