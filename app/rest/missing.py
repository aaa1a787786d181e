"""What to tell those who ask for an id that nobody has: that it is gone, or which ids may have been meant."""

import difflib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, FromClause, ScalarSelect, Text, bindparam, exists, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.errors import BadParameters, Fault, Gone, NotFound, bad_parameter
from app.rest.changes import ChangeRow, RevisionRow
from app.rest.kind import Kind
from app.rest.query import Where
from app.rest.reading import Asked, Statement

MOST_WITH_NEAR: Final = 10
"""How many unknown ids of a parameter are looked up, each with a statement of its own."""
LEAST_LIKENESS: Final = 0.3
"""The trigram similarity below which an id is no candidate."""


def absent(targets: Sequence[Column[Any]], name: str) -> ScalarSelect[Any]:
    """Which of the ids in the parameter of this name are not among any target's; null when all are."""
    given = func.unnest(bindparam(name, type_=ARRAY(Text))).column_valued("given")
    return (
        select(func.array_agg(given)).where(*(~exists().where(target == given) for target in targets)).scalar_subquery()
    )


def absences(filters: Mapping[str, Where]) -> list[ColumnElement[Any]]:
    """Columns for a statement to tell by which of the ids that it was given nobody has, and what means nothing."""
    ids = [absent(where.targets, name).label(f"unknown_{name}") for name, where in filters.items() if where.targets]
    return [*ids, *(w.meaningless[0].label(f"meaningless_{name}") for name, w in filters.items() if w.meaningless)]


async def refuse_unknown(read: Asked, filters: Mapping[str, Where], row: Mapping[str, Any]) -> None:
    """BadParameters when a statement told, by its `absences`, that it was given ids that nobody has, or nonsense."""
    nonsense = {
        name: w.meaningless[1] for name, w in filters.items() if w.meaningless and row.get(f"meaningless_{name}")
    }
    if nonsense:
        raise BadParameters(faults=[bad_parameter(name, says) for name, says in nonsense.items()])
    if unknown := {name: ids for name in filters if (ids := row.get(f"unknown_{name}"))}:
        targets = {name: filters[name].targets for name in unknown}
        raise BadParameters(faults=await unknown_ids(read, targets, unknown))


async def refuse_absent(read: Asked, filters: Mapping[str, Where], values: Mapping[str, Any]) -> None:
    """The same, where no statement tells it beside what it is asked: a whole list is sent while it is read."""
    if told := absences(filters):
        row = await read.row(Statement(select(*told)), values)
        assert row is not None, "scalars give a row"
        await refuse_unknown(read, filters, row)


async def missing(read: Asked, kind: Kind[Any, Any], id: str) -> Gone | NotFound:
    """Why there is no record of this id: it was deleted, and perhaps another stands for it, or it never was."""
    row = await read.row(_deletion(), {"resource": kind.name, "id": id})
    if row is None:
        near = await nearest(read, kind.table, id)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        fault = bad_parameter("id", "Nothing has this id", near)
        return NotFound(f"There is no {id} among the {kind.name}.{hint}", [fault])
    says = f"{id} was deleted from the {kind.name} at {row['at']:%Y-%m-%dT%H:%M:%SZ}."
    if not (other := row["replaced_by"]):
        return Gone(says)
    fault = bad_parameter("id", f"{other} stands for it since", [other])
    return Gone(f"{says} {kind.path}/{other} stands for it since.", [fault])


async def unknown_ids(
    read: Asked, targets: Mapping[str, Sequence[Column[Any]]], unknown: Mapping[str, list[str]]
) -> list[Fault]:
    """A fault for each unknown id in each parameter, the first few with ids that may have been meant."""
    return [
        bad_parameter(
            name,
            f"Nothing has the id {id}",
            [near for target in targets[name] for near in await nearest(read, target.table, id)]
            if number < MOST_WITH_NEAR
            else [],
        )
        for name, ids in unknown.items()
        for number, id in enumerate(ids)
    ]


async def nearest(read: Asked, table: FromClause, text: str) -> list[str]:
    """Ids that a text may have been meant for, judging by them or by their names; the best first, three at most."""
    row = await read.row(_nearest(table), {"text": text})
    candidates: list[str] = row["ids"] or [] if row else []
    return difflib.get_close_matches(text, candidates, cutoff=0.7) or candidates[:3]


@lru_cache(maxsize=1)
def _deletion() -> Statement:
    this = (ChangeRow.resource == bindparam("resource"), ChangeRow.id == bindparam("id"), ChangeRow.op == "delete")
    last = select(RevisionRow.at, ChangeRow.replaced_by).join(ChangeRow, ChangeRow.revision == RevisionRow.id)
    return Statement(last.where(*this).order_by(ChangeRow.seq.desc()).limit(1))


@lru_cache(maxsize=200)
def _nearest(table: FromClause) -> Statement:
    text = bindparam("text", type_=Text())
    name = next(table.c[column] for column in ("name", "title", "id") if column in table.c)
    likeness = func.greatest(func.similarity(table.c.id, text), func.word_similarity(text, name))
    near = select(table.c.id).where(likeness > LEAST_LIKENESS).order_by(likeness.desc(), table.c.id).limit(50)
    return Statement(select(func.array_agg(near.subquery().c.id).label("ids")))
