"""What the register knew: what it said at a revision it says of that revision for ever, whatever is written since."""

import asyncio
import csv
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest
from httpx import AsyncClient, Response
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.auth import Role
from app.resources import RESOURCES
from app.rest.writing import Writer
from app.settings import COPENHAGEN, load_settings
from tests.conftest import Databases, make_key, put, serving, value
from tests.test_contract import ANSWERS, LISTS, OPERATIONS, required
from tests.test_funding_summary import grant, money

CITED: Final = re.compile(r'<([^>]+)>; rel="cite-as"')
POOL: Final = "pulje-til-at-reducere-ulighed-i-sundhed"
WORDS: Final = ("kvikling", "flimmerum", "glimmerup")
STATUSES: Final = ("awarded", "withdrawn")
QUESTIONS: Final = (
    *("/v1/plans/a", "/v1/plans/b", "/v1/initiatives/a", "/v1/funding/grants/a", "/v1"),
    *("/v1/plans?limit=3&facet=kind&count=true", "/v1/plans?sort=-title&limit=3", "/v1/plans?q=kvikling"),
    *("/v1/initiatives?municipality=dk-0360", "/v1/initiatives?sort=-budget&limit=4&region=dk-1085&facet=municipality"),
    *("/v1/funding/grants?sort=-awarded", "/v1/initiatives?funded=true", "/v1/plans?format=ndjson&q=flimmerum"),
    *("/v1/funding/summary", "/v1/funding/summary?group_by=municipality&group_by=status"),
    *("/v1/search?q=kvikling", "/v1/search?q=kvilking", "/v1/autocomplete?q=glim", "/v1/autocomplete?q=flimerum"),
    *("/v1/plans/a/history", "/v1/plans/a/diff?from=1", "/v1/findings?limit=100", "/v1/coverage", "/v1/deadlines"),
    "/v1/initiatives/a/financing",
)

bodies = st.one_of(
    st.fixed_dictionaries(
        {"kind": st.sampled_from(["strategy", "health_plan"]), "title": st.sampled_from(WORDS)},
        optional={"summary": st.sampled_from(WORDS), "period": st.just({"start": "2020-01-01", "end": None})},
    ).map(lambda body: ("plans", body)),
    st.fixed_dictionaries(
        {"kind": st.just("project"), "title": st.sampled_from(WORDS)},
        optional={
            "areas": st.lists(
                st.sampled_from([{"municipality": "dk-0360"}, {"municipality": "dk-0376"}, {"region": "dk-1085"}]),
                unique_by=str,
                max_size=3,
            )
        },
    ).map(lambda body: ("initiatives", body)),
    st.fixed_dictionaries(
        {
            "programme": st.just(POOL),
            "title": st.sampled_from(WORDS),
            "status": st.sampled_from(["awarded", "withdrawn"]),
        },
        optional={"initiative": st.just("broen-til-bedre-sundhed"), "awarded": st.just(money("7.50", "SEK"))},
    ).map(lambda body: ("funding/grants", body)),
)
steps = st.tuples(bodies, st.sampled_from("abc"), st.sampled_from(["PUT", "PUT", "PUT", "DELETE", "POST"]))


async def write(client: AsyncClient, step: Any, key: dict[str, str]) -> Response:
    """Take a step: write a record, delete it, or bring it back."""
    (kind, body), id, method = step
    path = f"/v1/{kind}/{id}"
    if method == "PUT":
        there = (await client.get(path)).status_code == 200
        condition = {"If-Match": "*"} if there else {"If-None-Match": "*"}
        return await client.put(path, json=body, headers=condition | key)
    if method == "DELETE":
        return await client.delete(path, headers={"If-Match": "*"} | key)
    return await client.post(f"{path}/restore", headers=key)


async def said(client: AsyncClient, more: str) -> dict[str, tuple[int, bytes, str | None]]:
    """What is said to each question."""
    answers = {}
    for question in QUESTIONS:
        answer = await client.get(question + (f"{'&' if '?' in question else '?'}{more}" if more else ""))
        cited = CITED.search(answer.headers.get("Link", ""))
        answers[question] = (answer.status_code, comparable(answer), cited and cited[1])
    return answers


def comparable(answer: Response) -> bytes:
    """The bytes of an answer, but for the id of a request that failed."""
    return re.sub(rb'"request_id":"[^"]*"', b"", answer.content)


@example(
    history=[
        (("plans", {"kind": "strategy", "title": "kvikling"}), "a", "PUT"),
        (("plans", {"kind": "strategy", "title": "glimmerup", "summary": "flimmerum"}), "a", "PUT"),
        (("plans", {"kind": "strategy", "title": "kvikling"}), "a", "DELETE"),
        (("plans", {"kind": "strategy", "title": "kvikling"}), "a", "POST"),
    ]
)
@given(history=st.lists(steps, min_size=3, max_size=6))
@hypothesis_settings(deadline=None, max_examples=1, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_said_is_said_again(databases: Databases, history: list[Any]) -> None:
    """After every write, each question is answered; when all is written, `known_at` answers each with the same bytes.

    So it does by the number of the revision, by an instant at which it was the newest, and by what is to be cited.
    """
    with databases() as url:
        asyncio.run(_said_again(url, history))


async def _said_again(url: str, history: list[Any]) -> None:
    settings = load_settings(database_url=url, writes_per_minute=1_000_000)
    key = {"Authorization": f"Bearer {await make_key(url, Role.STEWARD)}"}
    heard: dict[int, dict[str, tuple[int, bytes, str | None]]] = {}
    async with serving(settings) as client:
        for step in [None, *history]:
            if step:
                await write(client, step, key)
            heard[await value(url, "select max(id) from revision")] = await said(client, "")
        for revision, answers in heard.items():
            at = await value(url, f"select at from revision where id = {revision}")
            known_at = str(revision) if revision % 2 else f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"
            again = await said(client, f"known_at={known_at}")
            for question, answer in answers.items():
                assert again[question] == answer, (question, known_at)
            for status, body, cited in answers.values():
                if cited:
                    later = await client.get(cited)
                    assert (later.status_code, comparable(later)) == (status, body), cited
                    assert later.headers["Broen-Revision"] == str(revision)


async def test_every_question_can_be_put_to_the_past() -> None:
    """But for whether the service is well, what is still to come, and the rules by which findings are made."""
    present = {
        path
        for path, operation in OPERATIONS.items()
        if "known_at" not in {parameter["name"] for parameter in operation["parameters"]}
    }
    templates = {f"{resource.path}/template" for resource in RESOURCES}
    assert present == {"/livez", "/readyz", "/v1/findings/rules", "/v1/changes/stream", *templates}


async def test_the_day_of_the_past_is_that_of_the_instant(client: AsyncClient, register: str) -> None:
    """In Copenhagen; of a revision, that on which it was written; `as_of` has its own say."""
    at: datetime = await value(register, "select at from revision where id = 1")
    for known_at, day in (
        ("1", at.astimezone(COPENHAGEN).date()),
        ("2020-06-30T22:00:00Z", date(2020, 7, 1)),
        ("2020-06-30T22:00:00-05:00", date(2020, 7, 1)),
        ("2020-01-31T22:59:59.5Z", date(2020, 1, 31)),
    ):
        answer = await client.get("/v1/municipalities", params={"known_at": known_at})
        assert answer.headers["Broen-As-Of"] == answer.json()["as_of"] == str(day)
    answer = await client.get("/v1/municipalities", params={"known_at": "1", "as_of": "2030-01-01"})
    assert (answer.json()["as_of"], answer.headers["Broen-Revision"]) == ("2030-01-01", "1")


async def test_before_the_first_revision_nothing_was_known(client: AsyncClient) -> None:
    """And an instant tells which revision it was; a list of nothing is no failure."""
    answer = await client.get("/v1/regions?known_at=2020-01-01T00:00:00Z")
    assert (answer.json()["items"], answer.headers["Broen-Revision"]) == ([], "0")
    cited = CITED.search(answer.headers["Link"])
    assert cited
    assert cited[1].endswith("known_at=0")
    assert (await client.get(cited[1])).content == answer.content
    assert (await client.get("/v1/regions?known_at=0")).json()["as_of"] == str(datetime.now(COPENHAGEN).date())
    assert (await client.get("/v1/regions/dk-1085?known_at=2020-01-01T00:00:00Z")).status_code == 404
    refused = await client.get("/v1/municipalities?region=dk-1085&known_at=2020-01-01T00:00:00Z")
    assert (refused.status_code, refused.json()["errors"][0]["parameter"]) == (400, "region")


@pytest.mark.parametrize(
    "known_at",
    ["", "00", "-1", "1.0", "x", "2026-11-22", "2026-11-22T09:30:00", "1e3", "9999999999999999", "null", "1 ",
     "2026-13-01T00:00:00Z"],
)  # fmt: skip
async def test_what_is_neither_revision_nor_instant_is_refused(client: AsyncClient, known_at: str) -> None:
    """With a sentence that says what would be right, and beside all else that is wrong."""
    answer = await client.get("/v1/regions", params={"known_at": known_at, "limit": "no"})
    told = {fault["parameter"]: fault["detail"] for fault in answer.json()["errors"]}
    assert (answer.status_code, set(told)) == (400, {"known_at", "limit"})
    assert "2026-11-22T09:30:00Z" in told["known_at"]


async def test_what_is_to_come_is_not_known(client: AsyncClient) -> None:
    """A revision that is not there, and an instant that has not been; nor what nobody could have written."""
    for instant in ("0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00"):
        answer = await client.get("/v1/regions", params={"known_at": instant})
        assert answer.json()["errors"][0]["detail"] == "The instant should be of the years 1000 to 9998"
    answer = await client.get("/v1/regions?known_at=99")
    assert answer.json()["errors"][0]["detail"] == "There is no revision 99; the newest is 1"
    for ahead in (timedelta(minutes=5), timedelta(days=100_000)):
        answer = await client.get("/v1/regions", params={"known_at": (datetime.now(UTC) + ahead).isoformat()})
        assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "known_at")
        assert "future" in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize("by", ["number", "instant"])
async def test_pages_and_exports_of_the_past_go_together(
    writer: Writer, own_client: AsyncClient, fresh: str, by: str
) -> None:
    """Pages follow each other in the past while the register goes on, and the whole list is the same."""
    await put(writer, *((*grant(f"g-{n}", awarded=money(f"{n}.00"))[:2], grant(f"g-{n}")[2]) for n in range(5)))
    at = (await value(fresh, "select at from revision where id = 2")).isoformat().replace("+", "%2B")
    known_at = "2" if by == "number" else at
    url: str | None = f"/v1/funding/grants?sort=title&limit=2&known_at={known_at}"
    ids: list[str] = []
    while url:
        await put(writer, grant(f"ny-{len(ids)}"))
        page = await own_client.get(url)
        ids += [item["id"] for item in page.json()["items"]]
        url = next((link["url"] for name, link in page.links.items() if name == "next"), None)
    assert not any(id.startswith("ny-") for id in ids)
    whole = await own_client.get(
        "/v1/funding/grants?sort=title&known_at=" + known_at + "&format=csv&bom=false&columns=id"
    )
    assert whole.headers["Broen-Revision"] == "2"
    assert [row["id"] for row in csv.DictReader(whole.text.splitlines())] == ids
    assert len(ids) == len(set(ids)) >= 5


@pytest.mark.parametrize("path", [*LISTS, *ANSWERS])
async def test_every_parameter_can_be_put_to_the_past(client: AsyncClient, path: str) -> None:
    """Each with its example: the statements are the same, over views in which there are no keys."""
    for parameter in OPERATIONS[path]["parameters"]:
        if parameter["in"] == "query" and parameter["name"] not in ("cursor", "format", "columns", "lang", "bom"):
            asked = {"as_of": "2026-06-01", **required(path), parameter["name"]: parameter["schema"]["examples"][0]}
            now, then = [await client.get(path, params=asked | {"known_at": known_at}) for known_at in ((), "1")]
            assert (then.status_code, then.content) == (200, now.content), parameter["name"]
