"""JSON that comes in: parsed once, from its bytes, losing nothing.

Decimals stay exact, and what JSON libraries like to accept silently is refused: a key given twice, NaN, infinities,
another encoding than UTF-8, characters that no text can have, numbers and nesting without end.
"""

import json
from collections import Counter
from collections.abc import Collection
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Never, TypeVar

from jsonpointer import JsonPointer
from pydantic import BaseModel, ValidationError

from app.errors import Fault, InvalidBody, bad_value, body_faults

T = TypeVar("T", bound=BaseModel)
MAX_DIGITS: Final = 400
MAX_DEPTH: Final = 40
TOO_DEEP: Final = f"The body is nested too deeply; {MAX_DEPTH} levels are the most"


def parse_json(raw: bytes) -> Any:
    """The value of a JSON text; InvalidBody says where it is none."""
    try:
        value = json.loads(
            raw.decode(), parse_float=_decimal, parse_int=_int, parse_constant=_no_constant, object_pairs_hook=_object
        )
    except UnicodeDecodeError as error:
        raise InvalidBody(faults=[bad_value("", f"A body must be UTF-8; byte {error.start} is not")]) from error
    except RecursionError as error:
        raise InvalidBody(faults=[bad_value("", TOO_DEEP)]) from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidBody(faults=[bad_value("", f"A body must be JSON; at {where}: {error.msg}")]) from error
    if faults := _unstorable(value) if b"\\u" in raw or _is_deep(value) else ():
        raise InvalidBody(faults=faults)
    return value


def _is_deep(whole: Any) -> bool:
    """Whether the nesting may have no end that is near."""
    level = [whole]
    for _ in range(MAX_DEPTH - 1):
        if not (level := [inner for value in level for inner in _members(value) if isinstance(inner, dict | list)]):
            return False
    return True


def _members(value: Any) -> Collection[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _unstorable(whole: Any) -> list[Fault]:
    """What is JSON and still nothing that can be kept: texts with NUL or half a character, nesting without end.

    Such characters have been escaped, for nothing else can say them in UTF-8.
    """
    faults, level = [], [((), whole)]
    for _ in range(MAX_DEPTH):
        inner: list[Any] = []
        for place, value in level:
            if isinstance(value, dict):
                faults += [_in_text(place, key) for key in value if not _is_text(key)]
                inner += [((*place, key), item) for key, item in value.items() if _is_text(key)]
            elif isinstance(value, list):
                inner += [((*place, n), item) for n, item in enumerate(value)]
            elif isinstance(value, str) and not _is_text(value):
                faults.append(_in_text(place, value))
        if not inner:
            return faults
        level = inner
    return [*faults, bad_value("", TOO_DEEP)]


def _is_text(text: str) -> bool:
    return (text.isascii() and "\x00" not in text) or not any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in text)


def _in_text(place: tuple[Any, ...], text: str) -> Fault:
    wrong = "NUL character" if "\x00" in text else "half of a character (a lone surrogate)"
    return bad_value(JsonPointer.from_parts(place).path, f"A text should have no {wrong}")


def validate(shape: type[T], value: Any, sent_on: date | None = None) -> T:
    """A parsed value as `shape`; InvalidBody names every fault with its JSON pointer.

    What is sent, on a day, has to keep more rules than what is stored: see `on_writing`.
    """
    try:
        return shape.model_validate(value, context=sent_on)
    except ValidationError as error:
        raise InvalidBody(faults=body_faults(error.errors(include_url=False, include_input=False))) from error


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(_bounded(text))
    except InvalidOperation:
        value = Decimal("Infinity")
    if not value.is_finite() or abs(value.adjusted()) > MAX_DIGITS:
        raise InvalidBody(faults=[bad_value("", f"{text} is beyond what a number can be here")])
    return value


def _int(text: str) -> int:
    return int(_bounded(text))


def _bounded(text: str) -> str:
    if len(text) > MAX_DIGITS:
        raise InvalidBody(faults=[bad_value("", f"A number has {len(text)} digits; {MAX_DIGITS} are the most")])
    return text


def _no_constant(name: str) -> Never:
    raise InvalidBody(faults=[bad_value("", f"{name} is not a number in JSON")])


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        twice = next(key for key, number in Counter(key for key, _ in pairs).items() if number > 1)
        raise InvalidBody(faults=[bad_value("", f"The key {twice!r} is given twice in one object")])
    return value
