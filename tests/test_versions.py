"""What changed between two versions of a record."""

from httpx import AsyncClient

from app.resources.health_agreements import HealthAgreementData, health_agreements
from app.rest.body import validate
from app.rest.versions import differences
from app.rest.writing import Writer
from tests.conftest import put
from tests.test_contract import validator

URL = "/v1/health-agreements/tillaeg/diff"


def addendum(decision: str | None, *more: str, nominal: str = "2019/2023") -> HealthAgreementData:
    """An addendum in the making."""
    body = {
        "kind": "addendum",
        "title": "Administrativt tillæg",
        "region": "dk-1083",
        "nominal": {"edtf": nominal},
        "parties": [{"organisation": "vejen-kommune", "decision": decision}],
        "focus_areas": list(more),
    }
    return validate(HealthAgreementData, body)


async def test_two_versions_are_compared_field_by_field(writer: Writer, own_client: AsyncClient) -> None:
    """What differs, with its pointer, before and after; the other way round too; itself is itself."""
    await put(writer, (health_agreements, "tillaeg", addendum(None)))
    await put(writer, (health_agreements, "tillaeg", addendum("adopted", "Forebyggelse", nominal="2019/2024")))
    forth = (await own_client.get(URL, params={"from": 1, "to": 2})).raise_for_status()
    back = (await own_client.get(URL, params={"from": 2, "to": 1})).json()
    none = (await own_client.get(URL, params={"from": 2, "to": 2})).json()
    validator("/v1/health-agreements/{id}/diff").validate(forth.json())
    assert forth.json()["changes"] == [
        {"pointer": "/nominal/edtf", "before": "2019/2023", "after": "2019/2024"},
        {"pointer": "/nominal/latest", "before": "2023-12-31", "after": "2024-12-31"},
        {"pointer": "/parties/0/decision", "before": None, "after": "adopted"},
        {"pointer": "/focus_areas/0", "before": None, "after": "Forebyggelse"},
    ]
    turned = [{**c, "before": c["after"], "after": c["before"]} for c in forth.json()["changes"]]
    assert back["changes"] == turned
    assert none["changes"] == []


async def test_versions_that_there_are_not_are_named(client: AsyncClient) -> None:
    """400 with those that there are; 404 for a record that nobody has."""
    url = "/v1/health-agreements/sundhedsaftale-sjaelland-2019/diff"
    answer = await client.get(url, params={"from": 1, "to": 7})
    assert answer.status_code == 400
    (fault,) = answer.json()["errors"]
    assert (fault["parameter"], fault["detail"]) == ("to", "The record has the versions 1 to 1")
    unknown = await client.get("/v1/plans/nobody-has-this/diff", params={"from": 1, "to": 1})
    assert unknown.status_code == 404


def test_differences_name_the_innermost_place() -> None:
    """Of objects and lists; a value of another kind differs as a whole."""
    assert list(differences({"a": [1, {"b": 2}], "c": 1}, {"a": [1, {"b": 3}, 4], "d": None})) == [
        ("/a/1/b", 2, 3),
        ("/a/2", None, 4),
        ("/c", 1, None),
    ]
    assert list(differences({"a": {"b": 1}}, {"a": [1]})) == [("/a", {"b": 1}, [1])]


async def test_an_agreement_is_compared_with_the_one_before_it(client: AsyncClient) -> None:
    """Another record instead of an earlier version; its own versions count, and it must be there."""
    url = "/v1/health-agreements/sundhedsaftale-sjaelland-2024/diff"
    found = (await client.get(url, params={"against": "sundhedsaftale-sjaelland-2019"})).raise_for_status().json()
    changes = {change["pointer"]: (change["before"], change["after"]) for change in found["changes"]}
    assert changes["/nominal/edtf"] == ("2019/2023", "2024/2027")
    assert changes["/period/start"] == ("2019-07-01", "2024-01-01")
    assert "/vision" not in changes, "the vision stayed"
    assert (found["against"], found["from_version"], found["to_version"]) == ("sundhedsaftale-sjaelland-2019", 1, 1)
    unknown = await client.get(url, params={"against": "sundhedsaftale-sjaelland-2018"})
    assert unknown.status_code == 400
    assert "sundhedsaftale-sjaelland-2019" in unknown.json()["errors"][0]["near"]
    assert (await client.get(url, params={"against": "sundhedsaftale-sjaelland-2019", "from": 9})).status_code == 400
    assert (await client.get(url)).json()["changes"] == []
