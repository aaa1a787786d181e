"""What is due, from whom, and how many days remain: question 2 of the field."""

from datetime import date
from typing import Any

import pytest
from httpx import AsyncClient
from icalendar import Calendar

from app.insights.deadlines import MOST
from app.rest.writing import Writer
from tests.conftest import put
from tests.rule_cases import agreement, grant, initiative, programme, written
from tests.test_contract import validator
from tests.test_lists import follow

PARTIES = [
    {"organisation": "lolland-kommune", "deadline": "2024-06-24"},
    {"organisation": "guldborgsund-kommune", "deadline": "2024-06-20", "decision": "pending"},
    {"organisation": "vejen-kommune", "deadline": "2024-06-24", "decision": "adopted", "decided_on": "2024-06-10"},
    {"organisation": "region-sjaelland", "deadline": "2024-06-24", "decision": "adopted"},
    {"organisation": "aarhus-kommune"},
]


async def deadlines(client: AsyncClient, asked: str) -> dict[str, Any]:
    """A page of deadlines, which is as it is declared."""
    page: dict[str, Any] = (await client.get(f"/v1/deadlines?{asked}")).raise_for_status().json()
    validator("/v1/deadlines").validate(page)
    return page


def seen(page: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What is due when, from whom."""
    return [
        (item["kind"], item["due"], item["days_left"], [each["id"] for each in item["who"]]) for item in page["items"]
    ]


async def test_the_answers_of_2019_were_due_in_june(client: AsyncClient) -> None:
    """From Region Syddanmark and its 22 municipalities, of which no answer is known, until the agreement ended."""
    page = await deadlines(client, "as_of=2019-05-01")
    assert len(page["items"]) == 23
    assert {(item["kind"], item["due"], item["days_left"]) for item in page["items"]} == {("answer", "2019-06-24", 54)}
    assert {item["record"]["id"] for item in page["items"]} == {"sundhedsaftale-syddanmark-2019"}
    assert [item["days_left"] for item in (await deadlines(client, "as_of=2019-06-25&limit=1"))["items"]] == [-1]
    for day, count in (("2019-06-26", 23), ("2023-12-31", 23), ("2024-01-01", 0), ("2026-11-22", 0)):
        assert len((await deadlines(client, f"as_of={day}"))["items"]) == count, day


async def test_answers_are_due_until_they_are_given(writer: Writer, own_client: AsyncClient) -> None:
    """Not known, known not to be given, or given later than the day asked about; not without a deadline."""
    sent = [{"kind": "sent_to_parties", "date": {"edtf": "2024-05"}}]
    in_force = {"start": "2024-07-01", "end": "2025-01-01"}
    await put(writer, written(agreement("proeve", parties=PARTIES, period=in_force, milestones=sent)))
    pending = [
        ("answer", "2024-06-20", 11, ["guldborgsund-kommune"]),
        ("answer", "2024-06-24", 15, ["lolland-kommune"]),
    ]
    page = await deadlines(own_client, "as_of=2024-06-09")
    assert seen(page) == [*pending, ("answer", "2024-06-24", 15, ["vejen-kommune"])]
    first = page["items"][0]
    assert first["uid"] == "health-agreements/proeve/parties/guldborgsund-kommune"
    assert first["who"] == [{"id": "guldborgsund-kommune", "name": "Guldborgsund Kommune"}]
    assert (first["title"], first["record"]["path"]) == ("proeve", "health-agreements/proeve")
    later = await deadlines(own_client, "as_of=2024-12-31")
    assert [each[2:] for each in seen(later)] == [(-194, ["guldborgsund-kommune"]), (-190, ["lolland-kommune"])]
    for day, why in (("2024-04-30", "it has not been sent"), ("2025-01-01", "it has ended")):
        assert (await deadlines(own_client, f"as_of={day}"))["items"] == [], why


async def test_accounts_and_reports_are_due_from_the_recipients(writer: Writer, own_client: AsyncClient) -> None:
    """Until the day on which they are delivered, in the order of the recipients."""
    both = [{"organisation": "lolland-kommune"}, {"organisation": "guldborgsund-kommune"}]
    accounts = [{"due_on": "2016-03-31", "delivered_on": "2016-04-02"}, {"due_on": "2017-03-31"}, {"due_on": None}]
    reports = [{"title": "Slutrapport", "due_on": "2017-03-31"}]
    await put(
        writer,
        *map(written, [initiative(), programme(), grant("1.00", recipients=both, accounts=accounts, reports=reports)]),
        written(grant("1.00", "lukket", status="closed", accounts=accounts[:2])),
    )
    who = ["lolland-kommune", "guldborgsund-kommune"]
    page = await deadlines(own_client, "as_of=2016-04-01")
    assert seen(page) == [
        ("account", "2016-03-31", -1, ["region-sjaelland"]),
        ("account", "2016-03-31", -1, who),
        ("account", "2017-03-31", 364, who),
        ("report", "2017-03-31", 364, who),
    ]
    assert [item["title"] for item in page["items"]] == ["Prøve", "Prøve", "Prøve", "Slutrapport"]
    assert page["items"][3]["uid"] == "funding/grants/proeve/reports/0"
    assert len((await deadlines(own_client, "as_of=2016-04-02"))["items"]) == 2
    for asked, count in (
        ("kind=report", 1),
        ("kind=report&kind=account", 4),
        ("kind=answer", 0),
        ("organisation=guldborgsund-kommune", 3),
        ("organisation=region-sjaelland&organisation=trygfonden", 1),
        ("organisation=trygfonden", 0),
        ("region=dk-1085", 4),
        ("region=dk-1081", 0),
    ):
        assert len((await deadlines(own_client, f"as_of=2016-04-01&{asked}"))["items"]) == count, asked
    assert len((await deadlines(own_client, "as_of=2027-01-01&region=dk-oestdanmark"))["items"]) == 2


async def test_a_calendar_has_what_the_list_has(client: AsyncClient) -> None:
    """An all-day event each, in Danish, the same at every request; by the parameter or by Accept."""
    page = await deadlines(client, "as_of=2019-05-01&limit=1000")
    answer = (await client.get("/v1/deadlines?as_of=2019-05-01&format=ics")).raise_for_status()
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert (answer.headers["Broen-As-Of"], answer.headers["Vary"]) == ("2019-05-01", "Accept, Accept-Encoding")
    again = await client.get("/v1/deadlines?as_of=2019-05-01", headers={"Accept": "text/calendar, */*;q=0.5"})
    assert again.headers["Content-Type"] == "text/calendar; charset=utf-8"
    calendar = Calendar.from_ical(answer.content)
    assert calendar.errors == []
    assert [str(event["UID"]) for event in calendar.events] == [f"{item['uid']}@broen" for item in page["items"]]
    first = calendar.events[0]
    assert str(first["SUMMARY"]) == "Svarfrist: Aabenraa Kommune – Sundhedsaftalen 2019-2023"
    assert (first.start, first.end) == (date(2019, 6, 24), date(2019, 6, 25))
    assert first["DTSTART"].params["VALUE"] == "DATE"
    assert first.stamp.isoformat() == page["items"][0]["updated_at"].split(".")[0] + "+00:00"
    assert {str(event["TRANSP"]) for event in calendar.events} == {"TRANSPARENT"}
    same = await client.get(
        "/v1/deadlines?as_of=2019-05-01&format=ics", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert same.status_code == 304
    other = Calendar.from_ical((await client.get("/v1/deadlines?as_of=2019-05-01&format=ics&kind=answer")).content)
    assert str(other["UID"]) != str(calendar["UID"]), "another question is another calendar"
    as_json = await client.get("/v1/deadlines?as_of=2019-05-01&format=json", headers={"Accept": "text/calendar"})
    assert as_json.headers["Content-Type"] == "application/json"


async def test_a_calendar_names_reports_and_escapes_what_must_be(writer: Writer, own_client: AsyncClient) -> None:
    """Danish letters, commas and long lines come back as they were; nobody is named but organisations."""
    title = "Rapport om æ, ø og å; " + "lang " * 20
    reports = [{"title": title.strip(), "due_on": "2017-03-31"}]
    await put(writer, *map(written, [initiative(), programme(), grant("1.00", reports=reports)]))
    answer = await own_client.get("/v1/deadlines?as_of=2017-01-01&format=ics")
    assert max(map(len, answer.content.split(b"\r\n"))) <= 75
    (event,) = Calendar.from_ical(answer.content).events
    assert str(event["SUMMARY"]) == f"Rapport: Region Sjælland – {title.strip()}: Prøve"


async def test_pages_of_deadlines_add_up(client: AsyncClient) -> None:
    """Nothing is cut, repeated or skipped."""
    whole = await deadlines(client, "as_of=2019-05-01&limit=1000")
    assert await follow(client, "/v1/deadlines?as_of=2019-05-01&limit=4") == whole["items"]
    cursor = (await deadlines(client, "as_of=2019-05-01&limit=4"))["next"]
    assert (await deadlines(client, f"cursor={cursor}"))["as_of"] == "2019-05-01"
    refused = await client.get(f"/v1/deadlines?kind=answer&cursor={cursor}")
    assert refused.json()["errors"][0]["parameter"] == "cursor"


async def test_a_calendar_is_whole_or_none(writer: Writer, own_client: AsyncClient) -> None:
    """It has no pages, and what does not fit is refused, not cut."""
    refused = await own_client.get("/v1/deadlines?format=ics&limit=5")
    assert [fault["parameter"] for fault in refused.json()["errors"]] == ["limit"]
    asked = "/v1/deadlines?as_of=2026-11-22&format=ics"
    for count, status in ((MOST, 200), (MOST + 1, 400)):
        accounts = [{"due_on": "2030-03-31"}] * count
        await put(writer, *map(written, [initiative(), programme(), grant("1.00", accounts=accounts)]))
        answer = await own_client.get(asked)
        assert answer.status_code == status
        assert answer.content.count(b"BEGIN:VEVENT") == (count if status == 200 else 0)
    assert answer.json()["errors"][0]["parameter"] == "format"


@pytest.mark.parametrize(
    ("asked", "parameter", "near"),
    [
        ("organisation=vejen-komune", "organisation", "vejen-kommune"),
        ("region=dk-10855", "region", "dk-1085"),
        ("kind=bill", "kind", "'answer', 'account' or 'report'"),
        ("format=pdf", "format", "'xlsx' or 'ics'"),
    ],
)
async def test_what_is_asked_wrongly_is_refused(client: AsyncClient, asked: str, parameter: str, near: str) -> None:
    """With what would be right."""
    refused = await client.get(f"/v1/deadlines?{asked}")
    assert refused.status_code == 400
    (fault,) = refused.json()["errors"]
    assert fault["parameter"] == parameter
    assert near in fault["detail"] + str(fault["near"])
