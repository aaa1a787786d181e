"""Reading a CSV back into the records that it was made of: by the rule in the OpenAPI, with nothing of the writer's."""

import csv
import io
import json
from collections.abc import Mapping
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, JsonValue
from typing_extensions import TypeAliasType

Cells = Mapping[str, str]


def records(text: str, shape: type[BaseModel]) -> list[dict[str, Any]]:
    """The records of a CSV with all columns of a shape."""
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    return [{name: value(shape, name, name, row) for name in shape.model_fields} for row in rows]


def value(shape: type[BaseModel], field: str, column: str, cells: Cells, *, escaped: bool = False) -> Any:
    """The value of a field, whose columns begin with a name."""
    kind, nullable = unwrapped(shape.model_fields[field].annotation)
    if get_origin(kind) is list:
        return members(unwrapped(get_args(kind)[0])[0], column, cells)
    if is_shape(kind):
        return thing(kind, column, cells, nullable=nullable, escaped=escaped)
    return scalar(kind, cells[column], escaped=escaped)


def members(kind: Any, column: str, cells: Cells) -> list[Any]:
    """The members of a list, each on its line of the columns of the list."""
    if not is_shape(kind):
        return [scalar(kind, line, escaped=True) for line in cells[column].split("\n")] if cells[column] else []
    names = columns(kind, column)
    count = max(len(cells[name].split("\n")) if cells[name] else 0 for name in names)
    lines = {name: cells[name].split("\n") if cells[name] else [""] * count for name in names}
    return [member(kind, column, {name: lines[name][n] for name in names}) for n in range(count)]


def member(shape: type[BaseModel], column: str, lines: Cells) -> dict[str, Any]:
    """A member of a list."""
    found = {}
    lines = without_mark(shape, column, lines)
    for name, info in shape.model_fields.items():
        kind, nullable = unwrapped(info.annotation)
        below = f"{column}_{name}"
        if get_origin(kind) is list:
            found[name] = json.loads(lines[below], parse_float=Decimal)
        elif is_shape(kind):
            found[name] = thing(kind, below, lines, nullable=nullable, escaped=True)
        else:
            found[name] = scalar(kind, lines[below], escaped=True)
    return found


def thing(
    shape: type[BaseModel], column: str, cells: Cells, *, nullable: bool, escaped: bool = False
) -> dict[str, Any] | None:
    """An object that is spread over columns."""
    if nullable and not any(cells[name] for name in columns(shape, column)):
        return None
    cells = without_mark(shape, column, cells)
    return {name: value(shape, name, f"{column}_{name}", cells, escaped=escaped) for name in shape.model_fields}


def without_mark(shape: type[BaseModel], column: str, cells: Cells) -> Cells:
    """The cells of an object, without what says that it is there though all of it is null."""
    first, *others = columns(shape, column)
    marked = cells[first] == "{}" and not any(cells[name] for name in others)
    return {**cells, first: ""} if marked else cells


def scalar(kind: Any, cell: str, *, escaped: bool = False) -> Any:
    """A single value."""
    if cell == "":
        return None
    if kind is JsonValue:
        return json.loads(cell, parse_float=Decimal)
    if kind is bool:
        return {"true": True, "false": False}[cell]
    if kind in (int, float, Decimal):
        return kind(cell) if kind is int else Decimal(cell)
    text = cell.removeprefix("'")
    return unescaped(text) if escaped else text


def unescaped(text: str) -> str:
    """A line as the text that it was."""
    return "\\".join(part.replace("\\n", "\n").replace("\\r", "\r") for part in text.split("\\\\"))


def columns(shape: type[BaseModel], prefix: str) -> list[str]:
    """The names of the columns that an object is spread over."""
    found = []
    for name, info in shape.model_fields.items():
        kind, _ = unwrapped(info.annotation)
        found += columns(kind, f"{prefix}_{name}") if is_shape(kind) else [f"{prefix}_{name}"]
    return found


def unwrapped(annotation: Any) -> tuple[Any, bool]:
    """A type without what validates it, and whether null is one of its values."""
    if annotation is JsonValue:
        return annotation, False
    if isinstance(annotation, TypeAliasType):
        return unwrapped(annotation.__value__)
    if hasattr(annotation, "__metadata__"):
        return unwrapped(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        (kind,) = (arm for arm in get_args(annotation) if arm is not NoneType)
        return unwrapped(kind)[0], True
    return annotation, False


def is_shape(kind: Any) -> bool:
    """Whether a type is an object with fields."""
    return isinstance(kind, type) and issubclass(kind, BaseModel)
