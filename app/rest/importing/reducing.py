"""A record as it is read, made what is written: references are ids, and what follows from the rest is left out."""

from typing import Any, get_args, get_origin

from app.rest.export.columns import plain
from app.rest.schema import Ref, Schema
from app.rest.view import kind_of


def reduced(value: Any, public: Any, data: Any) -> Any:
    """What a body of one shape has for a value of another; what neither knows stays, to be refused."""
    if isinstance(value, list) and get_origin(public) is list and get_origin(data) is list:
        inner = plain(get_args(public)[0]), plain(get_args(data)[0])
        return [reduced(member, *inner) for member in value]
    if not isinstance(value, dict) or not isinstance(public, type) or not issubclass(public, Schema):
        return value
    if data is str and public is Ref and "id" in value and not value.keys() - Ref.model_fields.keys():
        return value["id"]
    if not isinstance(data, type) or not issubclass(data, Schema):
        return value
    return {
        name: reduced(inner, _kind(public, name), _kind(data, name))
        for name, inner in value.items()
        if not _follows(name, public, data)
    }


def _follows(name: str, public: type[Schema], data: type[Schema]) -> bool:
    """Whether a field is read and never written."""
    info = data.model_fields.get(name)
    if info is None:
        return name in public.model_fields
    return isinstance(info.json_schema_extra, dict) and bool(info.json_schema_extra.get("readOnly"))


def _kind(shape: type[Schema], name: str) -> Any:
    info = shape.model_fields.get(name)
    return info and plain(kind_of(info.annotation))
