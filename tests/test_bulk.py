"""Writing many records: as one is written, with the same checks, in a revision of any size."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import pytest

from app.errors import InvalidBody
from app.resources.documents import DocumentData, documents
from app.resources.initiatives import InitiativeData, initiatives
from app.resources.organisations import OrganisationData, organisations
from app.rest.body import validate
from app.rest.checking import MOST_FAULTS
from app.rest.revision import BATCH
from app.rest.writing import Writer
from tests.conftest import rows, value

MANY: Final = 2 * BATCH + 100


def organisation(name: str, *members: str, **more: Any) -> OrganisationData:
    """An organisation with members."""
    parts = [{"organisation": member} for member in members]
    return validate(OrganisationData, {"kind": "association", "name": name, "members": parts} | more)


def many(mark: str = "") -> Iterator[tuple[str, OrganisationData]]:
    """Organisations, each with the next as its member: each batch names one that comes later."""
    for n in range(MANY):
        yield f"ny-{n}", organisation(f"Ny {n}{mark if n % 3 else ''}", f"ny-{(n + 1) % MANY}")


def chain(length: int, last: str | None) -> Iterator[tuple[str, InitiativeData]]:
    """Initiatives of which each is a part of the next."""
    for n in range(length):
        parent = f"led-{n + 1}" if n + 1 < length else last
        yield f"led-{n}", validate(InitiativeData, {"kind": "project", "title": f"Led {n}", "parent": parent})


async def test_many_records_are_written_as_one_is(fresh: str, writer: Writer) -> None:
    """In one revision, with a change and a history for each; what is the same already is left."""
    outcomes = []
    for records in (many(), many("!"), many("!")):
        async with writer.revision(by="test", patient=True) as revision:
            outcomes.append(await revision.put_all(organisations, records))
    left = len(range(0, MANY, 3))
    assert outcomes == [{"created": MANY}, {"replaced": MANY - left, "unchanged": left}, {"unchanged": MANY}]
    assert await value(fresh, "select count(*) from revision") == 3
    assert await value(fresh, "select array_agg(id order by seq) from change where revision = 2") == [
        id for id, _ in many()
    ]
    query = "select id, revision, version, op, value->>'name' from change where id in ('ny-1', 'ny-3') order by seq"
    assert await rows(fresh, query) == [
        ("ny-1", 2, 1, "create", "Ny 1"),
        ("ny-3", 2, 1, "create", "Ny 3"),
        ("ny-1", 3, 2, "replace", "Ny 1!"),
    ]
    query = "select version, recorded_from, recorded_to, name from history.organisation where id = 'ny-1' order by 1"
    assert await rows(fresh, query) == [(1, 2, 3, "Ny 1"), (2, 3, None, "Ny 1!")]
    assert await value(fresh, "select count(*) from organisation where version = 2") == MANY - left
    assert await value(fresh, "select count(*) from history.organisation_member where record_id like 'ny-%'") == MANY


async def test_parts_of_many_are_replaced_list_by_list(fresh: str, writer: Writer) -> None:
    """Only the lists that differ, each as a whole; sources are only those of the resource."""
    source = {"sources": [{"document": "pressemeddelelse-broen-2014", "fields": [""]}]}
    for members in (["psykiatrien", "lolland-kommune"], ["lolland-kommune"]):
        async with writer.revision(by="test") as revision:
            both = [(id, organisation("Ny", *members, **source)) for id in ("broen", "ny")]
            await revision.put_all(organisations, both)
            page = {"kind": "report", "title": f"Ny {len(members)}", **source}
            await revision.put_all(documents, [("ny", validate(DocumentData, page))])
    parts = "select record_id, position, organisation_id from organisation_member where record_id in ('broen', 'ny')"
    assert sorted(await rows(fresh, parts)) == [("broen", 0, "lolland-kommune"), ("ny", 0, "lolland-kommune")]
    assert await value(fresh, "select count(*) from history.source where record_id in ('broen', 'ny')") == 3


async def test_the_number_of_statements_does_not_grow_with_the_records(writer: Writer) -> None:
    """Several hundred records take as many statements as two."""
    counts, statements = [], list[str]()
    for number in (2, BATCH - 1):
        statements.clear()
        async with writer.revision(by="test") as revision:
            with revision._connection.query_logger(lambda told: statements.append(told.query)):  # noqa: SLF001
                await revision.put_all(organisations, ((f"ny-{number}-{n}", organisation("Ny")) for n in range(number)))
        counts.append(len(statements))
    assert counts[0] == counts[1]


async def test_new_records_are_written_in_bounded_memory_and_never_looked_up(fresh: str, writer: Writer) -> None:
    """Of any number no more are at hand than what is written and what comes next; the statements are the same."""
    statements, ahead = list[str](), list[int]()

    def told() -> Iterator[tuple[str, OrganisationData]]:
        for n, record in enumerate(many()):
            ahead.append(n - revision.changes)
            yield record

    async with writer.revision(by="test", patient=True) as revision:
        with revision._connection.query_logger(lambda told: statements.append(told.query)):  # noqa: SLF001
            await revision.create_all(organisations, told())
    assert max(ahead) <= 2 * BATCH
    assert max(Counter(statements).values()) == 3  # a batch each
    assert not any(statement.startswith("SELECT") for statement in statements)
    query = "select count(*) from change where op = 'create' and version = 1 and id like 'ny-%'"
    assert await value(fresh, query) == MANY
    assert await value(fresh, "select count(*) from search_entry where record_id like 'ny-%'") == MANY


async def test_a_record_that_comes_twice_is_written_twice(fresh: str, writer: Writer) -> None:
    """As by two puts: the last one stays."""
    async with writer.revision(by="test") as revision:
        twice = [("ny", organisation("En")), ("anden", organisation("Anden")), ("ny", organisation("To"))]
        assert await revision.put_all(organisations, twice) == {"created": 2, "replaced": 1}
    assert await rows(fresh, "select name, version from organisation where id = 'ny'") == [("To", 2)]


async def test_many_are_refused_whole_for_the_fault_of_one(fresh: str, writer: Writer) -> None:
    """The fault says which record, and where in it; nothing is written."""

    def with_faults() -> Iterator[tuple[str, OrganisationData]]:
        for id, data in many():
            match id:
                case "ny-7":
                    yield id, data.model_copy(update={"owner": "ingen"})
                case "ny-2050":
                    yield id, organisation("Ny", "ny-1", "nul")
                case "ny-2051":
                    yield id, organisation("Ny", sources=[{"document": "nul", "fields": ["/colour"]}])
                case _:
                    yield id, data

    with pytest.raises(InvalidBody) as refused:
        async with writer.revision(by="test", patient=True) as revision:
            await revision.put_all(organisations, with_faults())
    assert {(fault.record, fault.pointer) for fault in refused.value.faults} == {
        ("organisations/ny-7", "/owner"),
        ("organisations/ny-2050", "/members/1/organisation"),
        ("organisations/ny-2051", "/sources/0/fields/0"),
        ("organisations/ny-2051", "/sources/0/document"),
    }
    assert "organisations/ny-7/owner: There is no ingen" in str(refused.value)
    assert await value(fresh, "select count(*) from organisation where id like 'ny-%'") == 0
    assert await value(fresh, "select count(*) from revision") == 1


async def test_records_that_cannot_be_read_leave_nothing(fresh: str, writer: Writer) -> None:
    """What fails while records are taken fails the revision, also when some have been written."""

    def breaking() -> Iterator[tuple[str, OrganisationData]]:
        yield from list(many())[: BATCH + 10]
        yield "ny", validate(OrganisationData, {"kind": "association"})

    with pytest.raises(InvalidBody, match="Field required"):
        async with writer.revision(by="test", patient=True) as revision:
            await revision.put_all(organisations, breaking())
    assert await value(fresh, "select count(*) from history.organisation where id like 'ny-%'") == 0


async def test_what_the_database_refuses_of_many_says_whose_it_is(writer: Writer) -> None:
    """In the words of the rule."""
    goals = [{"goal": "sundhedsaftale-sjaelland-2019-maal-1"}] * 2
    twice = validate(InitiativeData, {"kind": "project", "title": "Ny", "goals": goals})
    once = twice.model_copy(update={"goals": twice.goals[:1]})
    with pytest.raises(InvalidBody, match=r"goal.*proeve-17"):
        async with writer.revision(by="test") as revision:
            await revision.put_all(initiatives, ((f"proeve-{n}", twice if n == 17 else once) for n in range(30)))


async def test_chains_may_be_long_and_rings_are_refused(writer: Writer) -> None:
    """However many take part, each is looked at once; the faults that are told have an end."""
    async with writer.revision(by="test", patient=True) as revision:
        await revision.put_all(initiatives, chain(MANY, None))
    with pytest.raises(InvalidBody) as refused:
        async with writer.revision(by="test", patient=True) as revision:
            await revision.put_all(initiatives, chain(MANY, "led-0"))
    (fault,) = refused.value.faults
    assert (fault.record, fault.pointer) == (f"initiatives/led-{MANY - 1}", "/parent")
    with pytest.raises(InvalidBody) as refused:
        async with writer.revision(by="test", patient=True) as revision:
            await revision.put_all(organisations, ((f"ny-{n}", organisation("Ny", owner="ny")) for n in range(MANY)))
    assert len(refused.value.faults) == MOST_FAULTS
