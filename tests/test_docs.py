"""The documentation is held against the code."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any, Final

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
    files = set((ROOT / "app").rglob("*.py")) - set((ROOT / "app" / "resources").rglob("*.py"))
    modules = {path.name for path in files} - {"__init__.py"}
    mapped = README.split("## The map")[1]
    assert set(re.findall(r"(\w+\.py) ", mapped)) == modules


def test_no_file_of_the_application_is_too_long() -> None:
    """A file that passes 300 lines becomes a folder, or a simpler thought."""
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in (ROOT / "app").rglob("*.py")
    }
    assert {name: length for name, length in lengths.items() if length > 300} == {}


CURLS: Final = re.findall(r"curl -s 'http://127\.0\.0\.1:8000([^']+)'", README)
RECIPES: Final = re.findall(r"curl -s 'http://127\.0\.0\.1:8000([^']+)'\n```\n```json\n(.*?)```", README, re.DOTALL)


def test_every_recipe_of_the_cookbook_shows_its_answer() -> None:
    """No request in it stands alone."""
    cookbook = README.split("## Cookbook")[1].split("\n## ")[0]
    assert cookbook.count("curl") == cookbook.count("```json") > 0


@pytest.mark.parametrize(("url", "answer"), RECIPES)
async def test_the_cookbook_does_not_lie(client: AsyncClient, url: str, answer: str) -> None:
    """What is shown is in what is answered, to the last value."""
    whole = (await client.get(url)).raise_for_status().json()
    assert shows(whole, json.loads(answer)), whole


def shows(whole: Any, shown: Any) -> bool:
    """Whether what is shown is so: an object may leave out fields, a list leaves out items only where it says "…"."""
    match shown:
        case dict():
            return all(key in whole and shows(whole[key], value) for key, value in shown.items())
        case list() if "…" in shown:
            rest = iter(whole)
            return all(any(shows(item, wanted) for item in rest) for wanted in shown if wanted != "…")
        case list():
            return len(whole) == len(shown) and all(map(shows, whole, shown))
    return bool(whole == shown)


async def test_what_else_the_readme_asks_is_answered_as_it_says(client: AsyncClient) -> None:
    """Its figures are right."""
    urls = [url for url in CURLS if url not in dict(RECIPES)]
    answers = [(await client.get(url)).raise_for_status() for url in urls]
    east, capital = (answer.json() for answer in answers[:-1])
    headings, *rows = csv.reader(io.StringIO(answers[-1].text, newline=""))
    assert east["total"] == 46
    assert (capital["period"]["end"], capital["successors"][0]["id"]) == ("2027-01-01", "dk-oestdanmark")
    assert headings == ["Titel", "Ledes af: navn", "Områder: kommune: navn"]
    assert ["Broen til bedre sundhed", "", "Lolland\nGuldborgsund"] in rows


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
