"""The statement that finds: one UNION ALL of the rules that are asked for, counted as a whole, and one page of it."""

from enum import Enum
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    ScalarSelect,
    Text,
    bindparam,
    case,
    cast,
    false,
    func,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON, aggregate_order_by

from app.insights.findings.catalogue import RULES
from app.insights.findings.rules import SEVERITIES, found
from app.insights.findings.shapes import FOUND, FindingsQuery
from app.insights.records import areas_of, record_ref
from app.rest.missing import absences
from app.rest.paging import all_of, beyond, page_of
from app.rest.reading import Statement
from app.rest.view import json_object

TOLD: Final = (
    func.unnest(*(bindparam(name, type_=ARRAY(Text)) for name in ("rules", "severities", "sentences", "bases")))
    .table_valued("rule", "severity", "sentence", "basis", with_ordinality="rank")
    .render_derived("told")
)
"""The rules that are asked for, in the language that is asked for."""
NONE: Final = literal_column("'[]'::json", JSON())


class Wanted(Enum):
    """Which of the findings a statement gives: a page, the first or a later one, or all, perhaps counted."""

    FIRST, NEXT, ALL, COUNTED = range(4)


@lru_cache(maxsize=200)
def statement(rules: frozenset[str], present: frozenset[str], wanted: Wanted) -> Statement:
    """The statement for these rules, with these filters.

    Of a page it gives `items` and `more`, the `counts` of all pages, and which ids nobody has; of all a row each.
    """
    filters = {name: where for name, where in FindingsQuery.filters().items() if name in present}
    matching = (
        select(FOUND)
        .add_cte(_found(rules))
        .where(*(where.sql(name) for name, where in filters.items()))
        .cte("matching")
    )
    key = matching.c.resource.concat("/").concat(matching.c.id)
    key = key.concat("/").concat(func.lpad(cast(func.coalesce(matching.c.part, 0), Text), 10, "0"))
    records = select().select_from(matching.join(TOLD, TOLD.c.rank == matching.c.rank))
    if wanted in (Wanted.ALL, Wanted.COUNTED):
        counted = wanted is Wanted.COUNTED
        return Statement(all_of(records, _item(matching), key, matching.c.rank, last_first=False, counted=counted))
    if wanted is Wanted.NEXT:
        records = records.where(beyond(key, matching.c.rank, last_first=False))
    page = page_of(records, _item(matching), key, matching.c.rank, last_first=False)
    page = page.add_columns(_counts(matching).label("counts"), *absences(filters))
    return Statement(page, planned_once=not filters)


def _found(rules: frozenset[str]) -> CTE:
    """What breaks the rules, each finding with the rank of its rule among those that are asked for."""
    asked = (rule for rule in RULES if rule.id in rules)
    arms = [
        select(literal_column(str(rank)).label("rank"), *rule.found.subquery().c)
        for rank, rule in enumerate(asked, start=1)
    ]
    nothing = select(literal_column("0").label("rank"), *found("", literal_column("''")).subquery().c).where(false())
    return union_all(*arms or [nothing]).cte(FOUND.name)


def _item(matching: CTE) -> ColumnElement[Any]:
    detail = {
        "day": matching.c.day,
        "days": matching.c.days,
        "period": case(
            (
                matching.c.period.is_not(None),
                json_object({"start": func.lower(matching.c.period), "end": func.upper(matching.c.period)}),
            )
        ),
        "amount": _money(matching.c.amount, matching.c.currency),
        "against": _money(matching.c.against, matching.c.currency),
        "difference": _money(matching.c.amount - matching.c.against, matching.c.currency),
        "fields": func.coalesce(func.to_json(matching.c.fields), NONE),
        "stated": matching.c.stated,
        "others": _records(matching.c.others),
    }
    return json_object(
        {
            "rule": TOLD.c.rule,
            "severity": TOLD.c.severity,
            "sentence": TOLD.c.sentence,
            "basis": TOLD.c.basis,
            "record": record_ref(matching.c.resource, matching.c.id),
            "areas": areas_of(matching.c.resource, matching.c.id),
            "detail": json_object(detail),
        }
    )


def _money(amount: ColumnElement[Any], currency: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((amount.is_not(None), json_object({"amount": func.round(amount, 2), "currency": currency})))


def _records(paths: ColumnElement[Any]) -> ScalarSelect[Any]:
    """The records at these paths, in their order, as an array."""
    each = func.unnest(paths).table_valued("path", with_ordinality="place").render_derived("other")
    resource = func.regexp_replace(each.c.path, "/[^/]*$", "", type_=Text())
    id = func.regexp_replace(each.c.path, "^.*/", "", type_=Text())
    records = func.json_agg(aggregate_order_by(record_ref(resource, id), each.c.place), type_=JSON())
    return select(func.coalesce(records, NONE, type_=JSON())).scalar_subquery()


def _counts(matching: CTE) -> ScalarSelect[Any]:
    """How many findings there are, as FindingCounts."""
    count = select(matching.c.rank, func.count().label("count")).group_by(matching.c.rank).subquery("counted")
    number = func.coalesce(count.c.count, 0)
    each = json_object({"rule": TOLD.c.rule, "severity": TOLD.c.severity, "count": number})
    counts = {
        "total": func.coalesce(func.sum(number), 0),
        "severities": json_object(
            {s: func.coalesce(func.sum(number).filter(TOLD.c.severity == s), 0) for s in SEVERITIES}
        ),
        "rules": func.coalesce(func.json_agg(aggregate_order_by(each, TOLD.c.rank), type_=JSON()), NONE, type_=JSON()),
    }
    whole = TOLD.outerjoin(count, count.c.rank == TOLD.c.rank)
    return select(cast(json_object(counts), Text)).select_from(whole).scalar_subquery()
