"""Findings: every rule of law or of sense that a record breaks, and the rules themselves."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from app.insights.findings.catalogue import RULES, chosen
from app.insights.findings.shapes import Findings, FindingsQuery, Rules, RuleShown, RulesQuery, findings
from app.insights.findings.statement import Wanted, statement
from app.rest.export.formats import JSON, VARY, XLSX, choose
from app.rest.missing import refuse_absent, refuse_unknown
from app.rest.paging import Cursor, following
from app.rest.reading import Reading
from app.rest.response import Json

router: Final = APIRouter(prefix=findings.path, tags=["insights"])


@router.get("")
async def list_findings(query: Annotated[FindingsQuery, Query()], read: Reading) -> Json[Findings]:
    """Whatever breaks a rule of law or of sense: late answers, gaps, sums that do not add up, sources that disagree.

    What has a day is judged as of the day asked about; what contradicts itself does so on any day. Nobody is accused
    of what is merely unknown: what is missing, or not known to be there, is a notice.
    """
    format = choose(query, findings.formats, findings.columns)
    cursor = Cursor.read(query.cursor, query, int)
    as_of = query.as_of or (cursor.as_of if cursor else read.today())
    rules = chosen(query.rule, query.severity)
    asked = frozenset(rule.id for rule in rules)
    told = {
        "rules": [rule.id for rule in rules],
        "severities": [rule.severity for rule in rules],
        "sentences": [rule.sentence.told(query.lang or "da") for rule in rules],
        "bases": [rule.basis.told(query.lang or "da") for rule in rules],
    }
    present = query.present()
    values = {**present, **told, "as_of": as_of, "limit": query.limit}
    if format is not JSON:
        await refuse_absent(read, {n: w for n, w in FindingsQuery.filters().items() if n in present}, present)
        wanted = Wanted.COUNTED if format is XLSX else Wanted.ALL
        return findings.whole(read, query, format, as_of, statement(asked, frozenset(present), wanted), values)
    if cursor:
        values |= {"after_key": cursor.key, "after_id": cursor.id}
    row = await read.row(statement(asked, frozenset(present), Wanted.NEXT if cursor else Wanted.FIRST), values)
    assert row is not None, "an aggregate gives a row"
    await refuse_unknown(read, FindingsQuery.filters(), row)
    token, link = following(f"{read.root}{router.prefix}", query, as_of, row["more"])
    body = f'{{"items":[{row["items"]}],"next":{token},"counts":{row["counts"]},"as_of":"{as_of}"}}'
    return Json(body.encode(), headers={"Broen-As-Of": str(as_of), **VARY, **link})


@router.get("/rules")
async def list_rules(query: Annotated[RulesQuery, Query()]) -> Json[Rules]:
    """The rules that records are held against, the gravest first, each with its legal reference or its reason."""
    shown = [
        RuleShown(
            id=rule.id,
            severity=rule.severity,
            basis=rule.basis.told(query.lang),
            sentence=rule.sentence.told(query.lang),
        )
        for rule in RULES
    ]
    return Json(Rules(items=shown).model_dump_json().encode())
