"""Rules about municipalities: that an agreement binds each, one at a time, and that each belongs to a region."""

from typing import Final

from sqlalchemy import exists, func, select

from app.insights.binding import BINDING
from app.insights.findings.agreements import ONE_FOR_EACH_REGION
from app.insights.findings.rules import Rule, Said, found, paths
from app.resources.municipalities.map import ON_THE_MAP
from app.resources.municipalities.tables import MembershipRow, MunicipalityRow
from app.rest.view import AS_OF, current

BOUND = BINDING.c.municipality_id == MunicipalityRow.id
ENDED: Final = select(func.max(func.upper(BINDING.c.possible))).where(BOUND, func.upper(BINDING.c.possible) <= AS_OF)

MUNICIPALITY_RULES: Final = (
    Rule(
        id="municipality_uncovered",
        severity="notice",  # an agreement that the register does not know of may well bind it
        basis=Said("Sundhedsloven § 205", "The Danish Health Act (Sundhedsloven) § 205"),
        sentence=Said(
            "Registret kender ingen sundhedsaftale, der gælder for kommunen.",
            "The register knows of no health agreement in force that binds the municipality.",
        ),
        found=found("municipalities", MunicipalityRow.id, day=ENDED.scalar_subquery()).where(
            ON_THE_MAP,
            MunicipalityRow.country == "DK",
            ~exists().where(BOUND, BINDING.c.possible.contains(AS_OF)),
        ),
    ),
    Rule(
        id="municipality_doubly_covered",
        severity="error",
        basis=ONE_FOR_EACH_REGION,
        sentence=Said(
            "Flere sundhedsaftaler gælder for kommunen på samme tid.",
            "Several health agreements in force bind the municipality at once.",
        ),
        found=found(
            "municipalities",
            MunicipalityRow.id,
            others=paths("health-agreements", BINDING.c.id, BINDING.c.known, BINDING.c.id),
        )
        .where(BOUND, ON_THE_MAP, BINDING.c.known.contains(AS_OF))
        .group_by(MunicipalityRow.id)
        .having(func.count() > 1),
    ),
    Rule(
        id="municipality_in_no_region",
        severity="warning",
        basis=Said(
            "En kommune hører til én region ad gangen, så længe den findes",
            "A municipality belongs to one region at a time for as long as it exists",
        ),
        sentence=Said(
            "Kommunen findes, men hører ikke til nogen region.",
            "The municipality exists, but belongs to no region.",
        ),
        found=found("municipalities", MunicipalityRow.id).where(
            current(MunicipalityRow),
            # of one whose beginning is unknown, only a membership that has ended tells that it existed
            ~func.lower_inf(MunicipalityRow.period)
            | exists().where(MembershipRow.record_id == MunicipalityRow.id, func.upper(MembershipRow.period) <= AS_OF),
            ~exists().where(MembershipRow.record_id == MunicipalityRow.id, current(MembershipRow)),
        ),
    ),
)
