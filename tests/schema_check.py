"""Compare the tables that the code declares with those that the migrations make, as `alembic check` does."""

import os
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

from app.embedded import running
from app.migrating import migrate


def main() -> None:
    """Migrate an empty database and compare."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), options={"fsync": "off"}) as url:
        migrate(url)
        config = Config("alembic.ini")
        config.attributes["url"] = url
        command.check(config)


if __name__ == "__main__":
    os.environ.pop("BROEN_DATABASE_URL", None)
    main()
