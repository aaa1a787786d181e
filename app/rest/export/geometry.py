"""Places as GeoJSON (RFC 7946), from columns in degrees."""

from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, SQLColumnExpression, case, distinct, func, literal_column, select

from app.rest.view import json_object

Degrees = SQLColumnExpression[Any]


def point(latitude: Degrees, longitude: Degrees) -> ColumnElement[Any]:
    """A point; null where it is unknown."""
    place = _geometry("Point", func.json_build_array(longitude, latitude))
    return case((latitude.is_not(None), place), else_=None)


def points(latitude: Degrees, longitude: Degrees, *where: ColumnElement[bool]) -> ScalarSelect[Any]:
    """The points of the rows that meet `where`, each once; null when none is known."""
    each = func.jsonb_agg(distinct(func.jsonb_build_array(longitude, latitude)))
    place = case((func.count() > 0, _geometry("MultiPoint", each)), else_=None)
    return select(place).where(latitude.is_not(None), *where).scalar_subquery()


def feature(id: ColumnElement[str], geometry: ColumnElement[Any], item: ColumnElement[Any]) -> ColumnElement[Any]:
    """A record on the map; one whose place is unknown has the geometry null (RFC 7946, 3.2)."""
    return json_object(
        {"type": literal_column("'Feature'"), "id": id, "geometry": geometry, "properties": item},
    )


def _geometry(kind: str, coordinates: ColumnElement[Any]) -> ColumnElement[Any]:
    return json_object({"type": literal_column(f"'{kind}'"), "coordinates": coordinates})
