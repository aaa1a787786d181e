"""A record changed by a merge patch (RFC 7396): what the patch names, and nothing else.

What a patch sets to null becomes null, as the register states it, and is refused where it cannot be null; lists are
replaced whole.
"""

from typing import Any

from app.rest.schema import Schema


def merged(record: Schema, patch: Any) -> Any:
    """What a record becomes by a patch, yet to be checked against its shape."""
    return _merged(writable(record), patch)


def _merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    base = target if isinstance(target, dict) else {}
    return base | {name: _merged(base.get(name), value) for name, value in patch.items()}


def writable(value: Any) -> Any:
    """A record as a body, without what follows from its other fields."""
    if isinstance(value, Schema):
        return {name: writable(inner) for name, inner in value if not _follows(type(value), name)}
    return [writable(inner) for inner in value] if isinstance(value, list) else value


def _follows(shape: type[Schema], name: str) -> bool:
    extra = shape.model_fields[name].json_schema_extra
    return isinstance(extra, dict) and bool(extra.get("readOnly"))
