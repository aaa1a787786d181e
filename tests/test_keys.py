"""API keys as an operator makes, lists and revokes them."""

import asyncio
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from app.auth import Role
from app.auth.keys import KEY
from app.cli.keys import HEADINGS
from app.errors import BadParameters
from app.settings import Settings
from tests.conftest import Databases, make_key, rows, serving, value
from tests.test_service import broen

SOON: Final = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()


async def keys(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `broen keys` as the owner of the schema; the role that serves could not."""
    owner = {"migration_database_url": url, "database_url": "postgresql://nobody@127.0.0.1:1/none"}
    return await asyncio.to_thread(broen, "keys", *arguments, **owner)


async def test_a_key_is_made_shown_once_listed_and_revoked(fresh: str, settings: Settings) -> None:
    """On standard output there is nothing but the key, so that a script can keep it."""
    asked = ["--role", "editor", "--organisation", "region-sjaelland", "--organisation", "lolland-kommune"]
    made = await keys(fresh, "create", *asked, "--label", "Sekretariatet", "--expires", SOON)
    assert made.returncode == 0, made.stderr
    key = made.stdout.rstrip("\n")
    assert KEY.fullmatch(key)
    assert key not in made.stderr
    assert "the only time" in made.stderr
    midnight = f"timestamp '{SOON}' at time zone 'Europe/Copenhagen'"
    assert await value(fresh, f"select expires_at = {midnight} from api_key")

    listed = await keys(fresh, "list")
    heading, line = listed.stdout.splitlines()
    assert heading.split() == HEADINGS
    columns = re.split(r"\s{2,}", line)
    assert columns[:4] == [key[:12], "editor", "Sekretariatet", "lolland-kommune, region-sjaelland"]
    assert columns[5:] == [f"{SOON} 00:00", "-", "-"]
    assert key[13:] not in listed.stdout + listed.stderr

    async with serving(settings.model_copy(update={"database_url": fresh})) as client:
        held = {"Authorization": f"Bearer {key}"}
        assert (await client.get("/v1/me", headers=held)).json()["expires_at"].startswith("20")
        revoked = await keys(fresh, "revoke", key[:12])
        assert revoked.stdout == f"{key[:12]} has been revoked.\n"
        assert (await client.get("/v1/me", headers=held)).status_code == 401
    before = await rows(fresh, "select revoked_at from api_key")
    for again in (key, key[4:12]):
        assert (await keys(fresh, "revoke", again)).stdout == revoked.stdout
    assert await rows(fresh, "select revoked_at from api_key") == before, "revoked once"


async def test_what_no_key_can_be_made_for_is_told(fresh: str) -> None:
    """In one sentence for a person, with what would be right; nothing is made."""
    wrong = ["--role", "editor", "--organisation", "region-sjælland", "--organisation", "lolland"]
    told = await keys(fresh, "create", *wrong, "--label", " ", "--expires", "2020-01-01")
    assert (told.returncode, told.stdout) == (1, "")
    for part in ("label", "a day to come", "there is no region-sjælland; there is region-sjaelland", "lolland-kommune"):
        assert part in told.stderr
    unknown = await keys(fresh, "revoke", "brn_00000000")
    assert "no such key" in unknown.stderr
    assert await rows(fresh, "select * from api_key") == []


@pytest.mark.parametrize(
    ("role", "organisations", "label", "says"),
    [
        (Role.EDITOR, [], "x", "an editor needs at least one"),
        (Role.STEWARD, ["region-sjaelland"], "x", "steward keeps all"),
        (Role.ADMIN, ["region-sjaelland"], "x", "admin keeps all"),
        (Role.ADMIN, [], "", "label"),
        (Role.ADMIN, [], "to\nlinjer", "label"),
        (Role.ADMIN, [], "nul\x00", "label"),
        (Role.ADMIN, [], "x" * 101, "label"),
    ],
)
async def test_a_key_is_made_for_something_that_makes_sense(
    fresh: str, role: Role, organisations: list[str], label: str, says: str
) -> None:
    """A role with what it needs, and a label that can be read in a history."""
    with pytest.raises(BadParameters, match=says):
        await make_key(fresh, role, *organisations, label=label)


async def test_no_two_keys_are_alike(fresh: str) -> None:
    """Each is made of 256 bits of chance; one organisation given twice is one."""
    made = [await make_key(fresh, Role.EDITOR, "region-sjaelland", "region-sjaelland") for _ in range(5)]
    assert len({key[13:] for key in made}) == len({key[:12] for key in made}) == 5
    assert await value(fresh, "select max(cardinality(organisations)) from api_key") == 1


def test_without_a_schema_the_operator_is_told_what_to_run(databases: Databases) -> None:
    """In a sentence, not with a traceback."""
    with databases("template0") as url:
        told = broen("keys", "list", database_url=url)
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith("broen: The database: ")
    assert "Has `broen migrate` been run?" in told.stderr


def test_what_no_file_can_be_is_not_blamed_on_the_database(fresh: str, tmp_path: Path) -> None:
    """The file is named, with what is wrong with it."""
    told = broen("export", str(tmp_path / "nowhere" / "alt.ndjson"), database_url=fresh)
    assert told.stderr == f"broen: {tmp_path}/nowhere/alt.ndjson.part: No such file or directory.\n"
    assert "is a directory; name a file in it" in broen("export", str(tmp_path), database_url=fresh).stderr
    assert list(tmp_path.parent.glob("*.part")) == []


def test_with_no_database_set_keys_are_made_in_the_embedded_one(tmp_path: Path) -> None:
    """As `make run` says; it need not be running."""
    assert broen("migrate", data_dir=tmp_path / "data").returncode == 0
    made = broen("keys", "create", "--role", "admin", "--label", "Mig", data_dir=tmp_path / "data")
    assert KEY.fullmatch(made.stdout.rstrip("\n"))
