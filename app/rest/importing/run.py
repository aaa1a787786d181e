"""An import: checked while others write, then written in one turn, as one revision, or not at all."""

from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final

import asyncpg
from sqlalchemy import func, select

from app.auth import Caller
from app.errors import Conflict, Fault, InvalidBody, InvalidFile, bad_value
from app.rest.changes import RevisionRow
from app.rest.importing.broken import broken
from app.rest.importing.checked import Checked, Shown
from app.rest.importing.files import File, Kinds
from app.rest.importing.shapes import Imported, ImportedResource
from app.rest.reading import Statement
from app.rest.repeating import Repeat
from app.rest.response import Json
from app.rest.revision import Outcome, Revision
from app.rest.writing import Writer

OUTCOMES: Final[tuple[Outcome, ...]] = ("created", "replaced", "unchanged")
NEWEST: Final = Statement(select(func.coalesce(func.max(RevisionRow.id), 0).label("id")), bare=True)
MOST_NAMED: Final = 100
"""How many records that others have written are named at the most."""


def silent(_what: str, _number: int, rows: Any) -> Any:
    """Show nobody how far things are."""
    return rows


class Import:
    """An import of files, in the name of a caller."""

    def __init__(
        self,
        files: Sequence[File],
        kinds: Kinds,
        caller: Caller,
        *,
        note: str | None = None,
        dry_run: bool = False,
        shown: Shown = silent,
    ) -> None:
        self._files, self._kinds, self._caller, self._shown = files, kinds, caller, shown
        self._note, self._dry_run = note, dry_run

    async def run(self, writer: Writer, repeat: Repeat | None = None) -> Json[Imported]:
        """Write what the files say, or with a dry run find out whether it can be; InvalidFile tells why it cannot."""
        today = writer.settings.day()
        with Checked(self._files, self._kinds, self._caller, self._shown, today) as checked:
            async with writer.imports, writer.view() as view:
                if repeat and (first := await repeat.first(view)):
                    return first
                newest = await view.row(NEWEST, {})
                await checked.check(view)
            if not checked.spools:
                return self._answer(checked, None)
            try:
                async with writer.revision(self._caller, self._note, patient=True, trial=self._dry_run) as revision:
                    if repeat and (first := await repeat.first(revision)):
                        return first
                    await self._write(checked, revision, newest["id"] if newest else 0)
                    answer = self._answer(checked, None if self._dry_run else revision.id)
                    if repeat:
                        await repeat.keep(revision, answer)
            except InvalidFile:
                raise
            except InvalidBody as error:
                faults, path = error.faults, None
                if isinstance(cause := error.__cause__, asyncpg.IntegrityConstraintViolationError):
                    faults, path = await self._broken(writer, checked) or faults, checked.path_in(cause.detail or "")
                await checked.refuse(faults or [bad_value("", str(error), path)])
            return answer

    async def _broken(self, writer: Writer, checked: Checked) -> list[Fault]:
        """All that breaks a rule of the database at once, and not only the first row that does."""
        spools = [spool for name in self._kinds for _, spool in checked.to_write(name)]
        faults: list[Fault] = []
        with suppress(InvalidBody):  # what else is wrong is wrong for want of these rows
            async with writer.revision(self._caller, self._note, patient=True, trial=True) as revision:
                faults = await broken(revision, spools)
        return faults

    async def _write(self, checked: Checked, revision: Revision, seen: int) -> None:
        """Write the records, those of lower kinds first; Conflict when others have written any of them meanwhile."""
        if seen < revision.id - 1 and (paths := await checked.changed(revision, seen)):
            says = f"Others have written {len(paths)} of the records while they were checked; import the file again."
            raise Conflict(says, [bad_value("", "Others have written this", path) for path in paths[:MOST_NAMED]])
        for name in self._kinds:
            for outcome, spool in checked.to_write(name):
                records = self._shown(f"{name} to be {outcome}", spool.number, spool.records())
                await (revision.create_all if outcome == "created" else revision.put_all)(spool.kind, records)
        await revision.check()

    def _answer(self, checked: Checked, revision: int | None) -> Json[Imported]:
        resources = [
            ImportedResource(resource=name, **{what: checked.outcomes[name][what] for what in OUTCOMES})
            for name in self._kinds
            if name in checked.outcomes
        ]
        sums = {what: sum(getattr(of, what) for of in resources) for what in OUTCOMES}
        written = sums["created"] + sums["replaced"]
        told = Imported(
            dry_run=self._dry_run,
            revision=revision,
            **sums,
            resources=resources,
            records=checked.told,
            more=written - len(checked.told),
        )
        headers = {"Cache-Control": "no-store", "ETag": "", "Broen-Revision": str(revision) if revision else ""}
        return Json(told.model_dump_json().encode(), headers=headers, status=HTTPStatus.OK)
