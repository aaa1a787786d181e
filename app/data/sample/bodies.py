"""The made-up initiatives and grants: number n is drawn from the seed n."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple, Self

from app.data.sample import words
from app.data.sample.draw import Draw

Body = dict[str, Any]

CROWDED: Final = "dk-0360"
"""The municipality in which most initiatives work."""
SHARE: Final = 0.6
"""In how many of them."""
RARE: Final = 1000
"""One in so many has a status that no other has."""
FIRST_RARE: Final = 7
"""The first of them: a small sample has one too."""
FIRST: Final = date(2007, 1, 1)
LAST: Final = date(2030, 12, 31)
TODAY: Final = date(2026, 11, 22)
"""The day on which the data were made up: what lies after it is planned."""
CURRENCIES: Final = {"DKK": 0.82, "EUR": 0.12, "SEK": 0.06}
FILL: Final = {"fewer": words.FEWER, "better": words.BETTER, "group": words.GROUPS}


class Place(NamedTuple):
    """A municipality, its name, the authorities that govern it and its region, and the region."""

    municipality: str
    name: str
    authority: str
    region_authority: str
    region: str


class Surroundings(NamedTuple):
    """What made-up records name of the packaged data."""

    places: list[Place]
    """The crowded one first."""
    goals: list[str]

    @classmethod
    def of(cls, packaged: Iterable[tuple[Any, str, Any]]) -> Self:
        """Find it."""
        records = [(resource.name, id, data) for resource, id, data in packaged]
        authorities = {
            area: id
            for name, id, data in records
            if name == "organisations"
            for area in (data.municipality, data.region)
            if area
        }
        places = [
            Place(id, data.name, authorities.get(id, authorities[region]), authorities[region], region)
            for name, id, data in records
            if name == "municipalities"
            for region in (data.memberships[0].region,)
        ]
        places.sort(key=lambda place: place.municipality != CROWDED)
        return cls(places, [id for name, id, _ in records if name == "goals"])

    def home(self, n: int) -> Place:
        """Where initiative n is at home."""
        draw = Draw(f"hjemme {n}")
        return self.places[0] if draw.chance(SHARE) else draw.early(self.places[1:])


def initiative_id(n: int) -> str:
    """The id of initiative n."""
    return f"proeve-indsats-{n:06}"


def initiative(n: int, around: Surroundings) -> Body:
    """Initiative n: one in fifty is a programme, of which some of the next are parts."""
    draw, home = Draw(f"indsats {n}"), around.home(n)
    places = [home]
    while draw.chance(0.25) and (other := draw.early(around.places[1:])) not in places:
        places.append(other)
    areas = [{"municipality": place.municipality} for place in places]
    if draw.chance(0.06):
        areas.append({"region": home.region})

    kind, parent = draw.weighted({"project": 0.6, "pilot": 0.25, "pre_project": 0.15}), None
    if n % 50 == 1:
        kind = "programme"
    elif n % 25 == 0:
        parent = initiative_id(n - 1)
    elif draw.chance(0.12):
        kind, parent = "sub_project", initiative_id(n - n % 50 + 1 if n % 50 else n - 49)

    period = _period(draw)
    currency = draw.weighted(CURRENCIES)
    budget = draw.money(1_000_000, currency) if draw.chance(0.85) else None
    lead = draw.weighted({home.authority: 0.7, home.region_authority: 0.25, None: 0.05})
    others = [*(p.authority for p in places), home.region_authority, *words.ORGANISATIONS]
    partners = dict.fromkeys([*([lead] if lead else []), *(draw.early(others) for _ in range(draw.randint(1, 5)))])

    def text(*patterns: str) -> str:
        return draw.text(patterns, FILL, home.name)

    def persons(median: float) -> Body:
        least = round(draw.lognormvariate(0, 1) * median) + 1
        return {"persons_min": least, "persons_max": round(least * draw.uniform(1, 2))} if draw.chance(0.7) else {}

    return {
        "id": initiative_id(n),
        "kind": kind,
        "parent": parent,
        "title": f"{text(*words.TITLES)} (prøve {n})",
        "summary": " ".join(map(text, [*draw.sample(words.SUMMARIES, draw.randint(1, 4)), "Opdigtet til måling."])),
        "background": text(*words.BACKGROUNDS) if draw.chance(0.4) else None,
        "vision": text(*words.VISIONS) if draw.chance(0.25) else None,
        "aims": [text(*words.AIMS) for _ in range(draw.randint(0, 3))],
        "status": "cancelled" if n % RARE == FIRST_RARE else _status(draw, period),
        "period": period,
        "lead": lead,
        "budget": budget,
        "partners": [
            {
                "organisation": organisation,
                "role": "lead_partner" if organisation == lead else draw.early(("partner", "associated_partner")),
                "budget": draw.money(300_000, currency) if draw.chance(0.3) else None,
                "contribution": draw.money(100_000, currency) if draw.chance(0.3) else None,
            }
            for organisation in list(partners)[:5]
        ],
        "areas": areas,
        "goals": [{"goal": goal} for goal in draw.sample(around.goals, draw.weighted({0: 0.5, 1: 0.35, 2: 0.15}))],
        "target_groups": [
            {"description": f"{draw.any(words.GROUPS)} i {home.name}", **persons(150)}
            for _ in range(draw.weighted({0: 0.2, 1: 0.5, 2: 0.2, 3: 0.1}))
        ],
        "stages": [
            {"name": stage.format(place=home.name), **persons(30)} for stage in words.STAGES[: draw.randint(0, 4)]
        ],
        "contacts": [{"role": "Projektleder", "organisation": lead}] if draw.chance(0.3) else [],
    }


def _period(draw: Draw) -> dict[str, date | None] | None:
    """A period of which some are unknown, some open, and some have no known beginning."""
    start = FIRST + timedelta(days=int(draw.triangular(0, 8400, 6500)))
    end = min(LAST, start + timedelta(days=30 + int(draw.lognormvariate(6.3, 0.7))))
    match draw.weighted({"known": 0.72, "open": 0.18, "ended": 0.03, "unknown": 0.07}):
        case "known":
            return {"start": start, "end": end}
        case "open":
            return {"start": start, "end": None}
        case "ended":
            return {"start": None, "end": end}
        case _:
            return None


def _status(draw: Draw, period: dict[str, date | None] | None) -> str | None:
    """What follows from the period, where it is known."""
    if period is None or draw.chance(0.04):
        return None
    start, end = period["start"], period["end"]
    if start and start > TODAY:
        return "planned"
    return "completed" if end and end <= TODAY else "running"


def grant(n: int, around: Surroundings) -> Body:
    """Grant n: most belong to the initiatives in their turn, three to each, the others to any before it."""
    draw, turn = Draw(f"bevilling {n}"), (n + 2) // 3
    paid_for = turn if draw.chance(0.7) else draw.randint(1, turn)
    home = around.home(paid_for)
    status = draw.weighted({"awarded": 0.45, "closed": 0.39, "rejected": 0.1, "applied": 0.05, None: 0.01})
    if n % RARE == FIRST_RARE:
        status = "withdrawn"
    sought = draw.money(600_000, draw.weighted(CURRENCIES))
    awarded = _part(sought, 1 if draw.chance(0.3) else draw.uniform(0.3, 1))
    conditional = draw.weighted({True: 0.12, False: 0.73, None: 0.15})
    body: Body = {
        "id": f"proeve-bevilling-{n:06}",
        "title": f"{draw.text(words.GRANTS, FILL, home.name)} (prøve {n})",
        "programme": draw.early(list(words.PROGRAMMES)),
        "funder": draw.early(list(words.FUNDERS)) if draw.chance(0.96) else None,
        "initiative": initiative_id(paid_for) if draw.chance(0.98) else None,
        "status": status,
        "sought": sought if draw.chance(0.9) else None,
        "conditional": conditional,
        "conditions": draw.text(words.CONDITIONS, FILL, home.name) if conditional else None,
        "recipients": [
            {"organisation": organisation}
            for organisation in dict.fromkeys(
                draw.early([home.authority, home.region_authority, *words.ORGANISATIONS])
                for _ in range(draw.weighted({1: 0.75, 2: 0.2, 3: 0.05}))
            )
        ],
    }
    if status in ("awarded", "closed"):
        body |= _money(draw, awarded, closed=status == "closed")
    return body


def _money(draw: Draw, awarded: Body, *, closed: bool) -> Body:
    """What becomes of an award: when it was given, how it is paid and accounted for, and what goes back."""
    on = draw.day(FIRST, TODAY)
    number = draw.weighted({0: 0.15, 1: 0.35, 2: 0.3, 3: 0.15, 4: 0.05})
    instalments, accounts = [], []
    for k in range(number):
        planned_on, planned = on + timedelta(days=60 + 180 * k), _part(awarded, 1 / number)
        instalment: Body = {"planned_on": planned_on, "planned": planned}
        if planned_on < TODAY - timedelta(days=50) and draw.chance(0.95):
            instalment |= {"paid_on": planned_on + timedelta(days=draw.randint(0, 40)), "paid": planned}
        instalments.append(instalment)
    for k in range(draw.randint(1, 2) if closed else draw.randint(0, 1)):
        due, claimed = on + timedelta(days=365 * (k + 1)), _part(awarded, draw.uniform(0.2, 0.5))
        account: Body = {"due_on": due}
        if due < TODAY - timedelta(days=100) and draw.chance(0.9):
            accepted = _part(claimed, 1 if draw.chance(0.8) else draw.uniform(0.5, 1))
            rejected = {"amount": claimed["amount"] - accepted["amount"], "currency": claimed["currency"]}
            account |= {"delivered_on": due + timedelta(days=draw.randint(-40, 60)), "claimed": claimed}
            account |= {"accepted": accepted, "rejected": rejected, "audit": {"auditor": "Prøverevisionen"}}
        accounts.append(account)
    said = draw.weighted({10: 0.8, 7: 0.1, 4: 0.05, 0: 0.05})
    return {
        "awarded": awarded,
        "award_date": {"edtf": str(on)[:said]} if said else None,
        "instalments": instalments,
        "accounts": accounts,
        "recovered": _part(awarded, draw.uniform(0.02, 0.4)) if closed and draw.chance(0.04) else None,
    }


def _part(money: Body, share: float) -> Body:
    """A share of an amount, rounded down, so that parts never come to more than the whole."""
    cents = int(money["amount"] * 100 * Decimal(share))
    return {"amount": Decimal(cents) / 100, "currency": money["currency"]}
