"""What to tell those who ask for an id that nobody has: that it is gone, whose it is, or which may be meant."""

import difflib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    ScalarSelect,
    Text,
    any_,
    bindparam,
    case,
    cast,
    exists,
    false,
    func,
    null,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, array

from app.errors import BadParameters, Fault, Gone, NotFound, bad_parameter
from app.rest.changes import ChangeRow, RevisionRow
from app.rest.kind import Kind
from app.rest.query import Where
from app.rest.reading import Asked, Statement
from app.rest.view import json_object

MOST_WITH_NEAR: Final = 10
"""How many unknown ids of a parameter are looked up, each with a statement of its own."""
Absences = Mapping[str, tuple[str, list[str]]]
"""Why there is nothing of each of several ids, in a sentence, and what stands for it or may be meant."""
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
    faults: list[Fault] = []
    for name, ids in unknown.items():
        said = await absence(read, [Kind.every[target.table.name].name for target in targets[name]], ids)
        for number, (id, (says, instead)) in enumerate(said.items()):
            tables = [target.table for target in targets[name]] if number < MOST_WITH_NEAR and not instead else []
            near = [near for table in tables for near in await nearest(read, table, id)]
            faults.append(bad_parameter(name, says, instead or near))
    return faults


async def absence(read: Asked, resources: Sequence[str], ids: Sequence[str]) -> Absences:
    """Why these resources have no such ids, each in a sentence, and what stands for it: it is gone, or is others'."""
    row = await read.row(_whereabouts(), {"resources": list(resources), "ids": list(ids)})
    found = json.loads(row["found"]) if row and row["found"] else {}
    return {id: _says(id, " or ".join(resources), found[id]) for id in ids}


def _says(id: str, among: str, found: Mapping[str, Any]) -> tuple[str, list[str]]:
    if found["deleted"]:
        other = found["replaced_by"]
        return f"{id} was deleted" + (f"; {other} stands for it" if other else ""), [other] if other else []
    elsewhere = f"; it is among the {' and the '.join(found['others'])}" if found["others"] else ""
    return f"There is no {id} among the {among}{elsewhere}", []


async def nearest(read: Asked, table: FromClause, text: str) -> list[str]:
    """Ids that a text may have been meant for, judging by them or by their names; the best first, three at most."""
    row = await read.row(_nearest(table), {"text": text})
    candidates: list[str] = row["ids"] or [] if row else []
    return _closest(text, candidates)


async def alike(read: Asked, table: FromClause, texts: Sequence[str]) -> dict[str, list[str]]:
    """The same for several texts, judging by ids alone, which takes a quarter of the time."""
    row = await read.row(_alike(table), {"texts": texts}) if texts else None
    found = json.loads(row["found"]) if row else {}
    return {text: _closest(text, candidates) for text, candidates in found.items()}


def _closest(text: str, candidates: list[str]) -> list[str]:
    return difflib.get_close_matches(text, candidates, cutoff=0.7) or candidates[:3]


@lru_cache(maxsize=1)
def _deletion() -> Statement:
    this = (ChangeRow.resource == bindparam("resource"), ChangeRow.id == bindparam("id"), ChangeRow.op == "delete")
    last = select(RevisionRow.at, ChangeRow.replaced_by).join(ChangeRow, ChangeRow.revision == RevisionRow.id)
    return Statement(last.where(*this).order_by(ChangeRow.seq.desc()).limit(1))


@lru_cache(maxsize=1)
def _whereabouts() -> Statement:
    """Of each id, whether resources have had it, and what stands for it; and which others have it."""
    given = func.unnest(bindparam("ids", type_=ARRAY(Text))).table_valued("id").render_derived()
    theirs = ChangeRow.resource == any_(bindparam("resources", type_=ARRAY(Text)))
    gone = select(ChangeRow.replaced_by, true().label("deleted"))
    last = (
        gone.where(theirs, ChangeRow.id == given.c.id, ChangeRow.op == "delete").order_by(ChangeRow.seq.desc()).limit(1)
    )
    deletion = last.lateral("deletion")
    has = (case((exists().where(kind.table.c.id == given.c.id), kind.name)) for kind in Kind.every.values())
    found = {
        "deleted": func.coalesce(deletion.c.deleted, false()),
        "replaced_by": deletion.c.replaced_by,
        "others": func.array_remove(array(list(has)), null()),
    }
    told = func.json_object_agg(given.c.id, json_object(found))
    return Statement(select(cast(told, Text).label("found")).select_from(given.outerjoin(deletion, true())))


@lru_cache(maxsize=200)
def _nearest(table: FromClause) -> Statement:
    text = bindparam("text", type_=Text())
    name = next(table.c[column] for column in ("name", "title", "id") if column in table.c)
    likeness = func.greatest(func.similarity(table.c.id, text), func.word_similarity(text, name))
    near = select(table.c.id).where(likeness > LEAST_LIKENESS).order_by(likeness.desc(), table.c.id).limit(50)
    return Statement(select(func.array_agg(near.subquery().c.id).label("ids")))


@lru_cache(maxsize=200)
def _alike(table: FromClause) -> Statement:
    given = func.unnest(bindparam("texts", type_=ARRAY(Text))).column_valued("given")
    likeness = func.similarity(table.c.id, given)
    near = select(table.c.id).where(likeness > LEAST_LIKENESS).order_by(likeness.desc(), table.c.id).limit(50)
    told = func.json_object_agg(given, func.array(near.scalar_subquery()))
    return Statement(select(cast(told, Text).label("found")))
