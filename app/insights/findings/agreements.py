"""Rules about health agreements: their periods, their parties, their reviews, and how they were heard."""

from datetime import date
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    Text,
    and_,
    cast,
    exists,
    extract,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE, array
from sqlalchemy.orm import aliased

from app.insights.binding import BINDING
from app.insights.findings.rules import Rule, Said, days, found, pointers
from app.insights.records import path_of
from app.resources.consultations import ConsultationRow
from app.resources.health_agreements.course import known_days, new_year
from app.resources.health_agreements.tables import ExtensionRow, HealthAgreementRow, MilestoneRow, ReviewRow
from app.resources.municipalities.tables import MembershipRow
from app.resources.plans.tables import PlanMilestoneRow
from app.rest.view import AS_OF

ONE_FOR_EACH_REGION: Final = Said(
    "BEK nr. 1569 af 16. december 2013: én sundhedsaftale for hver region",
    "BEK no. 1569 of 16 December 2013: one health agreement for each region",
)
SINCE_2014 = func.daterange(literal(date(2014, 1, 1), Date()), null(), type_=DATERANGE())
"""When that order applies."""
STATUTORY = HealthAgreementRow.kind == "health_agreement"
START, END = func.lower(HealthAgreementRow.period), func.upper(HealthAgreementRow.period)
YEAR = cast(extract("year", AS_OF), Integer)
LAST_YEAR = func.daterange(func.make_date(YEAR - 1, 1, 1), func.make_date(YEAR, 1, 1), type_=DATERANGE())
BOUND = BINDING.c.id == HealthAgreementRow.id
KNOWN = known_days(HealthAgreementRow)
HEARD = func.coalesce(
    path_of("health-agreements", ConsultationRow.agreement_id), path_of("plans", ConsultationRow.plan_id)
)
EARLIER = aliased(HealthAgreementRow)
BOTH = EARLIER.period.intersection(HealthAgreementRow.period)


def otherwise(row: Any, record: Any, kind: str, day: Any, *where: ColumnElement[bool]) -> ColumnElement[bool]:
    """That steps of a kind are known, and that none of them can have been on the day."""
    steps = (row.record_id == record, row.kind == kind, *where)
    possible = and_(func.coalesce(row.date_earliest <= day, true()), func.coalesce(row.date_latest >= day, true()))
    return and_(day.is_not(None), exists().where(*steps), ~exists().where(*steps, possible))


def _outside_the_title() -> ColumnElement[bool]:
    """That the period certainly begins or ends on another day than the title can mean, extensions aside."""
    extended = exists().where(ExtensionRow.record_id == HealthAgreementRow.id, ExtensionRow.until >= END)
    first, last = HealthAgreementRow.nominal_earliest, HealthAgreementRow.nominal_latest
    outside = or_(first > START, new_year(first, 1) <= START, new_year(last, 0) >= END, and_(last < END - 1, ~extended))
    return and_(HealthAgreementRow.nominal_edtf.regexp_match("^[0-9/-]+$"), outside)


def _other_municipalities() -> ColumnElement[list[str]]:
    """Those that the agreement binds but its region did not have when it began, and the other way round."""
    bound = select(path_of("municipalities", BINDING.c.municipality_id)).where(BOUND).correlate(HealthAgreementRow)
    had = select(path_of("municipalities", MembershipRow.record_id)).where(
        MembershipRow.region_id == HealthAgreementRow.region_id, MembershipRow.period.contains(START)
    )
    had = had.correlate(HealthAgreementRow)
    others = union_all(bound.except_(had), had.except_(bound)).order_by(literal_column("1"))
    return func.array(others.scalar_subquery(), type_=ARRAY(Text()))


def _heard_otherwise() -> ColumnElement[bool]:
    """That a consultation began or ended on a day on which no milestone of what was heard can have been."""
    first, last = func.lower(ConsultationRow.period), func.upper(ConsultationRow.period) - 1
    taken = PlanMilestoneRow.announced.is_(False)
    return or_(
        otherwise(MilestoneRow, ConsultationRow.agreement_id, "consultation_opened", first),
        otherwise(MilestoneRow, ConsultationRow.agreement_id, "consultation_closed", last),
        otherwise(PlanMilestoneRow, ConsultationRow.plan_id, "consultation_opened", first, taken),
        otherwise(PlanMilestoneRow, ConsultationRow.plan_id, "consultation_closed", last, taken),
    )


AGREEMENT_RULES: Final = (
    Rule(
        id="agreements_overlap",
        severity="error",
        basis=ONE_FOR_EACH_REGION,
        sentence=Said(
            "To sundhedsaftaler for samme region gælder på samme tid.",
            "Two health agreements of one region are in force at once.",
        ),
        found=found(
            "health-agreements",
            HealthAgreementRow.id,
            part=func.row_number().over(partition_by=HealthAgreementRow.id, order_by=EARLIER.id),
            day=func.lower(BOTH),
            days=days(func.lower(BOTH), func.upper(BOTH)),
            period=BOTH,
            others=array([path_of("health-agreements", EARLIER.id)]),
        ).where(
            STATUTORY,
            EARLIER.kind == HealthAgreementRow.kind,
            EARLIER.region_id == HealthAgreementRow.region_id,
            tuple_(func.lower(EARLIER.period), EARLIER.id) < tuple_(START, HealthAgreementRow.id),
            BOTH.overlaps(SINCE_2014),
        ),
    ),
    Rule(
        id="agreement_binds_others",
        severity="error",
        basis=Said(
            "Sundhedsloven § 205: aftalen indgås af regionen og alle dens kommuner",
            "The Danish Health Act (Sundhedsloven) § 205: the agreement is the region's and all its municipalities'",
        ),
        sentence=Said(
            "Aftalen gælder ikke for netop de kommuner, som regionen havde, da den trådte i kraft.",
            "The agreement does not bind exactly those municipalities that the region had when it came into force.",
        ),
        found=found(
            "health-agreements",
            HealthAgreementRow.id,
            day=START,
            fields=pointers("/parties"),
            others=_other_municipalities(),
        ).where(
            STATUTORY,
            SINCE_2014.contains(START),
            exists().where(BOUND),
            func.cardinality(_other_municipalities()) > 0,
        ),
    ),
    Rule(
        id="agreement_outside_its_title",
        severity="warning",
        basis=Said(
            "En aftale gælder i sin periode, medmindre den bliver forlænget",
            "An agreement is in force in its period, unless it is extended",
        ),
        sentence=Said(
            "Aftalen gælder uden for den periode, som den er indgået for, og ingen forlængelse forklarer det.",
            "The agreement is in force outside the period that it was made for, and no extension explains it.",
        ),
        found=found(
            "health-agreements",
            HealthAgreementRow.id,
            period=HealthAgreementRow.period,
            fields=pointers("/nominal", "/period"),
        ).where(_outside_the_title()),
    ),
    Rule(
        id="agreement_in_force_otherwise",
        severity="warning",
        basis=Said(
            "Milepælen og perioden angiver begge, hvornår aftalen trådte i kraft",
            "The milestone and the period both say when the agreement came into force",
        ),
        sentence=Said(
            "Milepælen for ikrafttræden og aftalens periode angiver hver sin dag.",
            "The milestone in_force and the agreement's period name different days.",
        ),
        found=found(
            "health-agreements", HealthAgreementRow.id, day=START, fields=pointers("/milestones", "/period/start")
        ).where(otherwise(MilestoneRow, HealthAgreementRow.id, "in_force", START)),
    ),
    Rule(
        id="agreement_not_reviewed",
        severity="notice",
        basis=Said(
            "Udvalget følger op på aftalen én gang om året",
            "The committee reviews the agreement once a year",
        ),
        sentence=Said(
            "Registret kender ingen opfølgning på aftalen for det seneste hele år.",
            "The register knows of no review of the agreement for the last full year.",
        ),
        found=found("health-agreements", HealthAgreementRow.id, period=LAST_YEAR).where(
            STATUTORY,
            KNOWN.contains(AS_OF),
            KNOWN.contains(LAST_YEAR),
            ~exists().where(ReviewRow.record_id == HealthAgreementRow.id, ReviewRow.year == YEAR - 1),
        ),
    ),
    Rule(
        id="agreement_without_period",
        severity="notice",
        basis=Said(
            "Uden sin periode kan en aftale ikke vises at dække nogen",
            "Without its period an agreement cannot be shown to cover anybody",
        ),
        sentence=Said(
            "Registret ved ikke, hvornår sundhedsaftalen gælder.",
            "The register does not know when the health agreement is in force.",
        ),
        found=found("health-agreements", HealthAgreementRow.id).where(STATUTORY, HealthAgreementRow.period.is_(None)),
    ),
    Rule(
        id="consultation_otherwise",
        severity="warning",
        basis=Said(
            "Høringen og milepælene for det, der blev sendt i høring, angiver begge, hvornår den var",
            "The consultation and the milestones of what was heard both say when it was",
        ),
        sentence=Said(
            "Høringens periode og milepælene for det, der blev sendt i høring, angiver hver sin dag.",
            "The consultation's period and the milestones of what was heard name different days.",
        ),
        found=found(
            "consultations",
            ConsultationRow.id,
            period=ConsultationRow.period,
            fields=pointers("/period"),
            others=array([HEARD]),
        ).where(_heard_otherwise()),
    ),
)
