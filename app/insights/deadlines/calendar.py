"""Deadlines as an iCalendar (RFC 5545)."""

from datetime import date, datetime, timedelta
from typing import Any, Final

from icalendar import Calendar, Event
from icalendar.enums import TRANSP

LABELS: Final = {"answer": "Svarfrist", "account": "Regnskab", "report": "Rapport"}


def calendar(items: list[dict[str, Any]], name: str) -> bytes:
    """Deadlines as an iCalendar of a name of its own: each an all-day event that takes up nobody's time."""
    whole = Calendar.new(prodid="-//Broen//Frister//DA", name="Frister i Broen", uid=f"{name}@broen")
    for item in items:
        whole.add_component(_event(item))
    text: bytes = whole.to_ical()
    return text


def _event(item: dict[str, Any]) -> Event:
    due, record = date.fromisoformat(item["due"]), item["record"]["title"]
    who = ", ".join(each["name"] for each in item["who"])
    what = item["title"] if item["title"] == record else f"{item['title']}: {record}"
    return Event.new(
        uid=f"{item['uid']}@broen",
        stamp=datetime.fromisoformat(item["updated_at"]),
        start=due,
        end=due + timedelta(days=1),
        summary=f"{LABELS[item['kind']]}: {' – '.join(filter(None, (who, what)))}",
        categories=[LABELS[item["kind"]]],
        transparency=TRANSP.TRANSPARENT,
    )
