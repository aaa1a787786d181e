"""Writes over HTTP, on every resource: what is written is what is read, and nobody's work is lost."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from httpx import AsyncClient, Response

from app.auth import Role
from app.imports import KINDS
from app.resources import RESOURCES
from app.rest.body import validate
from app.rest.resource import Resource
from app.rest.writing import Writer
from app.settings import COPENHAGEN, Settings, load_settings
from tests.conftest import connected, make_key, rows, serving, value

PATCH: Final = {"Content-Type": "application/merge-patch+json"}
SOURCE: Final = {"document": "sundhedsloven", "fields": [""]}
BODY: Final = {"kind": "association", "name": "Foreningen Prøve"}


@pytest.fixture
async def steward(fresh: str, settings: Settings) -> AsyncIterator[AsyncClient]:
    """A client that may write everything, on a register of its own."""
    async with signed_in(fresh, settings, Role.STEWARD) as client:
        yield client


class signed_in:  # noqa: N801 - it is used as a function
    """A client with a key for a role, and for an editor with organisations."""

    def __init__(self, url: str, settings: Settings, role: Role, *organisations: str, **more: Any) -> None:
        self._url, self._role, self._organisations = url, role, organisations
        most = {"database_url": url, "writes_per_minute": 1_000_000}
        self._serving = serving(settings.model_copy(update=most | more))

    async def __aenter__(self) -> AsyncClient:
        key = await make_key(self._url, self._role, *self._organisations)
        client = await self._serving.__aenter__()
        client.headers["Authorization"] = f"Bearer {key}"
        return client

    async def __aexit__(self, *_: object) -> None:
        await self._serving.__aexit__(None, None, None)


async def stored(url: str, kind: Resource[Any, Any]) -> dict[str, Any]:
    """The body of a record of a kind, as the change log has it, with as much in it as there is."""
    query = f"select value from change where resource = '{kind.name}' order by length(value::text) desc, id limit 1"
    body: dict[str, Any] = json.loads(await value(url, query))
    if kind.name == "measurements":  # of which there is one of each day
        body["date"] = {"edtf": "1999"}
    return body


def faults(answer: Response) -> dict[str | None, str]:
    """What a problem says of each place in a body."""
    return {fault["pointer"] or fault["parameter"]: fault["detail"] for fault in answer.json()["errors"]}


async def count(url: str) -> int:
    """How many revisions there are."""
    return int(await value(url, "select count(*) from revision"))


@pytest.mark.parametrize("kind", RESOURCES, ids=lambda kind: kind.name)
async def test_a_record_lives_and_comes_back(steward: AsyncClient, fresh: str, kind: Resource[Any, Any]) -> None:
    """Created, replaced, changed, deleted and restored: each answer is what a GET shows, and history tells it all."""
    body = await stored(fresh, kind)
    made = await steward.post(kind.path, json=body, headers={"Broen-Note": "Pr%C3%B8ve"})
    assert made.status_code == 201, made.text
    path = made.headers["Location"]
    assert path == f"{kind.path}/{made.json()['id']}"
    read = await steward.get(path)
    assert (read.content, read.headers["ETag"]) == (made.content, made.headers["ETag"])
    assert made.json()["version"] == 1

    tag = {"If-Match": made.headers["ETag"]}
    same = await steward.put(path, json=body, headers=tag)
    assert (same.status_code, same.content) == (200, made.content), "what changes nothing is no version"
    owned = await steward.put(path, json={**body, "owner": "region-sjaelland"}, headers=tag)
    assert (owned.status_code, owned.json()["version"], owned.json()["owner"]) == (200, 2, "region-sjaelland")
    tag = {"If-Match": owned.headers["ETag"]}
    changed = await steward.patch(path, content=b'{"owner": null}', headers=PATCH | tag)
    assert (changed.status_code, changed.json()["version"], changed.json()["owner"]) == (200, 3, None)
    assert (await steward.get(path)).content == changed.content
    assert {**changed.json(), "version": 1, "updated_at": 0} == {**made.json(), "updated_at": 0}

    gone = await steward.delete(path, headers={"If-Match": changed.headers["ETag"]})
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await steward.get(path)).status_code == 410
    assert (await steward.post(kind.path, json={**body, "id": made.json()["id"]})).status_code == 409
    back = await steward.post(f"{path}/restore")
    assert (back.status_code, back.json()["version"]) == (200, 5), back.text
    assert {**back.json(), "version": 3} == {**changed.json(), "updated_at": back.json()["updated_at"]}

    page = (await steward.get(f"{path}/history", params={"limit": 3})).json()
    assert [item["operation"] for item in page["items"]] == ["restore", "delete", "replace"]
    assert page["items"][-1]["changes"] == [{"pointer": "/owner", "before": "region-sjaelland", "after": None}]
    told = await steward.get(f"{path}/history", params={"before": page["next"]})
    rest = told.json()
    assert [(item["operation"], item["note"]) for item in rest["items"]] == [("replace", None), ("create", "Prøve")]
    assert rest["next"] is None
    assert rest["items"][-1]["changes"][0]["pointer"] == ""
    assert rest["items"][-1]["at"] == made.json()["created_at"], "in the same spelling, and so are decimals:"
    this = f"resource = '{kind.name}' and id = '{made.json()['id']}'"
    first = await value(fresh, f"select value from change where {this} and version = 1")
    exact = json.loads(told.content, parse_float=str)["items"][-1]["changes"][0]["after"]
    assert exact == json.loads(first, parse_float=str)


@pytest.mark.parametrize("kind", RESOURCES, ids=lambda kind: kind.name)
async def test_nothing_is_changed_unconditionally(steward: AsyncClient, fresh: str, kind: Resource[Any, Any]) -> None:
    """428 without If-Match, 412 with that of another version, and nothing is written."""
    before = await count(fresh)
    path, body = f"{kind.path}/{kind.example}", await stored(fresh, kind)
    for headers, status in (({}, 428), ({"If-Match": '"7.abc"'}, 412)):
        for answer in (
            await steward.put(path, json=body, headers=headers),
            await steward.patch(path, content=b"{}", headers=headers | PATCH),
            await steward.delete(path, headers=headers),
        ):
            assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert (await steward.put(path, json=body, headers={"If-None-Match": "*"})).status_code == 412
    assert await count(fresh) == before


async def test_who_comes_second_is_told_what_changed_since(
    steward: AsyncClient, fresh: str, settings: Settings
) -> None:
    """Two writers on one record: one wins; the other learns who changed which fields, and the ETag to go on with."""
    made = await steward.post("/v1/organisations", json=BODY)
    path, tag = made.headers["Location"], made.headers["ETag"]
    answers = await asyncio.gather(
        *(
            steward.patch(path, json={"name": f"Foreningen {n}"}, headers=PATCH | {"If-Match": tag})
            for n in ("Nord", "Syd")
        )
    )
    won, lost = sorted(answers, key=lambda answer: answer.status_code)
    assert (won.status_code, lost.status_code) == (200, 412)
    assert lost.headers["ETag"] == won.headers["ETag"]
    (fault,) = lost.json()["errors"]
    assert fault["pointer"] == "/name"
    assert fault["detail"].startswith("Changed in version 2, at 20")
    assert "key:brn_" in fault["detail"]
    assert (await steward.get(path)).content == won.content
    async with signed_in(fresh, settings, Role.EDITOR, "region-sjaelland") as editor:
        other = await editor.patch(path, content=b"{}", headers=PATCH | {"If-Match": tag})
        assert other.status_code == 403


@pytest.mark.parametrize("held", ["W/{}", '"other", {}', '"1.other"', "*"])
async def test_a_condition_may_be_put_in_any_way(steward: AsyncClient, held: str) -> None:
    """Weak, one of several, of the same version with other bytes, any."""
    made = await steward.post("/v1/organisations", json=BODY)
    tag = {"If-Match": held.format(made.headers["ETag"])}
    answer = await steward.patch(made.headers["Location"], json={"name": "Ny"}, headers=PATCH | tag)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ({"If-Match": "3"}, "If-Match"),
        ({"If-Match": '"3'}, "If-Match"),
        ({"If-None-Match": '"3.a"'}, "If-None-Match"),
        ({"If-Match": "*", "If-None-Match": "*"}, "If-None-Match"),
        ({"Idempotency-Key": "a b"}, "Idempotency-Key"),
        ({"Idempotency-Key": "a" * 256}, "Idempotency-Key"),
        ({"Broen-Note": "%FF"}, "Broen-Note"),
        ({"Broen-Note": "%0A"}, "Broen-Note"),
        ({"Broen-Note": "a" * 1001}, "Broen-Note"),
    ],
)
async def test_a_header_that_means_nothing_is_refused_by_name(
    steward: AsyncClient, headers: dict[str, str], named: str
) -> None:
    """As parameters are."""
    answer = await steward.put("/v1/organisations/ny", json=BODY, headers=headers)
    assert answer.status_code == 400
    assert named in faults(answer)


async def test_a_patch_changes_what_it_names(steward: AsyncClient) -> None:
    """Objects are merged, lists replaced, null is null; the whole must hold, and what cannot be null is named."""
    body = {
        "kind": "project",
        "title": "Prøve",
        "summary": "Kort",
        "aims": ["En", "To"],
        "budget": {"amount": 10.5, "currency": "DKK"},
        "period": {"start": "2020-01-01", "end": None},
    }
    made = await steward.post("/v1/initiatives", json=body)

    async def patched(change: object) -> Response:
        etag = (await steward.get(made.headers["Location"])).headers["ETag"]
        return await steward.patch(made.headers["Location"], json=change, headers=PATCH | {"If-Match": etag})

    answer = await patched(
        {"budget": {"amount": 99.95}, "aims": ["Tre"], "summary": None, "period": {"end": "2021-01-01"}}
    )
    now = answer.json()
    assert (now["budget"], now["aims"], now["summary"]) == ({"amount": 99.95, "currency": "DKK"}, ["Tre"], None)
    assert now["period"] == {"start": "2020-01-01", "end": "2021-01-01"}
    assert (await patched({"budget": None})).json()["budget"] is None
    wrong = await patched(
        {"title": None, "aims": None, "colour": None, "period": {"end": "2019-01-01"}, "budget": {"amount": 1}}
    )
    assert wrong.status_code == 422
    assert set(faults(wrong)) == {"/title", "/aims", "/colour", "/period", "/budget/currency"}
    assert (await patched(["title"])).status_code == 422


async def test_a_date_is_changed_by_what_states_it(steward: AsyncClient) -> None:
    """What follows from it follows."""
    made = await steward.post("/v1/documents", json={"kind": "report", "title": "Prøve", "published": {"edtf": "2019"}})
    assert made.status_code == 201, made.text
    tag = {"If-Match": made.headers["ETag"]}
    answer = await steward.patch(made.headers["Location"], json={"published": {"edtf": "2020-02"}}, headers=PATCH | tag)
    assert answer.json()["published"] == {"edtf": "2020-02", "earliest": "2020-02-01", "latest": "2020-02-29"}


async def test_ids_are_made_from_names_and_never_given_twice(steward: AsyncClient) -> None:
    """Danish letters as Danes spell them without; a number behind what is taken, or was."""
    made = [await steward.post("/v1/organisations", json=BODY | {"name": "Ærø og Åstrup: Øst!"}) for _ in range(2)]
    assert [answer.json()["id"] for answer in made] == ["aeroe-og-aastrup-oest", "aeroe-og-aastrup-oest-2"]
    paths = [await steward.post("/v1/initiatives", json={"kind": "pilot", "title": "Template"}) for _ in range(2)]
    assert [answer.json()["id"] for answer in paths] == ["template-2", "template-3"], "what the template is below"
    assert (await steward.get(paths[0].headers["Location"])).content == paths[0].content
    await steward.delete(made[0].headers["Location"], headers={"If-Match": "*"})
    again = await steward.post("/v1/organisations", json=BODY | {"name": "Ærø og Åstrup: Øst!"})
    assert again.json()["id"] == "aeroe-og-aastrup-oest-3"
    assert (await steward.post("/v1/organisations", json=BODY | {"name": "北京"})).json()["id"] == "organisation"
    long = await steward.post("/v1/organisations", json=BODY | {"name": "Samarbejdet om sundhed " * 20})
    assert long.json()["id"] == "samarbejdet-om-sundhed-samarbejdet-om-sundhed-samarbejdet-om-sundhed-samarbejdet"
    chosen = await steward.post("/v1/organisations", json=BODY | {"id": "valgt"})
    assert (chosen.status_code, chosen.headers["Location"]) == (201, "/v1/organisations/valgt")
    taken = await steward.post("/v1/organisations", json=BODY | {"id": "valgt"})
    assert (taken.status_code, set(faults(taken))) == (409, {"/id"})
    put = await steward.put("/v1/organisations/sat", json=BODY, headers={"If-None-Match": "*"})
    assert (put.status_code, put.headers["Location"]) == (201, "/v1/organisations/sat")
    gone = made[0].headers["Location"]
    assert (await steward.put(gone, json=BODY, headers={"If-None-Match": "*"})).status_code == 410


async def test_all_faults_of_a_body_are_told_at_once(steward: AsyncClient, fresh: str) -> None:
    """Of its shape and of its id; then of whom it names and of what a source points at; then of the rules."""
    before = await count(fresh)
    shape = await steward.post("/v1/initiatives", json={"id": "A B", "kind": "merg", "title": "", "colour": 1})
    assert set(faults(shape)) == {"/id", "/kind", "/title", "/colour"}
    body = {
        "kind": "project",
        "title": "Prøve",
        "lead": "ingen",
        "owner": "nul",
        "areas": [{"municipality": "dk-9999"}],
    }
    named = await steward.post("/v1/initiatives", json=body | {"sources": [{"document": "nix", "fields": ["/colour"]}]})
    places = {"/lead", "/owner", "/areas/0/municipality", "/sources/0/document", "/sources/0/fields/0"}
    assert (named.status_code, set(faults(named))) == (422, places)
    period = {"start": "2020-01-01", "end": None}
    twice = {
        "country": "DK",
        "name": "Ny",
        "period": period,
        "memberships": [{"region": "dk-1081", "period": period}] * 2,
    }
    for options in ({}, {"dry_run": True}):
        ruled = await steward.post("/v1/municipalities", json=twice, params=options)
        assert ruled.status_code == 422
        assert "belongs to one region at a time" in faults(ruled)["/memberships"]
    assert await count(fresh) == before


async def test_whom_nobody_is_called_so_is_told_with_near_ones(steward: AsyncClient) -> None:
    """The first few of a kind, in a body and in the rows of a file; of one that was replaced, what stands for it."""
    body = {"kind": "project", "title": "Prøve", "lead": "lolland-komune", "parent": "broen-bedre-sundhed"}
    areas = [{"municipality": f"dk-036{n}"} for n in (1, 2, 3, 4, 5)]
    answer = await steward.post("/v1/initiatives", json=body | {"areas": areas})
    near = {fault["pointer"]: fault["near"] for fault in answer.json()["errors"]}
    assert near["/lead"][0] == "lolland-kommune"
    assert near["/parent"] == ["broen-til-bedre-sundhed"]
    assert [bool(near[f"/areas/{n}/municipality"]) for n in range(5)] == [True, True, True, False, False]
    sent = {"params": {"resource": "initiatives"}, "headers": {"Content-Type": "text/csv"}}
    row = "id,kind,title,lead_id\nny,project,Ny,lolland-komune\n"
    refused = await steward.post("/v1/imports", content=row.encode(), **sent)  # type: ignore[arg-type]
    (fault,) = refused.json()["errors"]
    assert (fault["row"], fault["near"][0]) == (2, "lolland-kommune")
    assert "among the organisations, perhaps lolland-kommune" in refused.json()["detail"]

    old = (await steward.post("/v1/organisations", json=BODY)).headers["Location"]
    stands = {"replaced_by": "lolland-kommune"}
    assert (await steward.delete(old, params=stands, headers={"If-Match": "*"})).status_code == 204
    gone = await steward.post("/v1/initiatives", json=body | {"lead": old.rpartition("/")[2], "parent": None})
    assert [fault["near"] for fault in gone.json()["errors"]] == [["lolland-kommune"]]


async def test_a_broken_rule_is_told_in_its_own_words(steward: AsyncClient) -> None:
    """With where, and with the values where they help; never with rows, columns and tables."""
    project = {"id": "cyc", "kind": "project", "title": "Prøve", "parent": "cyc"}
    agreement = {"kind": "addendum", "title": "Prøve", "region": "dk-1085"}
    party = {"organisation": "lolland-kommune"}
    member = {"region": "dk-1085", "period": {"start": "2005-01-01", "end": None}}
    area = {"country": "DK", "name": "Prøve", "period": member["period"], "memberships": [member]}
    already = "this indicator, definition, area and time already; another source belongs to it"
    figure = {"id": "proeve", "indicator": "folketal", "municipality": "dk-0360", "date": {"edtf": "2001"}}
    wrong = (
        ("initiatives", project, "/parent", "An initiative is no part of itself."),
        (
            "health-agreements",
            agreement | {"replaces": "proeve"},
            "/replaces",
            "A health agreement does not follow itself.",
        ),
        (
            "measurements",
            figure | {"definition": 7},
            "/definition",
            "A measurement names a definition that its indicator has: folketal, 7.",
        ),
        (
            "measurements",
            figure | {"definition": 1, "date": {"edtf": "2020-07-01"}},
            "/date",
            f"There is a measurement of {already}: folketal, 1, null, dk-0360, 2020-07-01.",
        ),
        (
            "health-agreements",
            agreement | {"parties": [party] * 2},
            "/parties",
            "An organisation is party to an agreement once: proeve, lolland-kommune.",
        ),
        (
            "organisations",
            BODY | {"id": "proeve", "members": [{"organisation": "proeve"}]},
            "/members",
            "An organisation is no member of itself.",
        ),
        (
            "municipalities",
            area,
            "/memberships",
            "A municipality belongs to a region only while the region exists: dk-1085, [2005-01-01,).",
        ),
    )
    for name, body, pointer, says in wrong:
        refused = await steward.post(f"/v1/{name}", json=body)
        (fault,) = refused.json()["errors"]
        path = f"{name}/{body.get('id', 'proeve')}"
        told = (fault["record"], fault["pointer"], fault["detail"], refused.json()["detail"])
        assert told == (path, pointer, says, says)
        line = json.dumps({"id": "proeve", **body, "resource": name})
        kind = {"Content-Type": "application/x-ndjson"}
        (fault,) = (await steward.post("/v1/imports", content=line, headers=kind)).json()["errors"]
        assert (fault["record"], fault["pointer"], fault["detail"]) == (path, pointer, says), "of a file, too"


async def test_what_is_no_object_is_told_in_the_words_of_json(steward: AsyncClient) -> None:
    """And not in those of a programming language."""
    body = {
        "kind": "project",
        "title": "Prøve",
        "goals": ["x"],
        "budget": 5,
        "stages": [{"name": "x", "persons_min": "x"}],
    }
    assert faults(await steward.post("/v1/initiatives", json=body)) == {
        "/goals/0": "Input should be an object",
        "/budget": "Input should be an object",
        "/stages/0/persons_min": "Input should be an integer",
    }
    (fault,) = (await steward.post("/v1/initiatives", json=[])).json()["errors"]
    assert (fault["pointer"], fault["detail"]) == ("", "Input should be an object")
    grant = {
        "title": "Prøve",
        "programme": "delprogram-oeresund",
        "conditional": "nej",
        "sought": {"amount": [], "currency": "DKK"},
    }
    assert faults(await steward.post("/v1/funding/grants", json=grant)) == {
        "/sought/amount": "Input should be a number",
        "/conditional": "Input should be true or false",
    }


async def test_what_compares_fields_names_the_one_that_is_meant(steward: AsyncClient) -> None:
    """Not the whole record."""
    award = {"title": "Prøve", "programme": "delprogram-oeresund", "awarded": {"amount": 10, "currency": "DKK"}}
    more, euros = {"amount": 11, "currency": "DKK"}, {"amount": 1, "currency": "EUR"}
    steps = [{"kind": kind, "date": {"edtf": year}} for kind, year in (("drafted", "2020"), ("in_force", "2019"))]
    agreement = {"kind": "health_agreement", "title": "Prøve", "region": "dk-1085"}
    for name, body, pointer in (
        ("health-agreements", agreement | {"amends": "sundhedsaftale-sjaelland-2019"}, "/amends"),
        ("health-agreements", agreement | {"milestones": steps}, "/milestones"),
        ("funding/grants", award | {"recipients": [{"organisation": "kl", "share": more}]}, "/recipients"),
        ("funding/grants", award | {"instalments": [{"paid": more}]}, "/instalments"),
        ("funding/grants", award | {"instalments": [{"paid": euros}, {"paid": more}]}, "/instalments"),
        ("funding/grants", award | {"recovered": euros}, "/recovered"),
        ("indicators", {"title": "Prøve", "definitions": [{"number": 1, "text": "x"}] * 2}, "/definitions"),
    ):
        refused = await steward.post(f"/v1/{name}", json=body)
        assert (refused.status_code, list(faults(refused))) == (422, [pointer]), refused.text
        line = json.dumps({"id": "proeve", **body, "resource": name})
        kind = {"Content-Type": "application/x-ndjson"}
        told = (await steward.post("/v1/imports", content=line, headers=kind)).json()["errors"]
        assert [fault["pointer"] for fault in told] == [pointer], "of a file, too"


async def test_addresses_and_numbers_are_well_formed(steward: AsyncClient) -> None:
    """An e-mail address has its @, a number of the CVR eight digits; other lists have numbers of their own."""
    contact = [{"name": "Sekretariatet", "email": email} for email in ("not an email", "a@b", "post@proeve.dk")]
    numbers = [{"scheme": scheme, "value": "abc"} for scheme in ("CVR", "cvr", "EAN")]
    refused = await steward.post("/v1/organisations", json=BODY | {"contact_points": contact, "identifiers": numbers})
    assert list(faults(refused)) == [
        *("/identifiers/0/value", "/identifiers/1/value", "/contact_points/0/email", "/contact_points/1/email"),
    ]


async def test_what_is_shown_as_a_link_is_one(steward: AsyncClient) -> None:
    """An address on the web has a host and runs no script; a telephone number has digits."""
    page = {"kind": "web_page", "title": "Prøve"}
    for url in (
        *(
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "data:text/html,x",
            "//proeve.dk",
            "www.proeve.dk",
            "ftp://a.dk",
        ),
        *("http://", "https:///sti", "https://?q", "http://:80", "https://proeve.dk@ond.dk", "https://a.dk/<script>"),
        *("https://proeve.dk/en to", "https://proeve.dk/\njavascript:alert(1)"),
    ):
        says = "Input should be an http or https address, such as https://www.regionsjaelland.dk"
        refused = await steward.post("/v1/documents", json=page | {"url": url})
        assert (refused.status_code, faults(refused)) == (422, {"/url": says}), url
        refused = await steward.post("/v1/organisations", json=BODY | {"website": url})
        assert (refused.status_code, list(faults(refused))) == (422, ["/website"]), url
    for url in ("http://localhost:8000", "https://rødovre.dk/a/@b?c=d:e#f", "https://[::1]/", "[slettet]"):
        assert (await steward.post("/v1/documents", json=page | {"url": url})).status_code == 201, url
    for phone, status in {
        **dict.fromkeys(("ring til mig", "12", "tel:112", "+", "57 87 57 87 eller 88"), 422),
        **dict.fromkeys(("112", "+45 57 87 57 87", "(57) 87-57-87", "0045.57.87.57.87", "[slettet]"), 201),
    }.items():
        point = {"contact_points": [{"name": "Vagten", "phone": phone}]}
        answer = await steward.post("/v1/organisations", json=BODY | point)
        assert answer.status_code == status, (phone, answer.text)
        contact = {"kind": "project", "title": "Prøve", "contacts": [{"role": "Leder", "phone": phone}]}
        assert (await steward.post("/v1/initiatives", json=contact)).status_code == status, phone


async def test_what_cannot_be_is_refused(steward: AsyncClient) -> None:
    """Less than nothing is no budget, and nothing was read on a day to come; what is corrected may be negative."""
    less, day = {"amount": -5, "currency": "DKK"}, datetime.now(COPENHAGEN).date()
    partner = {"organisation": "kl", "role": "partner", "cofinancing": less, "contribution": less}
    source = {"document": "sundhedsloven", "read_on": str(day + timedelta(days=1))}
    project = {"kind": "project", "title": "Prøve", "budget": less, "partners": [partner], "sources": [source]}
    refused = faults(await steward.post("/v1/initiatives", json=project))
    assert refused == {
        **dict.fromkeys(
            ("/budget/amount", "/partners/0/cofinancing/amount", "/partners/0/contribution/amount"),
            "Input should be greater than or equal to 0",
        ),
        "/sources/0/read_on": f"Input should be no day to come; today is {day}",
    }
    programme = {"kind": "pool", "name": "Prøve", "frame": less, "cofinancing_rules": [{"cap": less}]}
    places = ["/frame/amount", "/cofinancing_rules/0/cap/amount"]
    assert list(faults(await steward.post("/v1/funding/programmes", json=programme))) == places
    grant = {"title": "Prøve", "programme": "delprogram-oeresund", "instalments": [{"paid": less}], "recovered": less}
    assert list(faults(await steward.post("/v1/funding/grants", json=grant | {"awarded": less}))) == ["/awarded/amount"]
    assert (await steward.post("/v1/funding/grants", json=grant)).status_code == 201
    read = project | {"budget": None, "partners": [], "sources": [source | {"read_on": str(day)}]}
    assert (await steward.post("/v1/initiatives", json=read)).status_code == 201
    for row, place in (
        ('{"budget": {"amount": -5, "currency": "DKK"}}', "/budget/amount"),
        ('{"sources": [{"document": "sundhedsloven", "read_on": "2999-01-01"}]}', "/sources/0/read_on"),
    ):
        line = json.dumps({"resource": "initiatives", "id": "ny", "kind": "project", "title": "Ny"} | json.loads(row))
        told = await steward.post("/v1/imports", content=line, headers={"Content-Type": "application/x-ndjson"})
        assert [fault["pointer"] for fault in told.json()["errors"]] == [place]


async def test_what_was_stored_before_a_rule_is_read_and_mended(steward: AsyncClient, fresh: str) -> None:
    """The rules of what is sent do not stand in the way of what is there."""
    before = validate(KINDS["organisations"].data, BODY | {"website": "proeve.dk"})
    async with Writer(fresh, load_settings()) as writer, writer.revision("register") as revision:
        await revision.put(KINDS["organisations"], "proeve", before)
    path = "/v1/organisations/proeve"
    assert (await steward.get(path, headers={"Min-Revision": "2"})).json()["website"] == "proeve.dk"
    headers = PATCH | {"If-Match": "*"}
    refused = await steward.patch(path, json={"name": "Ny"}, headers=headers)
    assert (refused.status_code, list(faults(refused))) == (422, ["/website"])
    mended = await steward.patch(path, json={"website": "https://proeve.dk"}, headers=headers)
    assert (mended.status_code, mended.json()["website"]) == (200, "https://proeve.dk")


async def test_a_partner_is_named_once_at_a_time_in_a_role(steward: AsyncClient) -> None:
    """Who left may come back, and have two roles at once."""
    partner = {"organisation": "lolland-kommune", "role": "partner"}
    years = [{**partner, "period": {"start": f"{year}-01-01", "end": f"{year + 1}-01-01"}} for year in (2016, 2014)]
    for partners in ([partner] * 2, [*years, partner], [years[0]] * 2):
        refused = await steward.post("/v1/initiatives", json={"kind": "project", "title": "Ny", "partners": partners})
        assert list(faults(refused)) == ["/partners"]
    partners = [*years, {**partner, "role": "lead_partner"}]
    made = await steward.post("/v1/initiatives", json={"kind": "project", "title": "Ny", "partners": partners})
    assert made.status_code == 201


async def test_what_others_refer_to_is_not_deleted(steward: AsyncClient) -> None:
    """409 names them all; a record that only names itself can go."""
    answer = await steward.delete("/v1/organisations/lolland-kommune", headers={"If-Match": "*"})
    assert answer.status_code == 409
    named = {(fault["record"], fault["pointer"]) for fault in answer.json()["errors"]}
    assert len(named) > 1
    assert all(pointer.startswith("/") for _, pointer in named)
    assert (await steward.get("/v1/organisations/lolland-kommune")).status_code == 200
    made = await steward.post("/v1/organisations", json=BODY | {"id": "selv", "owner": "selv"})
    assert (await steward.delete(made.headers["Location"], headers={"If-Match": "*"})).status_code == 204


async def test_a_deleted_id_tells_what_stands_for_it(steward: AsyncClient) -> None:
    """The time, and the replacement where there is one; which must be another record that there is."""
    for id in ("gammel", "ny"):
        await steward.post("/v1/organisations", json=BODY | {"id": id})
    path, any_version = "/v1/organisations/gammel", {"If-Match": "*"}
    for wrong in ("gammel", "nul"):
        refused = await steward.delete(path, params={"replaced_by": wrong}, headers=any_version)
        assert (refused.status_code, "replaced_by" in faults(refused)) == (400, True)
    assert (await steward.delete(path, params={"replaced_by": "ny"}, headers=any_version)).status_code == 204
    gone = (await steward.get(path)).json()
    assert gone["detail"].endswith("/v1/organisations/ny stands for it since.")
    assert gone["errors"][0]["near"] == ["ny"]
    asked = (await steward.get("/v1/initiatives?lead=gammel")).json()["errors"][0]
    assert (asked["detail"], asked["near"]) == ("gammel was deleted; ny stands for it", ["ny"])
    named = await steward.post("/v1/initiatives", json={"kind": "project", "title": "Prøve", "lead": "gammel"})
    assert faults(named) == {"/lead": "gammel was deleted; ny stands for it"}
    for answer in (
        await steward.delete(path, headers=any_version),
        await steward.patch(path, content=b"{}", headers=any_version | PATCH),
        await steward.put(path, json=BODY, headers=any_version),
    ):
        assert answer.status_code == 410
    assert (await steward.post("/v1/organisations/ny/restore")).status_code == 409
    assert (await steward.post("/v1/organisations/aldrig-set/restore")).status_code == 404
    assert (await steward.post(f"{path}/restore")).status_code == 200


async def test_a_trial_tells_all_and_writes_nothing(steward: AsyncClient, fresh: str) -> None:
    """Of every write; its answer has no ETag, for another may be given the version."""
    made = await steward.post("/v1/organisations", json=BODY)
    path, tag = made.headers["Location"], {"If-Match": made.headers["ETag"]}
    before = await count(fresh)
    trial = {"dry_run": True}
    answers = [
        await steward.post(
            "/v1/organisations", json=BODY, params=trial, headers={"Idempotency-Key": "prøve".encode().hex()}
        ),
        await steward.put(path, json=BODY | {"name": "Ny"}, params=trial, headers=tag),
        await steward.patch(path, json={"name": "Ny"}, params=trial, headers=tag | PATCH),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert [answer.json()["version"] for answer in answers] == [1, 2, 2]
    assert not any("ETag" in answer.headers or "Location" in answer.headers for answer in answers)
    assert (await steward.delete(path, params=trial, headers=tag)).status_code == 204
    assert await count(fresh) == before
    assert await value(fresh, "select count(*) from repeatable") == 0
    assert (await steward.get(path)).content == made.content


async def test_a_request_that_is_sent_again_is_answered_again(steward: AsyncClient, fresh: str) -> None:
    """Once written, also when two arrive at once; another body under the key is refused, and so it is for a day."""
    key = {"Idempotency-Key": "7f4df5a3"}
    answers = await asyncio.gather(*(steward.post("/v1/organisations", json=BODY, headers=key) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({(answer.content, answer.headers["Location"], answer.headers["ETag"]) for answer in answers}) == 1
    assert await value(fresh, f"select count(*) from organisation where name = '{BODY['name']}'") == 1
    other = await steward.post("/v1/organisations", json=BODY | {"name": "Anden"}, headers=key)
    assert (other.status_code, "Idempotency-Key" in faults(other)) == (422, True)
    assert other.json()["type"] == "urn:broen:problem:idempotency-key-used"
    assert (await steward.post("/v1/plans", json={"kind": "strategy", "title": "P"}, headers=key)).status_code == 422
    async with connected(fresh) as connection:
        await connection.execute("update repeatable set created_at = now() - interval '25 hours'")
    new = await steward.post("/v1/organisations", json=BODY | {"name": "Anden"}, headers={"Idempotency-Key": "anden"})
    assert new.status_code == 201
    assert await rows(fresh, "select count(*) from repeatable") == [(1,)], "what is older than a day is forgotten"
    assert (await steward.post("/v1/organisations", json=BODY, headers=key)).headers["Location"].endswith("-2")


async def test_an_editor_writes_what_his_organisations_own(fresh: str, settings: Settings) -> None:
    """He can't give a record away or take one; what he adds is his organisation's."""
    async with signed_in(fresh, settings, Role.EDITOR, "region-sjaelland") as editor:
        made = await editor.post("/v1/plans", json={"kind": "strategy", "title": "Prøve"})
        assert (made.status_code, made.json()["owner"]) == (201, "region-sjaelland")
        path, tag = made.headers["Location"], {"If-Match": made.headers["ETag"]}
        for owner in ("lolland-kommune", None):
            away = await editor.patch(path, json={"owner": owner}, headers=PATCH | tag)
            assert away.status_code == 403
            new = await editor.post("/v1/plans", json={"kind": "strategy", "title": "P", "owner": owner})
            assert new.status_code == 403
        assert "steward" in away.json()["detail"]
        said = {"kind": "strategy", "title": "Prøvet"}
        whole = await editor.put(path, json=said, headers=tag)
        assert (whole.status_code, whole.json()["owner"]) == (200, "region-sjaelland"), "left out, it stays"
        tag = {"If-Match": whole.headers["ETag"]}
        assert (await editor.put(path, json={**said, "owner": None}, headers=tag)).status_code == 403
        foreign = {"owner": "region-sjaelland"}
        taken = await editor.patch("/v1/plans/sundhed-taet-paa-dig", json=foreign, headers=PATCH | {"If-Match": "*"})
        assert taken.status_code == 403
        assert (await editor.delete("/v1/plans/sundhed-taet-paa-dig", headers={"If-Match": "*"})).status_code == 403
        assert (await editor.delete(path, headers=tag)).status_code == 204
        assert (await editor.post(f"{path}/restore")).status_code == 200
    async with signed_in(fresh, settings, Role.EDITOR, "region-sjaelland", "lolland-kommune") as editor:
        which = await editor.post("/v1/plans", json={"kind": "strategy", "title": "Prøve"})
        assert (which.status_code, set(faults(which))) == (422, {"/owner"})
        again = await editor.put(path, json=said | {"title": "Igen"}, headers={"If-Match": "*"})
        assert (again.status_code, again.json()["owner"]) == (200, "region-sjaelland")
    async with signed_in(fresh, settings, Role.STEWARD) as steward:
        nobodys = await steward.put(path, json=said, headers={"If-Match": "*"})
        assert (nobodys.status_code, nobodys.json()["owner"]) == (200, None), "what is left out is null"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 415),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/merge-patch+json"}, 415),
        ({"Content-Type": "application/json; charset=iso-8859-1"}, 415),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, 415),
        ({"Content-Type": "application/json; charset=utf-8"}, 201),
    ],
)
async def test_a_body_is_json_in_utf_8(steward: AsyncClient, headers: dict[str, str], status: int) -> None:
    """415 says what would be right."""
    answer = await steward.post("/v1/organisations", content=json.dumps(BODY), headers=headers)
    assert answer.status_code == status
    if status == 415:
        assert "application/json" in answer.json()["detail"] or "Content-Encoding" in answer.json()["detail"]


async def test_a_patch_of_another_type_is_told_which_is_taken(steward: AsyncClient) -> None:
    """By the header of RFC 5789, which others have not."""
    wrong = (("PATCH", "application/json", PATCH["Content-Type"]), ("PUT", PATCH["Content-Type"], None))
    for method, sent, told in wrong:
        headers = {"If-Match": "*", "Content-Type": sent}
        answer = await steward.request(method, "/v1/plans/en-plan", content=b"{}", headers=headers)
        assert (answer.status_code, answer.headers.get("Accept-Patch")) == (415, told)


async def test_a_body_that_is_too_long_is_refused_before_it_is_read(fresh: str, settings: Settings) -> None:
    """By what it says of itself, or as soon as it is more than it may be."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1000
            yield b" " * 1000

    async with signed_in(fresh, settings, Role.STEWARD, max_body_bytes=5000) as client:
        long = await client.post("/v1/plans", content=b" " * 5001, headers={"Content-Type": "application/json"})
        unsaid = await client.post("/v1/plans", content=endless(), headers={"Content-Type": "application/json"})
    assert (long.status_code, unsaid.status_code) == (413, 413)
    assert sent < 10_000
    assert "5000 bytes" in long.json()["detail"]


async def test_who_does_not_get_a_turn_is_told_when_to_come_again(fresh: str, settings: Settings) -> None:
    """503 with Retry-After, after the time that one may wait; nothing is written, and the next one is."""
    async with signed_in(fresh, settings, Role.STEWARD, write_seconds=0.2, write_pool_size=1) as client:
        async with connected(fresh) as connection, connection.transaction():
            await connection.execute("select pg_advisory_xact_lock(hashtextextended('broen.revision', 0))")
            answers = await asyncio.gather(*(client.post("/v1/organisations", json=BODY) for _ in range(3)))
            assert {answer.status_code for answer in answers} == {503}
            assert {int(answer.headers["Retry-After"]) > 0 for answer in answers} == {True}
        assert (await client.post("/v1/organisations", json=BODY)).status_code == 201


async def test_the_history_tells_names_to_those_who_may_know(
    steward: AsyncClient, fresh: str, settings: Settings
) -> None:
    """A steward knows all; who is nobody learns that it was the register."""
    made = await steward.post("/v1/organisations", json=BODY)
    path = f"{made.headers['Location']}/history"
    known = await steward.get(path)
    assert known.json()["items"][0]["by"].startswith("key:brn_")
    assert known.headers["Cache-Control"] == "private, no-cache"
    async with serving(settings.model_copy(update={"database_url": fresh})) as nobody:
        assert (await nobody.get(path)).json()["items"][0]["by"] == "register"
        assert (await nobody.get("/v1/organisations/aldrig-set/history")).status_code == 404


HUGE = {
    "a date": ({"milestones": [{"kind": "adopted", "date": {"edtf": "[" + "2019," * 40_000 + "]"}}]}, "at most 60"),
    "faults": ({"principles": [1] * 50_000}, "more faults"),
    "an address": ({"contact_email": "a@" + "." * 19_000 + "@"}, "contact_email"),
}


@pytest.mark.parametrize(("more", "says"), HUGE.values(), ids=HUGE)
async def test_a_huge_body_is_refused_in_a_few_words(steward: AsyncClient, more: dict[str, Any], says: str) -> None:
    """And in no time: a test that takes minutes fails by its limit."""
    answer = await asyncio.wait_for(steward.post("/v1/plans", json={"kind": "strategy", "title": "Ny", **more}), 20)
    assert (answer.status_code, len(answer.content) < 100_000) == (422, True)
    assert says in answer.text


async def test_a_key_that_is_there_twice_is_found_among_thousands(steward: AsyncClient) -> None:
    """In one pass."""
    keys = ",".join(f'"{n}":1' for n in range(60_000))
    asked = steward.post("/v1/plans", content=f'{{{keys},"59999":2}}', headers={"Content-Type": "application/json"})
    answer = await asyncio.wait_for(asked, 20)
    assert (answer.status_code, "'59999' is given twice" in answer.text) == (422, True)
