"""A person erased: afterwards no table, no file and no answer has their details, and everything else is as it was."""

import asyncio
import io
import json
import re
import secrets
import shlex
import unicodedata
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import asyncpg
import pytest
from httpx import AsyncClient
from sqlalchemy.engine import make_url

from app import mirroring
from app.auth import Role
from app.cli.persons import ERASER
from app.data import load
from app.errors import BadParameters, Conflict, Forbidden, Unavailable
from app.imports import KINDS
from app.migrating import migrate
from app.resources.events import EventData, events
from app.resources.plans import plans
from app.resources.plans.shapes import PlanData
from app.rest.body import validate
from app.rest.details import MARKER, Details
from app.rest.erasing import COLUMNS, Erased, erase, owner
from app.rest.sweeping import sweep
from app.rest.writing import Writer
from app.settings import Settings, load_settings
from tests.conftest import Databases, connected, execute, make_key, put, rows, serving, value
from tests.test_cache import trusted, until
from tests.test_docs import README
from tests.test_known import comparable
from tests.test_mirror import everything
from tests.test_mirror import until as until_there
from tests.test_service import broen, service
from tests.test_writes import PATCH, signed_in

NAME, EMAIL, PHONE = DETAILS = ("Kvirinus Ålsøe", "kvirinus@flimmerum.dk", "+45 11 22 33 44")
TRACES: Final = re.compile(r"kvi\W?rin|[åa]\W*lsøe|aalsoe|alsoe|lsøe|lsoe|flimmerum|11\W?22\W*n?33\W?44", re.IGNORECASE)
"""What is left of them in no text, nor in what is made of texts: folded, sorted, stemmed, cut."""
PATH: Final = "/v1/initiatives/ny"
ANY: Final = {"If-Match": "*"}
CHANGE: Final = {**PATCH, **ANY}
NOTED: Final = {"Broen-Note": quote(f"Efter aftale med {NAME}")}
SOURCE: Final = {
    "document": "sundhedsloven",
    "fields": ["/title"],
    "quote": f"Kontakt:\nKVI\u00adRINUS\u00a0{unicodedata.normalize('NFD', 'ÅLSØE')}s kontor, tlf. (0045) 1122\n3344",
    "stated": {"who": [f'»{NAME}« siger "ja"\n', 7.50], NAME: None},
}
CONTACT: Final = {"role": f"Sekretær for {NAME}", "person": NAME, "email": EMAIL, "phone": "11223344"}
BODY: Final = {
    "kind": "project",
    "title": f"Ny, ved {NAME}",
    "aims": ["Et", f"Skriv til {EMAIL}"],
    "contacts": [CONTACT],
    "sources": [SOURCE],
}
TABLE: Final = """
create table tomorrow (id integer primary key, one text unique, many text[], short varchar(40), said json, raw bytea);
insert into tomorrow values (1, 'Fra {name}', array[null, '{email}'], '{phone}', '{{"a" : ["{name}", 1.50]}}',
    convert_to('{{"é": "{name}"}}', 'utf8')), (2, 'Andet', '{{}}', null, null, '\\xff')
"""


async def erased(url: str, *details: str, note: str | None = None, trial: bool = False) -> Erased:
    """Erase details, the person's unless others are given."""
    async with owner(url) as connection:
        return await erase(connection, KINDS, Details(details or DETAILS), ERASER, note, trial=trial)


async def dump(url: str) -> dict[str, str]:
    """All tables of all schemas but the database's own, as text; what bytes say is said in letters, too."""
    tables = """
        select oid::regclass::text from pg_class where relkind in ('r', 'p')
        and relnamespace::regnamespace::text <> all ('{pg_catalog,information_schema,pg_toast}')
    """
    async with connected(url) as connection:
        names = [name for (name,) in await connection.fetch(tables)]
        held = {name: [row[0] for row in await connection.fetch(f"select t::text from {name} t")] for name in names}
    return {name: re.sub(r"\\\\x([0-9a-f]*)", letters, "\n".join(lines)) for name, lines in held.items()}


def letters(said: re.Match[str]) -> str:
    """What bytes say."""
    return bytes.fromhex(said[1]).decode("utf-8", "replace")


def traces(held: dict[str, str]) -> set[str]:
    """The tables in which there is something of the person."""
    return {name for name, text in held.items() if TRACES.search(text)}


@pytest.fixture
async def held(fresh: str, settings: Settings) -> AsyncIterator[AsyncClient]:
    """A steward's client of a register that holds a person: in records that are there, were changed, were deleted."""
    await execute(fresh, TABLE.format(name=NAME, email=EMAIL, phone=PHONE))
    key = await make_key(fresh, Role.STEWARD, label=NAME)
    async with signed_in(fresh, settings, Role.STEWARD) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        made = await client.post(
            "/v1/initiatives", json={"id": "ny", **BODY}, headers={"Idempotency-Key": "a", **NOTED}
        )
        assert made.status_code == 201, made.text
        gone = {"kind": "meeting", "title": f"Møde med {NAME}", "themes": [NAME]}
        for path, headers in (("/v1/events/gone", {}), ("/v1/events/stays", NOTED)):
            put = await client.put(path, json=gone, headers={"If-None-Match": "*", **headers})
            assert put.status_code == 201, put.text
        assert (await client.delete("/v1/events/gone", headers=ANY)).status_code == 204
        clean = {"kind": "meeting", "title": "Møde", "themes": []}
        assert (await client.put("/v1/events/stays", json=clean, headers=ANY)).status_code == 200
        assert (await client.patch(PATH, json={"status": "running"}, headers=CHANGE)).status_code == 200
        yield client


async def test_nothing_is_left_in_any_table(held: AsyncClient, fresh: str) -> None:
    """Whatever holds it, and however it is spelt; the entries and their order stay, and all else to the last digit."""
    withheld = {"contacts": [CONTACT | {"publish_until": "2020-01-01"}]}
    assert (await held.patch(PATH, json=withheld, headers=CHANGE)).status_code == 200
    assert traces(await dump(fresh)) > {"tomorrow", "api_key", "change", "repeatable", "revision", "search_word"}
    log = "select seq, revision, resource, id, version, op, replaced_by from change where revision <= 7 order by seq"
    before = await rows(fresh, log)
    done = await erased(fresh, note="Efter anmodning")
    after = await dump(fresh)
    assert traces(after) == set()
    assert await rows(fresh, log) == before
    assert done.records == [("events", "gone"), ("events", "stays"), ("initiatives", "ny")]
    entries = await rows(
        fresh, "select resource, id, version, op, value is null from change where op = 'erase' order by 1, 2"
    )
    assert entries == [
        ("events", "gone", 3, "erase", True),
        ("events", "stays", 3, "erase", False),
        ("initiatives", "ny", 4, "erase", False),
    ]
    assert sorted(after["tomorrow"].splitlines()) == [
        '(1,"Fra [slettet]","{NULL,[slettet]}",[slettet],"{""a"" : [""[slettet]"", 1.50]}","{"é": "[slettet]"}")',
        '(2,Andet,{},,,"\ufffd")',
    ]


@pytest.mark.usefixtures("held")
async def test_again_there_is_nothing(fresh: str) -> None:
    """No second revision; a trial is none either."""
    before = await dump(fresh)
    assert len((await erased(fresh, trial=True)).found) > 20
    assert await dump(fresh) == before
    await erased(fresh)
    newest = await value(fresh, "select max(id) from revision")
    assert await erased(fresh) == Erased([], None, [])
    assert await value(fresh, "select max(id) from revision") == newest
    assert "Nothing is held" in (await asyncio.to_thread(broen, "erase", NAME, database_url=fresh)).stdout


QUESTIONS: Final = (
    *("/v1/initiatives?id=ny", "/v1/initiatives?id=ny&format=csv", "/v1/initiatives?id=ny&format=ndjson", PATH),
    *("/v1/events?limit=1000", "/v1/events/stays", "/v1/events/gone", f"{PATH}/diff?from=1", "/v1/snapshot"),
    *(f"{path}/history" for path in (PATH, "/v1/events/gone", "/v1/events/stays")),
    *(
        "/v1/search?q=ny",
        "/v1/search?q=ved",
        "/v1/autocomplete?q=kviri",
        "/v1/autocomplete?q=ny",
        "/v1/plans?q=kvirinus",
    ),
    *("/v1/revisions", "/v1/revisions/2", "/v1/changes?limit=1000", "/v1/changes?limit=1000&record=events/gone"),
)


async def test_no_answer_has_them(held: AsyncClient, fresh: str, settings: Settings) -> None:
    """Of today or of the past, from memory or not, to stewards or to anybody; and none that one holds is the newest."""
    known = [question + ("&" if "?" in question else "?") + f"known_at={n}" for n in (2, 5) for question in QUESTIONS]
    async with trusted(settings, fresh) as (client, store):
        asked = [(client, question) for question in (*QUESTIONS, *known)]
        asked += [(held, question) for question in QUESTIONS if "history" in question or "revisions" in question]
        said = [await who.get(question) for who, question in asked]
        assert sum(bool(TRACES.search(answer.text)) for answer in said) > 40
        await erased(fresh)
        await until(lambda: store.seen == 8 and len(store) == 0)
        for (who, question), before in zip(asked, said, strict=True):
            after = await who.get(question)
            assert (after.status_code, TRACES.search(after.text)) == (before.status_code, None), question
            if TRACES.search(before.text) and (tag := before.headers.get("ETag")):
                assert (await who.get(question, headers={"If-None-Match": tag})).status_code == 200, question
        contact = (await client.get(f"{PATH}?known_at=2")).json()["contacts"][0]
        assert contact == {
            "role": f"Sekretær for {MARKER}",
            "person": MARKER,
            "email": MARKER,
            "phone": MARKER,
            "organisation": None,
            "publish_until": None,
        }


async def test_who_wrote_and_why_is_erased_as_well(fresh: str) -> None:
    """Then the entry is of a record that was written with it; of a key that nobody has used, the log says nothing."""
    async with Writer(fresh, load_settings()) as writer:
        for by, note, id in ((NAME, None, "a"), ("nogen", f"For {NAME}", "b"), ("nogen", None, "c")):
            async with writer.revision(by, note) as revision:
                for one in (id, f"{id}-2"):
                    await revision.put(events, one, validate(EventData, {"kind": "meeting", "title": one}))
    await make_key(fresh, Role.STEWARD, label=EMAIL)
    told = await asyncio.to_thread(broen, "person", *DETAILS, database_url=fresh)
    assert f"revision.by (id 2): {NAME}\nrevision.note (id 3): For {NAME}\n" in told.stdout
    done = await erased(fresh, NAME)
    assert (done.revision, done.records) == (5, [("events", "a"), ("events", "b")])
    assert await rows(fresh, "select by, note from revision where id in (2, 3) order by id") == [
        (MARKER, None),
        ("nogen", f"For {MARKER}"),
    ]
    unused = await erased(fresh, EMAIL)
    assert (len(unused.found), unused.revision) == (1, None)
    assert traces(await dump(fresh)) == set()


@pytest.mark.usefixtures("held")
async def test_an_answer_that_is_made_meanwhile_is_not_kept(fresh: str, settings: Settings) -> None:
    """One of the past that was read before, and comes after the store has heard of it."""
    async with trusted(settings, fresh) as (client, store):
        assert (await client.get(f"{PATH}?known_at=2")).status_code == 200
        ((key, answer),) = store._answers.items()  # noqa: SLF001 - nobody else can be so quick
        await erased(fresh)
        await until(lambda: len(store) == 0)
        store.keep(key, answer)
        assert len(store) == 0
        assert not TRACES.search((await client.get(f"{PATH}?known_at=2")).text)
        assert len(store) == 1


async def test_whoever_writes_meanwhile_is_told(held: AsyncClient, fresh: str) -> None:
    """The version is another one; a request that is sent again gets its first answer, without what was erased."""
    tag = (await held.get(PATH)).headers["ETag"]
    other = {"Authorization": f"Bearer {await make_key(fresh, Role.STEWARD)}", "Idempotency-Key": "b"}
    body = {"kind": "association", "name": NAME}
    first = await held.post("/v1/organisations", json=body, headers=other)
    await erased(fresh)
    late = await held.patch(PATH, json={"status": None}, headers={**PATCH, "If-Match": tag})
    assert (late.status_code, "has version 3 by now" in late.json()["detail"]) == (412, True)
    again = await held.post("/v1/organisations", json=body, headers=other)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json() | {"name": MARKER}
    assert (await held.get("/v1/me")).json()["name"].endswith(MARKER)


async def test_what_is_left_is_a_register(held: AsyncClient, fresh: str, empty: str, tmp_path: Path) -> None:
    """It is exported and read elsewhere; what was deleted is gone and restored as ever; the packaged data stay away."""
    person = "Lise Åkerman"
    path = "/v1/initiatives/primaere-sundhedstjenester-oeresund"
    assert person in (await held.get(path)).text
    await erased(fresh, *DETAILS, person)
    async with Writer(fresh, load_settings()) as writer:
        assert (await load(writer))["kept"] == 1
    assert person not in (await held.get(path)).text
    file = tmp_path / "alt.ndjson"
    for command, url in (("export", fresh), ("import", empty), ("import", fresh)):
        ran = await asyncio.to_thread(broen, command, str(file), database_url=url)
        assert ran.returncode == 0, ran.stderr
    assert "Nothing was written" in ran.stdout
    assert not TRACES.search(file.read_text("utf-8"))
    gone = await held.get("/v1/events/gone")
    deleted = await value(
        fresh, "select to_char(at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS') from revision where id = 5"
    )
    assert (gone.status_code, deleted in gone.json()["detail"]) == (410, True)
    restored = await held.post("/v1/events/gone/restore")
    assert (restored.status_code, restored.json()["title"]) == (200, f"Møde med {MARKER}")
    assert [(await held.get(f"/v1/events?q=slettet&known_at={n}")).json()["items"] == [] for n in (2, 3)] == [
        True,
        False,
    ]


@pytest.mark.usefixtures("held")
async def test_what_is_no_detail_is_refused(fresh: str) -> None:
    """What records cannot be without; nothing is written then."""
    before = await dump(fresh)
    with pytest.raises(Conflict, match="initiatives/ny/kind: Input should be"):
        await erased(fresh, "project")
    await execute(fresh, "create table unknown_words (words xml)")
    with pytest.raises(Conflict, match=r"is not known of public\.unknown_words\.words"):
        await erased(fresh)
    await execute(fresh, "drop table unknown_words")
    noted = await asyncio.to_thread(broen, "erase", NAME, "--note", f"For {NAME}", "--yes", database_url=fresh)
    assert (noted.returncode, "--note: should not have the details" in noted.stderr) == (1, True)
    short = await asyncio.to_thread(broen, "person", "Bo", "slettet", database_url=fresh)
    assert (short.returncode, "»Bo« is short" in short.stderr, "»slettet« is what stands" in short.stderr) == (1, 1, 1)
    assert await dump(fresh) == before


async def mirrored(source: str, copy: str, key: str) -> None:
    """Have a mirror take over what there is."""
    await mirroring.keep(source, copy, key, once=True, told=lambda _: None)


@pytest.fixture
def copies(databases: Databases) -> Iterator[tuple[str, str]]:
    """Databases for two mirrors."""
    with databases("template0") as one, databases("template0") as other:
        for url in (one, other):
            migrate(url)
        yield one, other


async def test_mirrors_erase_as_well(
    held: AsyncClient,
    fresh: str,
    copies: tuple[str, str],
    tmp_path: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Their own past included: one abreast down to the row, also when it is killed within; one behind in its answers.

    That has seen some versions as they were, and the later ones only without.
    """
    abreast, behind = copies
    await execute(fresh, "drop table tomorrow")
    key = held.headers["Authorization"].removeprefix("Bearer ")
    with service(tmp_path / "log", database_url=fresh) as running:
        source = f"http://127.0.0.1:{running.port}"
        await mirrored(source, behind, key)
        for body in ({"title": "Nyere"}, {"title": f"Nyest, ved {NAME}", "vision": NAME}):
            assert (await held.patch(PATH, json=body, headers=CHANGE)).status_code == 200
        await mirrored(source, abreast, key)
        before = traces(await dump(abreast))
        assert before > {"change", "revision", "search_word", "history.initiative_contact"}
        await erased(fresh)
        assert (await held.patch(PATH, json={"vision": "Ny"}, headers=CHANGE)).status_code == 200
        with monkeypatch.context() as patched:
            patched.setattr(mirroring, "LIMIT", 1)
            async with mirroring.Mirror.of(source, abreast, key) as half:
                assert [(await half.step(0))[1] for _ in range(2)] == [False, False]
            assert traces(await dump(abreast)) == before
            await mirrored(source, abreast, key)
        assert traces(await dump(abreast)) == set()
        assert await everything(abreast) == await everything(fresh)
        await mirrored(source, behind, key)
        assert traces(await dump(behind)) == set()
        async with serving(settings.model_copy(update={"database_url": behind})) as client:
            for question in QUESTIONS:
                for n in (2, 8, 10):
                    path = question + ("&" if "?" in question else "?") + f"known_at={n}&as_of=2026-11-23"
                    if b"epoch" not in (answer := comparable(await client.get(path))):
                        assert answer == comparable(running.get(path)), path


def test_the_cookbook_erases_a_person(fresh: str) -> None:
    """As it is shown, but for the time of day."""
    told = re.search(r"```console\n(\$ broen person 'Lise.*?)```", README, re.DOTALL)
    assert told
    shown = re.split(r"^\$ broen (.*)\n", told[1], flags=re.MULTILINE)[1:]
    assert len(shown) == 6
    for command, output in zip(shown[::2], shown[1::2], strict=True):
        arguments, _, tail = command.partition(" | ")
        ran = broen(*shlex.split(arguments), database_url=fresh)
        lines = ran.stdout.splitlines(keepends=True)[-1 if tail else 0 :]
        assert [undated(line) for line in lines] == [undated(line) for line in output.splitlines(keepends=True)]


async def test_ids_that_are_made_of_a_name_are_told(fresh: str, writer: Writer) -> None:
    """They stay, in the genitive too, and are named so that somebody may think of them."""
    ids = (
        *("kvirinus-aalsoees-plan", "moede-med-kvirinus-aalsoee", "skriv-til-kvirinus-flimmerum-dk"),
        *("kvirinus-aalsoeesen", "kvirinus-flimmerum"),
    )
    await put(writer, *((plans, id, validate(PlanData, {"kind": "strategy", "title": "x"})) for id in ids))
    told = (await asyncio.to_thread(broen, "person", "Kvirinus Ålsøe", EMAIL, database_url=fresh)).stdout
    assert [f"plans/{id}" in re.split(r"[ ,.\n]+", told) for id in ids] == [True, True, True, False, False]


async def test_ids_stay_and_all_else_is_erased(fresh: str, settings: Settings) -> None:
    """Of records that are there or deleted, in every table and in what refers to them: they are named as staying."""
    contact = {"role": "Leder", "person": "Kvirinus", "phone": "31-32-33-34", "organisation": "kvirinus"}
    claim = {"text": "Kvirinus leder det", "about": ["plans/moede-31-32-33-34", "organisations/kvirinus"]}
    bodies: dict[str, dict[str, Any]] = {
        "organisations/kvirinus": {"kind": "association", "name": "Kvirinus"},
        "plans/moede-31-32-33-34": {"kind": "strategy", "title": "Møde", "organisation": "kvirinus"},
        "initiatives/ny": {"kind": "project", "title": "Ny", "lead": "kvirinus", "contacts": [contact]},
        "documents/brev": {"kind": "report", "title": "Brev", "claims": [claim]},
    }
    logged = "select seq, revision, resource, id, version, op, replaced_by from change where revision < 10 order by seq"
    async with signed_in(fresh, settings, Role.STEWARD) as client:
        new = {"If-None-Match": "*"}
        for path, body in bodies.items():
            resource, id = path.split("/")
            made = await client.post(f"/v1/{resource}", json={"id": id, **body}, headers={"Idempotency-Key": path})
            assert made.status_code == 201, made.text
        for path in ("/v1/organisations/gone", "/v1/organisations/kvirinus-2"):
            assert (await client.put(path, json=bodies["organisations/kvirinus"], headers=new)).status_code == 201
            assert (await client.delete(f"{path}?replaced_by=kvirinus", headers=ANY)).status_code == 204
        ids, log = [(await client.get(f"/v1/{path}")).json()["id"] for path in bodies], await rows(fresh, logged)
        told = (await asyncio.to_thread(broen, "person", "31 32 33 34", "Kvirinus", database_url=fresh)).stdout
        staying = told.splitlines()[-1]
        assert staying.endswith("the ids organisations/kvirinus, organisations/kvirinus-2, plans/moede-31-32-33-34.")
        await erased(fresh, "31 32 33 34", "Kvirinus")
        assert await rows(fresh, logged) == log
        assert [(await client.get(f"/v1/{path}")).json()["id"] for path in bodies] == ids
        (left,) = (await client.get("/v1/initiatives/ny")).json()["contacts"]
        assert [left[name] for name in ("role", "person", "phone")] == ["Leder", MARKER, MARKER]
        assert left["organisation"] == {"id": "kvirinus", "name": MARKER}
        assert (await client.get("/v1/initiatives/ny")).json()["lead"] == {"id": "kvirinus", "name": MARKER}
        (claim,) = (await client.get("/v1/documents/brev")).json()["claims"]
        assert claim["about"] == ["plans/moede-31-32-33-34", "organisations/kvirinus"]
        assert claim["text"] == f"{MARKER} leder det"
        path, sent = "organisations/kvirinus", {"id": "kvirinus", **bodies["organisations/kvirinus"]}
        again = await client.post("/v1/organisations", json=sent, headers={"Idempotency-Key": path})
        assert (again.headers["Location"], again.json()["id"]) == (f"/v1/{path}", "kvirinus")
        assert again.json()["name"] == MARKER
        found = await client.get("/v1/search?q=kvirinus")
        assert [hit["id"] for hit in found.json()["items"]] == ["kvirinus"]
        told = (await asyncio.to_thread(broen, "erase", "31 32 33 34", "Kvirinus", database_url=fresh)).stdout
        assert told.splitlines() == ["Nothing is held on this person.", staying]


async def test_what_a_terminal_would_obey_is_shown_to_it(fresh: str, writer: Writer) -> None:
    """Of what was stored before it was refused."""
    source = {"document": "sundhedsloven", "fields": [], "stated": {"\x1b[8m": NAME}}
    body = {"kind": "strategy", "title": f"\x1b[31m {NAME}\u202e", "sources": [source]}
    await put(writer, (plans, "ny", validate(PlanData, body)))
    told = (await asyncio.to_thread(broen, "person", NAME, database_url=fresh)).stdout
    assert f"    /title: \\x1b[31m {NAME}\\u202e\n" in told
    assert f"    /sources/0/stated/\\x1b[8m: {NAME}\n" in told
    assert told.replace("\n", "").isprintable()


async def test_what_is_the_name_of_a_record_is_told_before(fresh: str) -> None:
    """Of how many records it is, and which are called just so."""
    told = (await asyncio.to_thread(broen, "erase", "Region Sjælland", "--dry-run", database_url=fresh)).stdout
    records = await value(
        fresh, "select count(distinct (resource, id)) from change where value::text ~ 'Region Sjælland'"
    )
    assert f": {records} records in all.\n" in told
    (line,) = (line for line in told.splitlines() if line.startswith("Whole titles or names"))
    assert re.findall(r"[a-z-]+/[a-z0-9-]+", line) == ["organisations/region-sjaelland", "regions/dk-1085"]


def undated(line: str) -> str:
    """A line without the time in it."""
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "", line)


@pytest.mark.parametrize(("answer", "newest"), [("n", 1), ("y", 2)])
def test_nothing_is_erased_without_a_word(
    fresh: str, monkeypatch: pytest.MonkeyPatch, answer: str, newest: int
) -> None:
    """It is told first what would be, and asked."""
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    ran = broen("erase", "Lise Åkerman", database_url=fresh)
    assert "Projektleder: Lise Åkerman" in ran.stdout
    declined = answer == "n"
    assert (ran.returncode, "for good?" in ran.stderr) == (int(declined), True)
    assert ("Nothing was erased." in ran.stderr) == declined
    assert asyncio.run(value(fresh, "select max(id) from revision")) == newest


def test_an_owner_needs_no_more_than_his_database(server: str, settings: Settings) -> None:
    """No superuser: he erases, has the tables rewritten, and is told what is left to the operator; others may not."""
    asyncio.run(_as_owner(server, settings))


async def _as_owner(server: str, settings: Settings) -> None:
    role = f"owner_{make_url(server).database}_{id(settings)}"
    await execute(server, f"create role {role} login", f"create database {role} owner {role}")
    url = make_url(server).set(database=role).update_query_dict({"user": role})
    own = url.render_as_string(hide_password=False)
    try:
        migrated = await asyncio.to_thread(broen, "migrate", migration_database_url=own, runtime_role=f"{role}_serves")
        assert migrated.returncode == 1, "the role is made first"
        await execute(server, f"create role {role}_serves login")
        await asyncio.to_thread(broen, "migrate", migration_database_url=own, runtime_role=f"{role}_serves")
        async with signed_in(own, settings, Role.STEWARD) as client:
            made = await client.post("/v1/organisations", json={"kind": "association", "name": NAME})
            assert made.status_code == 201
        serving_url = url.update_query_dict({"user": f"{role}_serves"}).render_as_string(hide_password=False)
        for command in ("person", "erase"):
            refused = await asyncio.to_thread(broen, command, NAME, database_url=serving_url)
            assert (refused.returncode, "set BROEN_MIGRATION_DATABASE_URL" in refused.stderr) == (1, True)
        done = await asyncio.to_thread(broen, "erase", NAME, "--yes", migration_database_url=own)
        assert "Not done, for the operator of the database: pg_wal." in done.stderr
        assert "Revision 2 says so of organisations/kvirinus-aalsoee." in done.stdout
    finally:
        await execute(server, f"drop database {role} with (force)", f"drop role {role}")
        await execute(server, f"drop role if exists {role}_serves")


async def test_no_file_of_the_database_has_them(held: AsyncClient, fresh: str, server: str) -> None:
    """Neither rows that are no more, nor statistics, nor what is written ahead: once all is written anew."""
    folder = await value(server, "show data_directory")
    number = await value(fresh, "select oid from pg_database where datname = current_database()")

    def holding() -> tuple[int, int]:
        details = (NAME, EMAIL, "kvirinus", "11223344", own)
        return having(Path(folder, "base", str(number)), *details), having(Path(folder, "pg_wal"), own)

    for _ in range(10):
        own = secrets.token_hex(8)  # of what is written ahead, others write the same
        put = await held.put(PATH, json=BODY | {"summary": own}, headers=ANY)
        assert put.status_code == 200
        await execute(fresh, "analyze", "checkpoint")
        tables, ahead = holding()
        if ahead:  # but where others have written so much meanwhile that it was given up already
            break
    assert (tables > 10, ahead > 0) == (True, True)
    await erased(fresh, *DETAILS, own)
    assert holding()[0] > 10
    async with owner(fresh) as connection:
        assert await sweep(connection) == []
    assert holding() == (0, 0)


def having(folder: Path, *details: str) -> int:
    """How many files of a folder have one of these."""
    found = 0
    for path in folder.iterdir():
        with suppress(FileNotFoundError, IsADirectoryError):  # some come and go
            content = path.read_bytes()
            found += any(detail.encode() in content for detail in details)
    return found


@pytest.mark.usefixtures("held")
async def test_killed_midway_nothing_is_erased(fresh: str) -> None:
    """And nothing is broken: triggers guard as before, and it can be done again."""
    before = await dump(fresh)
    async with connected(fresh) as other:
        transaction = other.transaction()
        await transaction.start()
        await other.execute("lock table history.initiative_contact in row exclusive mode")
        erasing = asyncio.create_task(erased(fresh))
        await until_there(
            fresh,
            "select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' "
            "and datname = current_database()",
        )
        with pytest.raises(Unavailable):
            await erasing
        await transaction.rollback()
    assert await dump(fresh) == before
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only ever added to"):
        await execute(fresh, "update change set value = null")
    await erased(fresh)
    assert traces(await dump(fresh)) == set()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Kvirinus Ålsøe", "*"),
        ("KVIRINUS  ålsøe, formand", "*, formand"),
        (unicodedata.normalize("NFD", "ved Kvirinus Ålsøes bord"), "ved *s bord"),
        ("Kvirinus\u00a0Ål\u00adsøe.", "*."),
        ("Anna Kvirinus Ålsøe", "Anna *"),
        ("(kvirinus@flimmerum.dk)", "(*)"),
        ("Tlf. +45 11 22 33 44.", "Tlf. *."),
        ("tlf.:11-22-33-44", "tlf.:*"),
        ("(0045) 1122 3344", "*"),
        ("4511223344 og 45 11 22 33 44", "* og *"),
        ("Anne-Kvirinus Ålsøe", None),
        ("Kvirinus Ålsøe-Holm", None),
        ("Kvirinus Ålsøesen", None),
        ("a.kvirinus@flimmerum.dk", None),
        ("kvirinus@flimmerum.dk.example", None),
        ("9911223344", None),
        ("1122334455", None),
        ("x11223344", None),
        ("11.223.344 kr. eller 11223344,50", None),
    ],
)
def test_details_are_found_however_they_are_spelt(text: str, left: str | None) -> None:
    """And not in what belongs to others."""
    details = Details(DETAILS)
    assert details.erased(text) == (text if left is None else left.replace("*", MARKER))
    said = json.dumps({"a": ["x", text, 1.50]})
    assert json.loads(details.erased_json(said)) == {"a": ["x", details.erased(text), 1.50]}


def test_numbers_that_are_dates_or_from_abroad() -> None:
    """A day is no telephone number, and one of another country is only found with that."""
    assert Details(["20 19 12 01"]).erased("2019-12-01, 20191201") == f"2019-12-01, {MARKER}"
    assert Details(["+46 40 12 34 56"]).erased("0046-40 123 456, 40123456") == f"{MARKER}, 40123456"
    with pytest.raises(BadParameters, match="neither letters nor digits"):
        Details(["-----"])


async def test_every_column_is_looked_into(fresh: str) -> None:
    """That holds anything but numbers, days and the like; and of what is made of others, these."""
    known = """
        select column_name, table_schema || '.' || table_name from information_schema.columns
        where table_schema in ('public', 'history') and table_name <> 'search_word'
        and data_type not in ('bigint', 'boolean', 'date', 'daterange', 'double precision', 'integer', 'numeric',
            'timestamp with time zone', 'tsvector')
        and column_name not in (select column_name from information_schema.columns where is_generated = 'ALWAYS')
    """
    wanted = {tuple(row) for row in await rows(fresh, known)}
    async with connected(fresh) as connection:
        looked = {(one["column"].strip('"'), one["table"].replace('"', "")) for one in await connection.fetch(COLUMNS)}
    assert len(wanted) > 300
    assert looked == wanted


async def test_a_mirror_is_erased_at_its_source(fresh: str) -> None:
    """It is told where that is."""
    await execute(fresh, "insert into mirror values ('https://broen.example', '0', 'x')")
    with pytest.raises(Forbidden, match="is a mirror of https"):
        await erased(fresh)
