r"""The columns of a table: derived from a shape, once.

An object is spread over columns (`budget_amount`), a reference too (`lead_id`, `lead_name`). A list has, in each of its
columns (`partners_role`), one line a member, in which `\` is `\\` and a line break `\n`; what is no single value even
there is JSON. An empty cell or line is null, and an empty cell an empty list; `{}` in the first of its columns is an
object of which all is null. In a CSV, a text that is empty, is `{}`, or begins with one of `= + - @ '`, a tab or a line
break has an apostrophe in front. Nothing is lost: a table can be read back into the records that it was made of.
"""

import difflib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest
from operator import itemgetter
from types import NoneType
from typing import Any, Final, TypeAlias, get_args, get_origin

from pydantic import JsonValue
from typing_extensions import TypeAliasType

from app.errors import Fault, bad_parameter
from app.rest.schema import Schema
from app.rest.view import kind_of

Get: TypeAlias = Callable[[Any], Any]


class Hollow:
    """An object that is there, and of which nothing is known."""

    def __str__(self) -> str:
        return "{}"


HOLLOW: Final = Hollow()
RISKY: Final = frozenset("=+-@\t\r\n'")
"""What a spreadsheet would take a text for something else by."""
ESCAPES: Final = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r"})
MOST_WITH_NEAR: Final = 10
"""For how many unknown names near ones are looked for."""
DECODE: Final = json.JSONDecoder(parse_float=Decimal).decode
"""A record from its JSON, its numbers exact."""


@dataclass(frozen=True)
class Column:
    """A column of a table: the fields that lead to it, the type of its values, and how to get one out of a record.

    A column of a list gets its members out of a record, and a value out of each. The type of JSON is `object`.
    """

    path: tuple[str, ...]
    kind: type
    get: Get
    members: Get | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return "_".join(self.path)

    def cell(self, *, guard: bool) -> Get:
        """What makes a record's cell, with apostrophes where they guard, or None for an empty one."""
        write = _writer(self.kind, guard=guard)
        return _lines(self, write) if self.members else _composed(write, self.get)


def columns_of(shape: type[Schema]) -> tuple[Column, ...]:
    """The columns of a shape in its order, those of lists after those of single values."""
    found = tuple(sorted(_spread(shape), key=lambda column: column.members is not None))
    names = [column.name for column in found]
    if len(names) > len(set(names)):
        raise TypeError(f"{shape.__name__} has two columns of one name: {sorted(names)}")
    return found


def chosen(columns: Sequence[Column], names: Sequence[str] | None) -> Sequence[Column]:
    """The columns of these names, in this order; all of them unless some are named."""
    known = {column.name: column for column in columns}
    return columns if names is None else [known[name] for name in names]


def wrong_names(columns: Sequence[Column], names: Sequence[str]) -> list[Fault]:
    """A fault for each name that no column has, the first few with near ones, and for each that is given again."""
    known = [column.name for column in columns]
    unknown = [name for name in names if name not in known]
    near = [difflib.get_close_matches(name, known) for name in unknown[:MOST_WITH_NEAR]]
    rest = [f"; there are {', '.join(known)}" if ones == [] else "" for ones in near]
    return [
        bad_parameter("columns", f"There is no column {name}{others}", ones)
        for name, ones, others in zip_longest(unknown, near, rest, fillvalue="")
    ] + [
        bad_parameter("columns", f"The column {name} is asked for {times} times")
        for name, times in Counter(names).items()
        if times > 1
    ]


def compact(value: Any) -> str:
    """JSON on one line, its numbers exact."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{compact(key)}:{compact(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(compact, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


def _spread(shape: Any, path: tuple[str, ...] = ()) -> Iterator[Column]:
    """The columns of a shape whose objects are at this path of a record."""
    for name, info in shape.model_fields.items():
        place, kind = (*path, name), plain(kind_of(info.annotation))
        if get_origin(kind) is list:
            yield from _listed(plain(get_args(kind)[0]), place)
        elif isinstance(kind, type) and issubclass(kind, Schema):
            yield from _spread(kind, place) if kind is info.annotation else _marked(kind, place)
        else:
            yield Column(place, kind, _at(place))


def _listed(kind: Any, path: tuple[str, ...]) -> Iterator[Column]:
    """The columns of a list, each with a line a member."""
    if not (isinstance(kind, type) and issubclass(kind, Schema)):
        yield Column(path, kind, _at(()), _at(path))
        return
    for inner in _marked(kind, ()):
        get, type_ = (inner.members, object) if inner.members else (inner.get, inner.kind)
        yield Column((*path, *inner.path), type_, get, _at(path))


def _marked(shape: Any, path: tuple[str, ...]) -> Iterator[Column]:
    """The columns of objects that can be there without anything being known of them; then the first says so."""
    first, *others = _spread(shape, path)
    if all(NoneType in get_args(info.annotation) for info in shape.model_fields.values()):
        first = Column(first.path, first.kind, _or_hollow(first.get, _at(path)))
    yield from (first, *others)


def plain(kind: Any) -> Any:
    """A type without what validates it: the `str` of an id, of a named enumeration; `object` for any JSON."""
    if kind is JsonValue:
        return object
    if isinstance(kind, TypeAliasType):
        return plain(kind.__value__)
    if hasattr(kind, "__metadata__"):
        return plain(get_args(kind)[0])
    if isinstance(kind, type) or get_origin(kind) is list:
        return kind
    return type(get_args(kind)[0])  # a Literal


def _at(path: tuple[str, ...]) -> Get:
    """What gets the value at a path; None where there is nothing on the way."""
    if not path:
        return lambda record: record
    if len(path) == 1:
        return itemgetter(*path)
    name, get = path[-1], _at(path[:-1])
    return lambda record: None if (value := get(record)) is None else value[name]


def _or_hollow(get: Get, whole: Get) -> Get:
    def value(record: Any) -> Any:
        found = get(record)
        if found is None and (there := whole(record)) is not None and all(v is None for v in there.values()):
            return HOLLOW
        return found

    return value


def _composed(write: Get | None, get: Get) -> Get:
    return get if write is None else lambda record: write(get(record))


def _writer(kind: type, *, guard: bool) -> Get | None:
    """What makes a text of a value; None where its own text is the one."""
    if kind is str:
        return _guarded if guard else None
    if kind is bool:
        return {True: "true", False: "false"}.get
    return _json if kind is object else None


def _guarded(text: Any) -> Any:
    if text is None or text is HOLLOW or (text and text[0] not in RISKY and text != "{}"):
        return text
    return f"'{text}"


def _json(value: Any) -> str | None:
    return None if value is None else compact(value)


def _lines(column: Column, write: Get | None) -> Get:
    """What makes the cell of a list: a line a member; empty when none has anything to say."""
    members_of, line = column.members, _line(column, write)
    assert members_of, "only the column of a list has lines"

    def cell(record: Any) -> str | None:
        members = members_of(record)
        if not members:
            return None
        if len(members) == 1:
            return line(members[0])
        lines = [line(member) for member in members]
        return "\n".join(lines) if any(lines) else None

    return cell


def _line(column: Column, write: Get | None) -> Callable[[Any], str]:
    """What makes the line of a member."""
    get, written = column.get, write or str

    def text(member: Any) -> str:
        value = get(member)
        if value is None:
            return ""
        if value is not HOLLOW and ("\\" in value or "\n" in value or "\r" in value):
            value = value.translate(ESCAPES)
        return str(written(value))

    def other(member: Any) -> str:
        value = get(member)
        return "" if value is None else str(written(value))

    return text if column.kind is str else other
