"""Documents: what the register's facts come from, and what they say that no field holds."""

from datetime import date
from typing import Annotated, Any, ClassVar, Generic, Literal

from fastapi import Query, Response
from pydantic import Field
from sqlalchemy import Index, exists, func, literal_column, select
from sqlalchemy import Text as SqlText
from sqlalchemy.dialects.postgresql import ARRAY, JSON, aggregate_order_by
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypeAliasType

from app.auth import MaybeSignedIn
from app.db import PartRow, RecordRow, danish_order, part_of
from app.rest.dates import StatedDate
from app.rest.history import History, HistoryQuery
from app.rest.intent import Deleting, Writing
from app.rest.links import Condition
from app.rest.query import ListQuery, Moment, RecordId, Sorts, Where, any_of
from app.rest.reading import Reading
from app.rest.resource import Resource
from app.rest.response import Json
from app.rest.schema import Absent, Day, DayPast, Id, Page, R, Record, RecordData, RecordPath, Ref, Schema, Text, Url
from app.rest.sent import Sent
from app.rest.sources import SourceRow
from app.rest.view import json_object

DocumentKind = TypeAliasType(
    "DocumentKind",
    Annotated[
        Literal["press_release", "web_page", "law", "agreement_text", "report", "dataset"],
        Field(
            description="""- `press_release`: a *pressemeddelelse*
- `web_page`: a page as it stood when it was read
- `law`: a law, an order (*bekendtgørelse*) or a bill (*lovforslag*, cited as *L* and its number)
- `agreement_text`: the text of an agreement
- `report`: a report or a study
- `dataset`: figures or lists, also those compiled from several"""
        ),
    ],
)


class DocumentRow(RecordRow):
    __tablename__ = "document"

    kind: Mapped[str] = mapped_column(index=True)
    title: Mapped[str]
    publisher: Mapped[str | None]
    published_edtf: Mapped[str | None]
    published_earliest: Mapped[date | None]
    published_latest: Mapped[date | None]
    updated_edtf: Mapped[str | None]
    updated_earliest: Mapped[date | None]
    updated_latest: Mapped[date | None]
    retrieved_on: Mapped[date | None]
    url: Mapped[str | None]
    legal_identifier: Mapped[str | None]
    language: Mapped[str | None]
    licence: Mapped[str | None]
    sort_title: Mapped[str] = danish_order("title")


class ClaimRow(PartRow):
    __tablename__ = "document_claim"
    __table_args__ = (Index(None, "about", postgresql_using="gin"),)

    record_id: Mapped[str] = part_of("document")
    text: Mapped[str]
    quote: Mapped[str | None]
    about: Mapped[list[str]]


class Claim(Schema, Generic[R]):
    """Something that a document says and no field of the register holds. The register repeats it; it does not vouch."""

    text: Text = Field(examples=["Cirka en procent af borgerne bruger op mod 30 procent af sundhedsudgifterne."])
    """What the document says, in short."""
    quote: Text | None = Field(examples=["cirka en procent af borgerne bruger op mod 30 procent af sundhedsudgifterne"])
    """The document's own words; null when they are not quoted."""
    about: list[RecordPath] = Field(examples=[["initiatives/broen-til-bedre-sundhed"]])
    """The records that it is about, each as its path below /v1."""


class Support(Schema):
    """How many records of a resource a document is a source of."""

    resource: str = Field(examples=["initiatives"])
    """The resource."""
    count: int = Field(examples=[2])
    """How many of its records."""
    href: str = Field(examples=["/v1/initiatives?document=pressemeddelelse-broen-2014"])
    """The path of the list of these records."""


class DocumentFields(RecordData[R], Generic[R]):
    """A text or a data set that states facts."""

    kind: DocumentKind = Field(examples=["press_release"])
    """What sort of document it is."""
    title: Text = Field(examples=["Sundhedsminister giver to millioner til Broen til bedre sundhed"])
    """The title as published."""
    publisher: Text | None = Field(examples=["Region Sjælland"])
    """Who published it, as printed; null when not stated."""
    published: StatedDate | None
    """When it was published, as printed; null when it is undated."""
    updated: StatedDate | None
    """When it was last updated, as printed; null when not stated."""
    retrieved_on: DayPast = Field(examples=["2026-11-22"])
    """The day on which it was fetched, none to come; null when unknown."""
    url: Url | None = Field(examples=["https://www.retsinformation.dk/eli/lta/2025/699"])
    """Where it is; null when unknown."""
    legal_identifier: Text | None = Field(examples=["LOV nr. 699 af 20. juni 2025"])
    """What a law or an order is cited as; null for other documents."""
    language: Text | None = Field(examples=["da"])
    """ISO 639-1 code of its language; null when it has none or none is known."""
    licence: Text | None = Field(examples=["CC BY 4.0"])
    """The licence under which it was published; null when not stated."""
    claims: list[Claim[R]]
    """What it says that no field of the register holds."""


class DocumentData(DocumentFields[Id]):
    """A document as it is written."""

    example: ClassVar = {
        "kind": "report",
        "title": "Eksempel: evaluering af fælles akutteam",
        "publisher": "Lolland Kommune",
        "published": {"edtf": "2026-03"},
        "retrieved_on": "2026-11-22",
        "url": "https://www.lolland.dk/eksempel.pdf",
        "language": "da",
        "claims": [{"text": "Akutteamet aflaster skadestuen.", "about": ["initiatives/broen-til-bedre-sundhed"]}],
    }


class Document(DocumentFields[Ref], Record):
    """A text or a data set that states facts."""

    supports: list[Support]
    """What it is a source of, by resource."""


def _claimed(paths: Any) -> Condition:
    return exists().where(ClaimRow.record_id == DocumentRow.id, ClaimRow.about.overlap(paths))


class DocumentQuery(ListQuery):
    """What the documents can be asked."""

    kind: Annotated[list[DocumentKind] | Absent, any_of(DocumentRow.kind)] = Field(None, examples=[["law"]])
    """Only documents of these kinds."""
    about: Annotated[list[RecordPath] | Absent, Where(_claimed, ARRAY(SqlText))] = Field(
        None, examples=[["initiatives/broen-til-bedre-sundhed"]]
    )
    """Only documents that claim something about one of these records, each as its path below /v1."""
    published_from: Annotated[Day | Absent, Where(lambda day: DocumentRow.published_earliest >= day)] = Field(
        None, examples=["2014-01-01"]
    )
    """Only documents that were certainly published on this day or later."""
    published_to: Annotated[Day | Absent, Where(lambda day: DocumentRow.published_latest <= day)] = Field(
        None, examples=["2019-12-31"]
    )
    """Only documents that were certainly published on this day or earlier."""
    sort: Annotated[
        Literal["title", "-title", "published", "-published"],
        Sorts(title=DocumentRow.sort_title, published=DocumentRow.published_earliest),
    ] = Field("title", examples=["-published"])
    """What to sort by; with `-` in front, from the last to the first. Titles in Danish order; unknown comes last."""


counted = (
    select(SourceRow.resource, func.count(SourceRow.record_id.distinct()).label("count"))
    .where(SourceRow.document_id == DocumentRow.id)
    .group_by(SourceRow.resource)
    .correlate(DocumentRow)
    .subquery("counted")
)
support = json_object(
    {
        "resource": counted.c.resource,
        "count": counted.c.count,
        "href": "/v1/" + counted.c.resource + "?document=" + DocumentRow.id,
    }
)

documents = Resource(
    name="documents",
    about="Press releases, web pages, laws, data sets: what the register's facts come from, and what they say "
    "that no field holds.",
    example="pressemeddelelse-broen-2014",
    public=Document,
    data=DocumentData,
    row=DocumentRow,
    query=DocumentQuery,
    parts={"claims": ClaimRow},
    computed={
        "supports": select(
            func.coalesce(
                func.json_agg(aggregate_order_by(support, counted.c.resource), type_=JSON()),
                literal_column("'[]'::json"),
                type_=JSON(),
            )
        )
        .select_from(counted)
        .correlate(DocumentRow)
        .scalar_subquery()
    },
)


@documents.router.get("")
async def list_documents(query: Annotated[DocumentQuery, Query()], read: Reading) -> Json[Page[Document]]:
    """Documents, in Danish order of their titles unless asked otherwise."""
    return await documents.page(read, query)


@documents.router.get("/{id}")
async def get_document(id: RecordId, query: Annotated[Moment, Query()], read: Reading) -> Json[Document]:
    """One document, with what it supports and what it claims."""
    return await documents.one(read, id, query)


@documents.router.get("/{id}/history")
async def document_history(
    id: RecordId, query: Annotated[HistoryQuery, Query()], read: Reading, caller: MaybeSignedIn
) -> Json[History]:
    """Who wrote a document when and why, and what became different each time."""
    return await documents.history(read, id, query, caller)


@documents.router.post("", status_code=201)
async def create_document(write: Writing, body: Sent[DocumentData]) -> Json[Document]:
    """Add a document; its id is made from its title unless the body chooses one."""
    return await documents.create(write, body)


@documents.router.put("/{id}")
async def replace_document(id: RecordId, write: Writing, body: Sent[DocumentData]) -> Json[Document]:
    """Make a document be what the body says, or create it under this id."""
    return await documents.replace(write, id, body)


@documents.router.patch("/{id}")
async def patch_document(id: RecordId, write: Writing, body: Sent[DocumentData]) -> Json[Document]:
    """Change what the body names of a document, and nothing else."""
    return await documents.patch(write, id, body)


@documents.router.delete("/{id}", status_code=204)
async def delete_document(id: RecordId, write: Deleting) -> Response:
    """Delete a document that no other record refers to."""
    return await documents.delete(write, id)


@documents.router.post("/{id}/restore")
async def restore_document(id: RecordId, write: Writing) -> Json[Document]:
    """Bring back a deleted document as it last was."""
    return await documents.restore(write, id)
