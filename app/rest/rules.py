"""Rules of what comes in: how a validator says what would be right, and what only a write has to keep."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any, Final

from pydantic import AfterValidator, BaseModel, ValidationInfo
from pydantic_core import PydanticCustomError

UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal obeys instead of showing it, and what turns the direction of what is read: no part of any text."""


def wrong(message: str, *place: str) -> PydanticCustomError:
    """What a validator raises: a sentence that says what would be right, and in which field of what it looks at."""
    return PydanticCustomError("wrong", "{sentence}", {"sentence": message, "place": place})


def exactly_one(shape: BaseModel, *names: str) -> None:
    """Refuse a shape that names none of these fields, or several."""
    if sum(getattr(shape, name) is not None for name in names) != 1:
        raise wrong(f"Name exactly one of {' and '.join(names)}")


def on_writing(check: Callable[[Any, date], None]) -> AfterValidator:
    """A rule for what is sent, which is told the day; what was stored before there was the rule can still be read."""

    def kept(value: Any, info: ValidationInfo) -> Any:
        if value is not None and info.context is not None:
            check(value, info.context)
        return value

    return AfterValidator(kept)


def not_ahead(day: date, today: date) -> None:
    """Refuse a day on which nothing can have happened yet."""
    if day > today:
        raise wrong(f"Input should be no day to come; today is {today}")


def not_negative(money: Any, _today: date) -> None:
    """Refuse money that is less than nothing."""
    if money.amount < 0:
        raise wrong("Input should be greater than or equal to 0", "amount")


def printable(said: Any, _today: date) -> None:
    """Refuse control characters but line breaks and tabs, in a text or in the texts of a JSON value."""
    if isinstance(said, str) and (found := UNPRINTABLE.search(said)):
        raise wrong(f"Input should have no control characters, such as U+{ord(found[0]):04X}")
    for inner in (*said, *said.values()) if isinstance(said, dict) else said if isinstance(said, list) else ():
        printable(inner, _today)


def spelt(pattern: re.Pattern[str], right: str) -> AfterValidator:
    """The rule that a text which is sent is spelt as something, which is said in words."""

    def check(text: str, _today: date) -> None:
        if not pattern.fullmatch(text):
            raise wrong(f"Input should be {right}")

    return on_writing(check)
