"""The shapes of initiatives, read and written."""

from collections import defaultdict
from typing import Annotated, ClassVar, Generic, Literal, Self

from pydantic import Field, field_validator, model_validator
from typing_extensions import TypeAliasType

from app.rest.dates import Period, overlap
from app.rest.money import Funds
from app.rest.rules import exactly_one, wrong
from app.rest.schema import Count, Day, Email, Id, Phone, R, Record, RecordData, Ref, Schema, Text

InitiativeKind = TypeAliasType(
    "InitiativeKind",
    Annotated[
        Literal["programme", "project", "sub_project", "pre_project", "pilot"],
        Field(
            description="""- `programme`: several initiatives under one aim
- `project`: work with a beginning and an end
- `sub_project`: a project that is a part of another initiative
- `pre_project`: a *forprojekt* that prepares a project
- `pilot`: a trial on a small scale"""
        ),
    ],
)
InitiativeStatus = TypeAliasType(
    "InitiativeStatus",
    Annotated[
        Literal["planned", "running", "completed", "cancelled"],
        Field(
            description="""- `planned`: decided, not begun
- `running`: under way
- `completed`: ended as planned
- `cancelled`: given up"""
        ),
    ],
)
PartnerRole = TypeAliasType(
    "PartnerRole",
    Annotated[
        Literal["lead_partner", "partner", "associated_partner"],
        Field(
            description="""- `lead_partner`: answers for the whole, as Interreg has it
- `partner`: carries it out with its own budget or work
- `associated_partner`: takes part without a budget"""
        ),
    ],
)


class Partner(Schema, Generic[R]):
    """An organisation that carries the initiative out."""

    organisation: R
    """The partner."""
    role: PartnerRole = Field(examples=["lead_partner"])
    """What it is in the partnership."""
    period: Period | None
    """When it takes part; null when unknown or as long as the initiative."""
    budget: Funds
    """Its own budget; null when unknown."""
    cofinancing: Funds
    """What others pay of its budget, the programme among them; null when unknown."""
    contribution: Funds
    """What it pays itself; null when unknown."""


class InitiativeArea(Schema, Generic[R]):
    """Where the initiative works: either a region or a municipality."""

    region: R | None
    """The region; null when the area is a municipality."""
    municipality: R | None
    """The municipality; null when the area is a region."""

    @model_validator(mode="after")
    def _is_one_area(self) -> Self:
        exactly_one(self, "region", "municipality")
        return self


class GoalServed(Schema, Generic[R]):
    """A goal that the initiative works for."""

    goal: R
    """The goal of an agreement or a plan."""


class Persons(Schema):
    """How many persons, as a range that is kept as it was stated."""

    persons_min: Count | None = Field(examples=[1000])
    """How many persons at the least; null when not stated."""
    persons_max: Count | None = Field(examples=[1500])
    """How many persons at the most; null when not stated."""

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.persons_min is not None and self.persons_max is not None and self.persons_min > self.persons_max:
            raise wrong("persons_min must not be above persons_max", "persons_min")
        return self


class TargetGroup(Persons, Generic[R]):
    """Whom the initiative is for."""

    description: Text = Field(
        examples=["Multibrugere af social- og sundhedsydelser i Lolland og Guldborgsund kommuner"]
    )
    """The group, in the words of the source."""


class Stage(Persons, Generic[R]):
    """A step in which the initiative is carried out."""

    name: Text = Field(examples=["Afprøvning med fem borgere"])
    """What is done in it."""
    period: Period | None
    """When; null when unknown."""


class Contact(Schema, Generic[R]):
    """Whom to ask, as published: a function, with the person who holds it where that was published."""

    role: Text = Field(examples=["Projektleder"])
    """The function."""
    person: Text | None = Field(examples=["Lise Åkerman"])
    """Who holds it; null when not published."""
    organisation: R | None
    """Where; null when not stated."""
    phone: Phone | None = Field(examples=["+45 57 87 57 87"])
    """A switchboard's or function's number; null when there is none."""
    email: Email | None = Field(examples=["regionsjaelland@regionsjaelland.dk"])
    """A functional address; null when there is none."""
    publish_until: Day | None = Field(examples=["2027-12-31"])
    """The last day on which who it is and how to reach them is told. Afterwards `person`, `phone` and `email` are null,
    in what was known in the past too: there, the earliest day counts that this version or a later one says of the same
    person, number or address, or of the function without them. Null when there is no end to it. Contacts are never
    searched."""


class InitiativeFields(RecordData[R], Generic[R]):
    """A programme, project or pilot that carries cooperation out."""

    kind: InitiativeKind = Field(examples=["pre_project"])
    """What sort of initiative it is."""
    parent: R | None
    """The initiative that it is a part of; null when it stands alone."""
    title: Text = Field(examples=["Udvikling af de primære sundhedstjenester, Øresundsregionen"])
    """The title as published."""
    summary: Text | None = Field(examples=["Forprojekt om samarbejde mellem Region Skåne og Region Sjælland."])
    """What it is about; null when nothing was published."""
    background: Text | None = Field(examples=["Den skånske model er blevet en stor inspirationskilde."])
    """Why it came about; null when nothing was published."""
    vision: Text | None = Field(examples=["Lighed i sundhed gennem målrettede indsatser"])
    """Its vision, in its own words; null when it has none."""
    aims: list[Text] = Field(examples=[["Flere raske", "Mere kvalitet", "Bedre økonomi"]])
    """What it is to achieve, in order."""
    status: InitiativeStatus | None = Field(examples=["completed"])
    """Where it stands; null when unknown."""
    period: Period | None
    """When it is carried out; null when unknown."""
    lead: R | None
    """The organisation that leads it; null when unknown."""
    budget: Funds
    """The whole budget; null when unknown."""
    partners: list[Partner[R]]
    """Who carries it out."""
    areas: list[InitiativeArea[R]]
    """Where it works."""
    goals: list[GoalServed[R]]
    """The goals that it works for."""
    target_groups: list[TargetGroup[R]]
    """Whom it is for."""
    stages: list[Stage[R]]
    """The steps in which it is carried out, in order."""
    contacts: list[Contact[R]]
    """Whom to ask."""


class InitiativeData(InitiativeFields[Id]):
    """An initiative as it is written."""

    example: ClassVar = {
        "kind": "project",
        "parent": "broen-til-bedre-sundhed",
        "title": "Eksempel: fælles akutteam på Lolland",
        "summary": "Sygeplejersker fra kommune og region kører ud sammen.",
        "aims": ["Færre indlæggelser"],
        "status": "running",
        "period": {"start": "2026-01-01", "end": "2028-01-01"},
        "lead": "lolland-kommune",
        "budget": {"amount": 1500000.00, "currency": "DKK"},
        "partners": [{"organisation": "region-sjaelland", "role": "partner"}],
        "areas": [{"municipality": "dk-0360"}],
        "goals": [{"goal": "sundhedsaftale-sjaelland-2019-maal-1"}],
        "target_groups": [{"description": "Ældre med kronisk sygdom", "persons_min": 200}],
    }

    @field_validator("partners")
    @classmethod
    def _each_once_at_a_time(cls, partners: list[Partner[Id]]) -> list[Partner[Id]]:
        every: defaultdict[tuple[str, str], list[Period | None]] = defaultdict(list)
        for partner in partners:
            every[partner.organisation, partner.role].append(partner.period)
        for (organisation, role), periods in every.items():
            if overlap(periods):
                raise wrong(f"{organisation} is a {role} twice at the same time; give each partner once in each role")
        return partners


class Initiative(InitiativeFields[Ref], Record):
    """A programme, project or pilot that carries cooperation out."""

    children: list[Ref]
    """The initiatives that are parts of it."""
