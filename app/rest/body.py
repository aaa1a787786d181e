"""JSON that comes in: parsed once, from its bytes, losing nothing.

Decimals stay exact, and what JSON libraries like to accept silently is refused: a key given twice, NaN, infinities,
another encoding than UTF-8, nesting without end.
"""

import json
from decimal import Decimal
from typing import Any, Final, Never, TypeVar

from pydantic import BaseModel, ValidationError

from app.errors import InvalidBody, bad_value, body_faults

T = TypeVar("T", bound=BaseModel)
MAX_DIGITS: Final = 400


def parse_json(raw: bytes) -> Any:
    """The value of a JSON text; InvalidBody says where it is none."""
    try:
        return json.loads(
            raw.decode(), parse_float=_decimal, parse_int=_int, parse_constant=_no_constant, object_pairs_hook=_object
        )
    except UnicodeDecodeError as error:
        raise InvalidBody(faults=[bad_value("", f"A body must be UTF-8; byte {error.start} is not")]) from error
    except RecursionError as error:
        raise InvalidBody(faults=[bad_value("", "The body is nested too deeply")]) from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidBody(faults=[bad_value("", f"A body must be JSON; at {where}: {error.msg}")]) from error


def validate(shape: type[T], value: Any) -> T:
    """A parsed value as `shape`; InvalidBody names every fault with its JSON pointer."""
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        raise InvalidBody(faults=body_faults(error.errors())) from error


def _decimal(text: str) -> Decimal:
    return Decimal(_bounded(text))


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
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InvalidBody(faults=[bad_value("", f"The key {twice!r} is given twice in one object")])
    return value
