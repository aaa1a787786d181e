"""A table to start from: its headings, the values that its columns take, and what each of them means."""

import io
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, NamedTuple, get_args, get_origin

from fastapi import Query
from pydantic import Field
from typing_extensions import TypeAliasType
from xlsxwriter import Workbook
from xlsxwriter.utility import xl_range_abs
from xlsxwriter.worksheet import Worksheet

from app.db import table_of
from app.rest.dates import StatedDate
from app.rest.export.columns import Column, plain
from app.rest.export.formats import CSV, XLSX, Language
from app.rest.export.headings import heading
from app.rest.export.text import Table
from app.rest.importing.table import written_columns
from app.rest.kind import Kind
from app.rest.response import Json
from app.rest.routing import Below
from app.rest.schema import Schema
from app.rest.view import kind_of

TemplateFormat = TypeAliasType(
    "TemplateFormat",
    Annotated[
        Literal["csv", "xlsx"],
        Field(
            description="""- `csv`: text/csv, the headings alone
- `xlsx`: a workbook with the headings, lists to choose values from, and a sheet that explains the columns"""
        ),
    ],
)
CODE: Final = re.compile(r"^- `(\w+)`: (.*)$", re.MULTILINE)
MOST_ROWS: Final = 10_000
"""For how many rows values can be chosen from a list."""
MADE: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""When a workbook says that it was made: the same template is the same bytes."""
HEADS: Final = {
    "da": (
        *("Kolonne", "Navn", "Skal udfyldes", "Indhold", "Eksempel", "Værdier (forklaret på engelsk)"),
        "Betydning (på engelsk)",
    ),
    "en": ("Column", "Name", "Required", "Content", "Example", "Values", "Meaning"),
}
WIDTHS: Final = (40, 30, 15, 45, 30, 40, 80)
SHEETS: Final = {"da": ("Forklaring", "Koder"), "en": ("Explanation", "Codes")}
YES: Final = ("ja", "yes")
IN_EACH: Final = ("i hver linje", "in each line")
CONTENTS: Final[dict[Any, tuple[str, str]]] = {
    str: ("tekst", "text"),
    int: ("helt tal", "whole number"),
    float: ("tal", "number"),
    Decimal: ("tal", "number"),
    bool: ("true eller false", "true or false"),
    date: ("dag, ÅÅÅÅ-MM-DD", "day, YYYY-MM-DD"),
    object: ("JSON", "JSON"),
}
STATED: Final = (
    "dato, så præcis som den er oplyst: ÅÅÅÅ-MM-DD, ÅÅÅÅ-MM eller ÅÅÅÅ (EDTF)",
    "date as precisely as it was stated: YYYY-MM-DD, YYYY-MM or YYYY (EDTF)",
)
ITS_ID: Final = ("id: a-z, 0-9 og bindestreg", "id: a-z, 0-9 and hyphens")
OF_ANOTHER: Final = ("id på en post i {}", "id of a record of {}")
ONE_OF: Final = ("en af værdierne", "one of the values")
A_LINE_EACH: Final = ("; én linje for hver", "; a line for each")


class TemplateQuery(Schema):
    """Which template."""

    format: TemplateFormat = Field("xlsx", examples=["csv"])
    """The format of the template."""
    lang: Language = Field("da", examples=["da"])
    """The language of the headings."""


class Meaning(NamedTuple):
    """What a column means."""

    column: Column
    required: bool
    """Whether there must be something in it; in a list, for each of its members."""
    content: tuple[str, str]
    """What may be in it, in Danish and in English."""
    codes: dict[str, str]
    """The values that it takes, each with what it means; none where it takes others."""
    example: tuple[str, str]
    description: str


def offer_template(router: Below, kind: Kind[Any, Any]) -> None:
    """Have a router give the template of a kind."""

    @router.get("/template", name=f"{kind.name.replace('/', '_').replace('-', '_')}_template")
    async def template(query: Annotated[TemplateQuery, Query()]) -> Json[str]:
        """A table to fill in and import: its headings, and as a workbook the codes and what each column means."""
        format = XLSX if query.format == "xlsx" else CSV
        name = f"broen-{kind.name.replace('/', '-')}-{'skabelon' if query.lang == 'da' else 'template'}.{query.format}"
        headers = {
            "Content-Type": f"{format.media_type}{format.parameters}",
            "Content-Disposition": f'attachment; filename="{name}"',
        }
        return Json(made(kind, query.format, query.lang), headers=headers)


@lru_cache(maxsize=100)
def made(kind: Kind[Any, Any], format: TemplateFormat, lang: Language) -> bytes:
    """The template of a kind."""
    columns = written_columns(kind)
    headings = [heading(column, lang) for column in columns]
    return _book(kind, headings, lang) if format == "xlsx" else Table(columns, headings, bom=True).head


def meanings(kind: Kind[Any, Any]) -> Iterator[Meaning]:
    """What each column of a template means."""
    for column in written_columns(kind):
        if column.path == ("id",):
            yield Meaning(column, True, ITS_ID, {}, ("", ""), "The id by which the record is found again.")  # noqa: FBT003
        else:
            yield _meaning(column, kind)


def _meaning(column: Column, kind: Kind[Any, Any]) -> Meaning:
    """What the shape that is written tells of a column, and the table of what it refers to."""
    shape, codes, example, description = kind.data, dict[str, str](), None, ""
    content, in_list = CONTENTS.get(column.kind, CONTENTS[str]), column.members is not None
    required = not in_list or len(column.path) > 1
    for place, name in enumerate(column.path):
        info = shape.model_fields[name]
        required = required and (info.is_required() or (in_list and place == 0))
        description, example = info.description or description, (info.examples or [None])[0]
        content = STATED if shape is StatedDate else content
        of = kind_of(info.annotation)
        of = get_args(of)[0] if get_origin(plain(of)) is list else of
        codes, inner = _codes(of), plain(of)
        if not (isinstance(inner, type) and issubclass(inner, Schema)):
            break  # of a reference, its id alone is written
        shape = inner
    if other := _referred(column, kind):
        content = (OF_ANOTHER[0].format(other), OF_ANOTHER[1].format(other))
    elif codes:
        content = ONE_OF
    example = example[0] if isinstance(example, list) and example else example
    shown = "" if codes or example is None or column.kind in (bool, object) else str(example)
    if column.name.endswith("amount"):
        shown = f"{example:.2f}"
    examples = shown.replace(".", ",") if column.kind in (float, Decimal) else shown, shown
    return Meaning(column, required, content, codes, examples, description)


def _referred(column: Column, kind: Kind[Any, Any]) -> str | None:
    """The resource whose ids a column takes."""
    part, *rest = column.path
    table, path = (table_of(kind.parts[part]), rest) if part in kind.parts else (kind.table, column.path)
    name = "_".join(path)
    keys = next((table.c[of].foreign_keys for of in (name, f"{name}_id") if of in table.c), ())
    return next((kind.every[key.column.table.name].name for key in keys if key.column.table.name in kind.every), None)


def _codes(kind: Any) -> dict[str, str]:
    """The values of an enumeration, each with what it means."""
    told: dict[str, str] = {}
    while isinstance(kind, TypeAliasType) or hasattr(kind, "__metadata__"):
        if hasattr(kind, "__metadata__"):
            for data in kind.__metadata__:
                told |= dict(CODE.findall(getattr(data, "description", None) or ""))
            kind = get_args(kind)[0]
        else:
            kind = kind.__value__
    return {code: told.get(code, "") for code in get_args(kind)} if get_origin(kind) is Literal else {}


def _book(kind: Kind[Any, Any], headings: Sequence[str], lang: Language) -> bytes:
    """A workbook: the table, the explanation of its columns, and the codes that lists are made of."""
    file, n = io.BytesIO(), 0 if lang == "da" else 1
    book = Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": MADE})
    bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    day, wrapped = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"text_wrap": True, "valign": "top"})
    table, explained, codes = (book.add_worksheet(name) for name in ("Broen", *SHEETS[lang]))
    explained.write_row(0, 0, HEADS[lang], bold)
    for at, width in enumerate(WIDTHS):
        explained.set_column(at, at, width)
    table.freeze_panes(1, 0)
    explained.freeze_panes(1, 0)
    lists = 0
    for at, (meaning, title) in enumerate(zip(meanings(kind), headings, strict=True)):
        column = meaning.column
        form = None if column.members else {str: text, date: day}.get(column.kind)
        table.set_column(at, at, max(12, min(len(title) + 2, 40)), form)
        table.write_string(0, at, title, bold)
        values = [f"{code}: {says}" if says else code for code, says in meaning.codes.items()]
        content = meaning.content[n] + (A_LINE_EACH[n] if column.members else "")
        required = (IN_EACH if column.members else YES)[n] if meaning.required else ""
        row = (title, column.name, required, content, meaning.example[n], "\n".join(values), meaning.description)
        explained.write_row(at + 1, 0, row, wrapped)
        if meaning.codes:
            codes.write_column(0, lists, [title, *meaning.codes])
            if not column.members:
                _choose(table, at, f"='{SHEETS[lang][1]}'!{xl_range_abs(1, lists, len(meaning.codes), lists)}")
            lists += 1
        elif column.kind is bool and not column.members:
            _choose(table, at, ["true", "false"])
    book.close()
    return file.getvalue()


def _choose(table: Worksheet, column: int, source: Any) -> None:
    table.data_validation(1, column, MOST_ROWS, column, {"validate": "list", "source": source})
