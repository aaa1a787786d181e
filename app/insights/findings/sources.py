"""Rules about where facts come from: that a source is named, and that sources agree."""

from typing import Final

from sqlalchemy import exists, union_all
from sqlalchemy.dialects.postgresql import array

from app.insights.findings.rules import Rule, Said, found
from app.insights.records import path_of
from app.resources import RESOURCES
from app.resources.documents import documents
from app.rest.sources import SourceRow

SOURCE_RULES: Final = (
    Rule(
        id="sources_disagree",
        severity="warning",
        basis=Said(
            "Hver kilde siger det, den siger; registret viser én af dem",
            "Each source says what it says; the register shows one of them",
        ),
        sentence=Said(
            "En kilde siger noget andet end det, som registret viser.",
            "A source says something else than what the register shows.",
        ),
        found=found(
            SourceRow.resource,
            SourceRow.record_id,
            part=SourceRow.position,
            fields=SourceRow.fields,
            stated=SourceRow.stated,
            others=array([path_of(documents.name, SourceRow.document_id)]),
        ).where(SourceRow.stated.is_not(None)),
    ),
    Rule(
        id="record_without_source",
        severity="notice",
        basis=Said("Hver oplysning har en kilde", "Every fact has a source"),
        sentence=Said("Der er ikke angivet nogen kilde.", "No source is named."),
        found=union_all(
            *(
                found(resource.name, resource.table.c.id).where(
                    ~exists().where(SourceRow.resource == resource.name, SourceRow.record_id == resource.table.c.id)
                )
                for resource in RESOURCES
                if resource is not documents  # which is a source itself
            )
        ),
    ),
)
