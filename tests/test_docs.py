"""The documentation is held against the code."""

import re
from pathlib import Path
from typing import Final

import pytest
from httpx import AsyncClient

from app.settings import Settings

ROOT: Final = Path(__file__).parent.parent
README: Final = (ROOT / "README.md").read_text("utf-8")


def test_the_readme_lists_every_setting_with_its_default() -> None:
    """Each once, and none that there is not."""
    table = dict(re.findall(r"^\| `BROEN_(\w+)` \| (?:`([^`]*)`)? ?\|", README, re.MULTILINE))
    defaults = {name.upper(): field.default for name, field in Settings.model_fields.items()}
    assert set(table) == set(defaults)
    for name, default in defaults.items():
        assert table[name] == ("" if default in (None, (), "") else str(default)), name


def test_the_map_names_every_module() -> None:
    """And none that is gone."""
    modules = {path.name for path in (ROOT / "app").rglob("*.py") if path.name != "__init__.py"}
    modules -= {path.name for path in (ROOT / "app" / "resources").rglob("*.py")}
    mapped = README.split("## The map")[1]
    assert set(re.findall(r"(\w+\.py) ", mapped)) == modules


def test_no_file_of_the_application_is_too_long() -> None:
    """A file that passes 300 lines becomes a folder, or a simpler thought."""
    lengths = {path.name: len(path.read_text("utf-8").splitlines()) for path in (ROOT / "app").rglob("*.py")}
    assert {name: length for name, length in lengths.items() if length > 300} == {}


async def test_what_the_readme_asks_is_answered_as_it_says(client: AsyncClient) -> None:
    """Its requests run, and its figures are right."""
    urls = re.findall(r"curl -s 'http://127\.0\.0\.1:8000([^']+)'", README)
    answers = [(await client.get(url)).raise_for_status().json() for url in urls]
    east, capital, initiatives, grants, project, extended, committee, diff = answers
    assert east["total"] == 46
    assert (capital["period"]["end"], capital["successors"][0]["id"]) == ("2027-01-01", "dk-oestdanmark")
    assert len(initiatives["items"]) == 2
    assert grants["items"][0]["awarded"] == {"amount": 2000000.00, "currency": "DKK"}
    assert "Projektets samlede budget: 199.994 EUR" in [source["quote"] for source in project["sources"]]
    assert [item["extensions"][0]["legal_basis"] for item in extended["items"]] == ["L 191 af 2022"] * 4
    assert [member["seats"] for member in committee["members"]] == [5, 5, 2]
    assert diff["changes"] == []


@pytest.mark.parametrize(
    "path", ["/docs", "/assets/swagger-ui-bundle.js", "/assets/swagger-ui.css", "/assets/favicon.png"]
)
async def test_the_reference_has_every_file_that_it_needs(client: AsyncClient, path: str) -> None:
    """Nothing comes from a third party."""
    answer = await client.get(path)
    assert answer.status_code == 200
    if path == "/docs":
        assert set(re.findall(r'(?:src|href|url)[=:] ?["\']([^"\']+)', answer.text)) == {
            "/assets/swagger-ui-bundle.js",
            "/assets/swagger-ui.css",
            "/assets/favicon.png",
            "/openapi.json",
        }
