"""The day of a secretariat and a file of it, as the README tells them: the programs print what stands there."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from app.auth import Role
from tests.conftest import make_key
from tests.test_service import service

README: Final = Path(__file__).parents[1].joinpath("README.md").read_text("utf-8")


def blocks(title: str, language: str) -> str:
    """All that a part of the README shows in a language, one after the other."""
    part = README.split(f"# {title}\n")[1].split("\n## ")[0]
    return "".join(re.findall(rf"```{language}\n(.*?)```", part, re.DOTALL))


@pytest.mark.parametrize("title", ["One day of a secretariat", "Taking in files"])
async def test_it_goes_as_it_is_told(fresh: str, tmp_path: Path, title: str) -> None:
    """Against a running service, with a key of the role that the README makes."""
    key = await make_key(fresh, Role.EDITOR, "region-sjaelland", label="Sundhedssekretariatet")
    with service(tmp_path / "log", database_url=fresh) as running:
        program = blocks(title, "python").replace("http://127.0.0.1:8000", f"http://127.0.0.1:{running.port}")
        environment = {**os.environ, "KEY": key}
        ran = subprocess.run(  # noqa: ASYNC221 - the service is another process
            [sys.executable, "-c", program], capture_output=True, check=False, env=environment, text=True, timeout=60
        )
    assert (ran.stdout, ran.stderr) == (blocks(title, "text"), "")
