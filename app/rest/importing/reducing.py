"""A record as it is read, made what is written: references are ids, and what follows from the rest is left out."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, get_args, get_origin

from app.rest.export.columns import plain
from app.rest.schema import Ref, Schema
from app.rest.view import kind_of

Way = Callable[[Any], Any]


def reduced(value: Any, public: Any, data: Any) -> Any:
    """What a body of one shape has for a value of another; what neither knows stays, to be refused."""
    way = _way(public, data)
    return way(value) if way else value


@lru_cache(maxsize=1000)
def _way(public: Any, data: Any) -> Way | None:
    """How values of one shape become those of another, found out once; None when they stay as they are."""
    if get_origin(public) is list and get_origin(data) is list:
        inner = _way(plain(get_args(public)[0]), plain(get_args(data)[0]))
        return inner and _each(inner)
    if not isinstance(public, type) or not issubclass(public, Schema):
        return None
    if data is str and public is Ref:
        return _referred
    return _fields(public, data) if isinstance(data, type) and issubclass(data, Schema) else None


def _each(inner: Way) -> Way:
    return lambda value: [inner(member) for member in value] if isinstance(value, list) else value


def _referred(value: Any) -> Any:
    is_ref = isinstance(value, dict) and "id" in value and not value.keys() - Ref.model_fields.keys()
    return value["id"] if is_ref else value


def _fields(public: type[Schema], data: type[Schema]) -> Way:
    follow = {name for name in {**public.model_fields, **data.model_fields} if _follows(name, public, data)}
    ways = {name: inner for name in data.model_fields if (inner := _way(_kind(public, name), _kind(data, name)))}

    def way(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {
            name: ways[name](inner) if name in ways else inner for name, inner in value.items() if name not in follow
        }

    return way


def _follows(name: str, public: type[Schema], data: type[Schema]) -> bool:
    """Whether a field is read and never written."""
    info = data.model_fields.get(name)
    if info is None:
        return name in public.model_fields
    return isinstance(info.json_schema_extra, dict) and bool(info.json_schema_extra.get("readOnly"))


def _kind(shape: type[Schema], name: str) -> Any:
    info = shape.model_fields.get(name)
    return info and plain(kind_of(info.annotation))
