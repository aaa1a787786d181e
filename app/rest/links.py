"""Links: what records have a value by, and how those that have one are found, be they few or many.

Nobody knows beforehand how common a value is, so it is settled while the statement runs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    CTE,
    Boolean,
    ColumnElement,
    CompoundSelect,
    Select,
    SelectBase,
    SQLColumnExpression,
    Text,
    and_,
    any_,
    exists,
    false,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute

Condition = ColumnElement[bool]
Ways = Sequence[Sequence[Condition]]
"""The conditions of each way of finding some records, of which one finds them all and the others none."""
FEW: Final = 2000
"""Up to how many records that links lead to are looked up by their ids."""


@dataclass(frozen=True)
class Link:
    """What records have a value by: each row of a table has a record's `id` and a `key`.

    The key is the value itself, or leads to it `via` another small table: a select of an `id` and its `value`. There is
    no `id` where the key is computed from the record itself. Where the record has `all` its keys in a column too, many
    records are asked without going through the table.
    """

    id: Any
    key: SQLColumnExpression[Any]
    via: SelectBase | None = None
    only: tuple[Condition, ...] = ()
    all: Any = None

    def leading(self, values: Any) -> Any:
        """The keys that lead to one of the values, looked up once, beforehand."""
        if self.via is None:
            return values
        key = self.via.subquery()
        return func.array(select(key.c.id).where(key.c.value == any_(values)).scalar_subquery(), type_=ARRAY(Text()))

    def having(self, values: Any) -> Select[Any]:
        """The records that have one of the values."""
        return select(self.id).where(self.has(values))

    def has(self, values: Any) -> Condition:
        """That a row's key leads to one of the values."""
        return and_(self.key == any_(self.leading(values)), *self.only)

    @property
    def column(self) -> Any:
        """The table's column that holds the ids."""
        return self.id.property.columns[0] if isinstance(self.id, InstrumentedAttribute) else self.id

    def pairs(self) -> Select[Any, Any]:
        """Every record's `id` with each `value` that it has."""
        if self.via is None:
            return select(self.id.label("id"), self.key.label("value")).where(*self.only)
        key = self.via.subquery()
        return select(self.id.label("id"), key.c.value).join(key, key.c.id == self.key).where(*self.only)


@dataclass(frozen=True)
class Linked:
    """The records that have a value by any of some links; `by` refers to the record, where another asks for its."""

    record: ColumnElement[str]
    links: Sequence[Link]
    by: ColumnElement[str] | None = None

    @property
    def id(self) -> ColumnElement[str]:
        """The column that holds the records' ids."""
        return self.record if self.by is None else self.by

    def any(self, values: Any) -> Condition:
        """That the record has one of the values, where all of many records are asked."""
        is_so = self._is_so(values, lambda link: self.record.in_(link.having(values)))
        return is_so if self.by is None else self.by.in_(select(self.record).where(is_so))

    def soon(self, values: Any) -> Condition:
        """The same, where records are asked one by one until there are enough: nothing is read beforehand."""
        is_so = self._is_so(values, lambda link: exists().where(link.column == self.record, link.has(values)))
        asked = is_so if self.by is None else select(is_so).where(self.record == self.by).scalar_subquery()
        return func.coalesce(asked, false(), type_=Boolean())  # of which the planner expects half of them to be so

    def few(self, values: Any) -> CTE:
        """The ids of the records that have one of the values, if they are few; else some of them."""
        found = union_all(*(link.having(values) for link in self.links)).subquery("linked")
        return select(found.c[0].label("id")).limit(FEW + 1).cte("few_linked")

    def _is_so(self, values: Any, beside: Callable[[Link], Condition]) -> Condition:
        """That the record has one of the values by a link: asked of itself where it has the keys, or else `beside`."""

        def has(link: Link) -> Condition:
            if link.column is self.record:
                return link.has(values)
            return beside(link) if link.all is None else link.all.overlap(link.leading(values))

        links = {(link.key if link.all is None else link.all, link.via, link.only): link for link in self.links}
        return or_(*(has(link) for link in links.values()))


class Matching:
    """The records that a question is about: those of one select, or of several that have no record in common."""

    def __init__(self, *arms: Select[Any]) -> None:
        self._arms = arms

    def of(self, *columns: ColumnElement[Any]) -> Select[Any] | CompoundSelect[Any]:
        """These columns of them."""
        first, *more = (arm.with_only_columns(*columns) for arm in self._arms)
        return union_all(first, *more) if more else first

    def counts(self, *columns: ColumnElement[Any]) -> Select[Any] | CompoundSelect[Any]:
        """How many of them have the same in these columns: `number`, counted for each select by itself."""
        number = func.count().label("number")
        first, *more = (arm.with_only_columns(*columns, number).group_by(*columns) for arm in self._arms)
        return union_all(first, *more) if more else first

    def count(self) -> ColumnElement[int]:
        """How many they are."""
        return select(func.sum(self.counts().subquery().c.number)).scalar_subquery()


class Candidates:
    """The records that have one of some values, which may be few or many: the few are led to by their ids."""

    def __init__(self, linked: Linked, values: Any) -> None:
        few = linked.few(values)
        self._are_few = select(func.count()).select_from(few).scalar_subquery() <= FEW
        self._led_to = linked.id == any_(func.array(select(few.c.id).scalar_subquery()))
        self._any, self._soon = linked.any(values), linked.soon(values)

    @property
    def ways(self) -> Ways:
        """The conditions by which the few are found, and those by which the many are."""
        return ((self._are_few, self._led_to), (~self._are_few, self._any))

    def soon(self, records: Select[Any]) -> Sequence[Select[Any]]:
        """Those of `records` that have one, for the first of them to be met: all are of one of the selects."""
        return records.where(self._are_few, self._led_to), records.where(~self._are_few, self._soon)

    def page(
        self, records: Select[Any], id: ColumnElement[Any], first: Callable[[Select[Any]], Select[Any]]
    ) -> Select[Any]:
        """Those of `records` that have one and that come `first`, in any order."""
        arms = (first(arm.with_only_columns(id)).subquery().select() for arm in self.soon(records))
        return select().select_from(id.table).where(id == any_(func.array(union_all(*arms).scalar_subquery())))
