"""The shapes that all resources share: ids, records, references, pages, periods, money, stated dates.

A shape takes one parameter, `R`: how it names another record. An answer carries a `Ref` (id and name), a body only an
`Id`, so that `Thing[Ref]` is what is read and `Thing[Id]` what is written, and both are declared in one place.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from types import NoneType
from typing import Annotated, Any, ClassVar, Final, Generic, TypeVar, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.json_schema import SkipJsonSchema
from typing_extensions import TypeAliasType

from app.rest.details import EMAIL, PHONE, URL
from app.rest.rules import not_ahead, on_writing, printable, spelt, wrong

Absent = SkipJsonSchema[None]
"""The type of a parameter that may be left out: `int | Absent` is an integer in the OpenAPI."""

SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
PATH: Final = re.compile(rf"({SLUG.pattern}/)+{SLUG.pattern}")
TAKEN: Final = ("template",)
"""What is no id, for it is what else is below the path of a list."""
DAY: Final = re.compile(r"(?!9999)[1-9]\d{3}-\d{2}-\d{2}")  # 9999-12-31 means infinity to the driver


def _id(text: str) -> str:
    if text in TAKEN:
        raise wrong(f"Input should be another id: {text} is a path of the list itself")
    if not SLUG.fullmatch(text):
        hint = "; for several, repeat the parameter" if "," in text else ""
        raise wrong(f"Input should be an id: lower-case letters a-z, digits and single hyphens, such as dk-1085{hint}")
    return text


def _day(value: object) -> object:
    if not isinstance(value, str | int | float):
        return value
    try:
        return date.fromisoformat(str(value) if DAY.fullmatch(str(value)) else "")
    except ValueError as error:
        says = "Input should be a day of the calendar as YYYY-MM-DD, of the years 1000 to 9998, such as 2027-01-01"
        raise wrong(says) from error


def _storable(text: str) -> str:
    if "\x00" in text:
        raise wrong("Input should have no NUL character")
    return text


Id = Annotated[
    str,
    StringConstraints(max_length=120),
    AfterValidator(_id),
    Field(json_schema_extra={"pattern": f"^{SLUG.pattern}$"}),
]
Day = Annotated[date, BeforeValidator(_day), Field(json_schema_extra={"pattern": f"^{DAY.pattern}$"})]
DayPast = Annotated[Day | None, on_writing(not_ahead)]
"""The day of something that has happened, if it is known."""


def _path(text: str) -> str:
    if not PATH.fullmatch(text):
        raise wrong("Input should be a record's path below /v1, such as initiatives/broen-til-bedre-sundhed")
    return text


def _pointer(text: str) -> str:
    if text and not text.startswith("/"):
        raise wrong('Input should be a JSON pointer such as /budget/amount, or "" for the whole record')
    return _storable(text)


RecordPath = Annotated[
    str,
    StringConstraints(max_length=200),
    AfterValidator(_path),
    Field(json_schema_extra={"pattern": f"^{PATH.pattern}$"}),
]
"""A record of any resource, where a field may name several kinds."""
Pointer = Annotated[str, StringConstraints(max_length=300), AfterValidator(_pointer), on_writing(printable)]
Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=20_000, strip_whitespace=True),
    AfterValidator(_storable),
    on_writing(printable),
]
Email = Annotated[
    Text,
    spelt(EMAIL, "an e-mail address, such as regionsjaelland@regionsjaelland.dk"),
    Field(json_schema_extra={"pattern": f"^({EMAIL.pattern})$"}),
]
Phone = Annotated[
    Text,
    spelt(PHONE, "a telephone number, such as +45 57 87 57 87"),
    Field(json_schema_extra={"pattern": f"^({PHONE.pattern})$"}),
]
Url = Annotated[
    Text,
    spelt(URL, "an http or https address, such as https://www.regionsjaelland.dk"),
    Field(json_schema_extra={"pattern": f"^({URL.pattern})$"}),
]
Term = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, strip_whitespace=True),
    AfterValidator(_storable),
    Field(json_schema_extra={"pattern": r"^[^\u0000]*[^\s\u0000][^\u0000]*$"}),
]
"""A text that a filter looks for: more than space, and short enough for a URL."""
Count = Annotated[int, Field(ge=0, le=2_147_483_647)]


class Schema(BaseModel):
    """A JSON object whose fields are all known; a docstring below a field is its description."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, json_schema_serialization_defaults_required=True
    )

    @classmethod
    def __class_getitem__(cls, params: Any) -> Any:
        """Thing[R] has Thing's descriptions; looking for its own source, which there is not, takes half of a start."""
        cls.model_config["use_attribute_docstrings"] = False
        try:
            return super().__class_getitem__(params)
        finally:
            cls.model_config["use_attribute_docstrings"] = True

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Thing[Ref] is called Thing, Thing[Id] ThingData."""
        return cls.__name__ if params == (Ref,) else f"{cls.__name__}Data"

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Thing[R] is described as Thing. In a body, what may be null may be left out, and so may an empty list."""
        super().__pydantic_init_subclass__(**kwargs)
        if origin := cls.__pydantic_generic_metadata__["origin"]:
            cls.__doc__ = origin.__doc__
        if not any(Id in parent.__pydantic_generic_metadata__["args"] for parent in _shapes(cls)):
            return
        for field in cls.model_fields.values():
            if field.is_required() and NoneType in get_args(field.annotation):
                field.default = None
            elif field.is_required() and get_origin(field.annotation) is list:
                field.default_factory = list
        cls.model_rebuild(force=True)


def _shapes(cls: type[Any]) -> list[type[Schema]]:
    return [parent for parent in cls.__mro__ if issubclass(parent, Schema)]


class Ref(Schema):
    """Another record, by id, with the name to show for it."""

    id: Id = Field(examples=["dk-1085"])
    """The permanent id of the other record."""
    name: str = Field(examples=["Region Sjælland"])
    """Its name or title."""


R = TypeVar("R", bound=Ref | str)
T = TypeVar("T")


class Record(Schema):
    """What every record tells about itself."""

    id: Id = Field(examples=["dk-0360"])
    """The permanent id: a readable slug that is never given to anything else."""
    version: int = Field(examples=[1])
    """How many times the record has been written."""
    created_at: datetime = Field(examples=["2026-11-22T09:30:00+00:00"])
    """When the record was first written (RFC 3339, UTC)."""
    updated_at: datetime = Field(examples=["2026-11-22T09:30:00+00:00"])
    """When the record was last written (RFC 3339, UTC)."""


def plain(value: Any) -> Any:
    """A parsed JSON value with numbers that any reader of JSON takes as they are."""
    if isinstance(value, Decimal):
        if abs(value.adjusted()) > 15:  # noqa: PLR2004 - what every reader of JSON keeps
            raise wrong("Input should have numbers of 15 digits at the most")
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


Stated = Annotated[JsonValue | None, BeforeValidator(plain), on_writing(printable), WithJsonSchema({})]


class Source(Schema, Generic[R]):
    """That a document states something of a record."""

    document: R
    """The document."""
    fields: list[Pointer] = Field(examples=[["/budget", "/period/start"]])
    """JSON pointers (RFC 6901) into the record: what the document states; `""` is the whole record."""
    quote: Text | None = Field(examples=["Projektets samlede budget: 199.994 EUR"])
    """The document's own words; null when none are quoted."""
    read_on: DayPast = Field(examples=["2026-11-22"])
    """The day on which the document was read, none to come; null when unknown."""
    stated: Stated = Field(examples=["sundhedssamordningsudvalget"])
    """The value that this document gives, where it differs from the record's; null when it does not."""


class RecordData(Schema, Generic[R]):
    """What every body may say about its record."""

    example: ClassVar[Mapping[str, Any]]
    """A body of a new record, as the OpenAPI shows it: it refers to what is packaged."""

    owner: Id | None = Field(examples=["region-sjaelland"])
    """Id of the organisation that keeps the record; null when the register's own stewards do."""
    sources: list[Source[R]]
    """Which documents state what of the record."""


class FacetValue(Schema):
    """A value, and how many records have it."""

    value: str | None = Field(examples=["dk-0360"])
    """The value, as the filter of the same name takes it; null for the records that have none: `unknown` finds them."""
    name: str | None = Field(examples=["Lolland"])
    """The name of the record, where the value is an id; null otherwise."""
    count: int = Field(examples=[2])
    """How many of the records have it. One that has several values counts for each."""


class Facet(Schema):
    """The values of one field among all records that the list is asked for, whatever the page."""

    values: list[FacetValue]
    """The values, the most frequent first; a hundred at the most."""
    others: int = Field(examples=[0])
    """How many further values there are."""


Facets = TypeAliasType(
    "Facets",
    Annotated[dict[str, Facet], Field(description="The facets that were asked for, each by the name of its filter.")],
)


class Page(Schema, Generic[T]):
    """One page of a list."""

    items: list[T]
    """The records, in the order asked for."""
    next: str | None = Field(examples=["WyJmMDU2YjZkNzI0MDVmMmY3YWYiLCIyMDI2LTA2LTAxIiwiZmF4ZSIsImRrLTAzMjAiXQ"])
    """What to give as `cursor` for the next page; null on the last. The header `Link` has the whole path."""
    total: int | None = Field(examples=[98])
    """How many records there are on all pages; null unless asked for with `count=true`."""
    as_of: date = Field(examples=["2026-11-22"])
    """The day for which dated values were chosen."""
    facets: Facets | None
    """How many records each value of the fields asked for with `facet=` would find; null unless asked for."""

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Page[Thing] is called ThingPage."""
        return f"{params[0].__name__}Page"
