"""Where areas lie on a day."""

from dataclasses import replace
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    CTE,
    BindParameter,
    exists,
    func,
    select,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from app.resources.area_changes import AreaAfterRow, AreaBeforeRow, AreaChangeRow
from app.resources.municipalities.tables import MembershipRow, MunicipalityRow
from app.resources.regions import RegionRow
from app.rest.links import Link
from app.rest.query import Where, any_in
from app.rest.view import AS_OF, current


class AreaMap(NamedTuple):
    """Where every area that there ever was lies on a day: `area_id` in `place_id`, by regions and by municipalities.

    An area that was merged lies where the new one does; one that was split may lie in several; one that has not begun
    lies nowhere, and a region in no municipality.
    """

    regions: CTE
    municipalities: CTE


def map_of(day: BindParameter[Any]) -> AreaMap:
    """The map of a day."""
    areas = union_all(select(RegionRow.id.label("area_id")), select(MunicipalityRow.id)).subquery("area")
    way = select(areas.c.area_id, areas.c.area_id.label("place_id")).cte(f"way_{day.key}", recursive=True)
    way = way.union(
        select(way.c.area_id, func.coalesce(AreaAfterRow.region_id, AreaAfterRow.municipality_id))
        .join(AreaBeforeRow, func.coalesce(AreaBeforeRow.region_id, AreaBeforeRow.municipality_id) == way.c.place_id)
        .join(AreaChangeRow, (AreaChangeRow.id == AreaBeforeRow.record_id) & (AreaChangeRow.effective_on <= day))
        .join(AreaAfterRow, AreaAfterRow.record_id == AreaChangeRow.id)
    )
    regions = select(way.c.area_id, RegionRow.id.label("place_id")).where(
        RegionRow.id == way.c.place_id, current(RegionRow, day)
    )
    members = select(way.c.area_id, MembershipRow.region_id).where(
        MembershipRow.record_id == way.c.place_id, current(MembershipRow, day)
    )
    municipalities = select(way.c.area_id, way.c.place_id).where(
        MunicipalityRow.id == way.c.place_id, current(MunicipalityRow, day)
    )
    return AreaMap(regions.union(members).cte(f"in_region_{day.key}"), municipalities.cte(f"in_municipality_{day.key}"))


PLACES: Final = map_of(AS_OF).regions


IN_REGION: Final = select(PLACES.c.area_id.label("id"), PLACES.c.place_id.label("value")).union(
    select(RegionRow.id, RegionRow.id)
)
"""Each area with the region that it lies in on the day asked about; a region, that has ended too, with itself."""


def lies_in(record: InstrumentedAttribute[str], *links: Link) -> Where:
    """A filter on regions, for records that links give areas: where these lie on the day asked about.

    A region that has ended is found by its own id too, on any day.
    """
    return any_in(record, MembershipRow.region_id, *(replace(link, via=IN_REGION) for link in links))


ON_THE_MAP: Final = current(MunicipalityRow) & exists().where(
    MembershipRow.record_id == MunicipalityRow.id, current(MembershipRow)
)
"""That the municipality exists and belongs to a region on the day asked about."""
