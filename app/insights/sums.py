"""Sums of grants: each currency by itself, every grant counted once, and nothing divided."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Final, NamedTuple

from pydantic import Field, WithJsonSchema
from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Numeric,
    Select,
    SQLColumnExpression,
    Text,
    column,
    func,
    null,
    select,
    true,
    union_all,
    values,
)

from app.db import RecordRow
from app.resources.grants import GrantRow
from app.rest.links import Condition
from app.rest.money import Currency
from app.rest.schema import Count, Schema

Sum = Annotated[Decimal, WithJsonSchema({"type": "number"})]
"""A sum of amounts, exact to the cent."""
AMOUNTS: Final = ("awarded", "sought", "paid", "recovered")
"""What is summed; a grant counts in the currency of the first of these that is stated."""
FIGURES: Final = ("grants", "awards_unknown", *AMOUNTS)


class Sums(Schema):
    """Grants and amounts of one currency; each amount is the sum of what is known, null when nothing is."""

    currency: Currency | None = Field(examples=["DKK"])
    """The currency; null for grants that have none."""
    grants: Count = Field(examples=[1])
    """How many grants. Each is counted once: in the currency of its award, or else of what was sought, of what
    was paid, or of what was recovered. An amount in another currency is in the line of that one."""
    awards_unknown: Count = Field(examples=[0])
    """Of how many of these grants no award is stated."""
    sought: Sum | None = Field(examples=[2500000.00])
    """What was applied for."""
    awarded: Sum | None = Field(examples=[2000000.00])
    """What was granted."""
    paid: Sum | None = Field(examples=[1000000.00])
    """What was paid."""
    recovered: Sum | None = Field(examples=[12500.50])
    """What had to be paid back."""


class Key(NamedTuple):
    """Something that grants are summed by."""

    value: SQLColumnExpression[Any]
    """What a grant has of it, over the grant and the tables joined."""
    joins: Sequence[tuple[Any, Condition]] = ()
    """The tables that it needs beside the grant, each with the condition of its outer join."""
    meaning: Callable[[ColumnElement[Any]], ColumnElement[Any]] = lambda value: value
    """What the value stands for, where that is looked up after most has been added up."""
    names: type[RecordRow] | None = None
    """The records that it names, if it names records."""


def sums(keys: Mapping[str, Key], *ways: Sequence[Condition]) -> CTE:
    """Lines of sums of grants: a column for each key, and those of `Sums`.

    The grants meet the conditions of one of the `ways`, and none meets those of several.
    """
    first, *more = (_added(keys, where) for where in ways)
    added = (union_all(first, *more) if more else first).subquery("added")
    line = _by_currency(added)
    total = [func.sum(line.c[name]).label(name) for name in FIGURES]
    meanings = [key.meaning(added.c[f"key_{name}"]).label(name) for name, key in keys.items()]
    lines = select(*meanings, line.c.currency, *total).select_from(added.join(line, true()))
    stated = (line.c.grants > 0) | line.c.currency.is_not(None)
    return lines.where(stated).group_by(*keys, "currency").cte("line")


def _added(keys: Mapping[str, Key], where: Sequence[Condition]) -> Select[Any]:
    """The sums by key and by all currencies that a grant has, in one pass over the grants."""
    currencies = [getattr(GrantRow, f"{name}_currency") for name in AMOUNTS]
    figures: list[ColumnElement[Any]] = [
        func.count().label("grants"),
        func.count().filter(GrantRow.awarded_amount.is_(None)).label("awards_unknown"),
        *(func.sum(getattr(GrantRow, f"{name}_amount")).label(name) for name in AMOUNTS),
    ]
    columns: list[ColumnElement[Any]] = [key.value.label(f"key_{name}") for name, key in keys.items()]
    found = select(*columns, *currencies, *figures)
    for key in keys.values():
        for table, condition in key.joins:
            found = found.outerjoin(table, condition)
    return found.where(*where).group_by(*(column.name for column in columns), *currencies)


def _by_currency(added: FromClause) -> FromClause:
    """The sums of each row anew, a line for each currency in it, and one that counts its grants."""
    own = func.coalesce(*(added.c[f"{name}_currency"] for name in AMOUNTS))
    counts = (own, added.c.grants, added.c.awards_unknown, *(null() for _ in AMOUNTS))
    amounts = [
        (added.c[f"{name}_currency"], 0, 0, *(added.c[name] if name == other else null() for other in AMOUNTS))
        for name in AMOUNTS
    ]
    lines = values(column("currency", Text), *(column(name, Numeric) for name in FIGURES), name="amount")
    return lines.data([counts, *amounts]).lateral()
