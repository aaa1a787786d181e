"""Money: exact, and in the currency in which it was stated."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema
from typing_extensions import TypeAliasType

from app.rest.rules import not_negative, on_writing
from app.rest.schema import Schema

Amount = Annotated[
    Decimal,
    Field(max_digits=15, decimal_places=2),
    WithJsonSchema({"type": "number", "minimum": -9999999999999.99, "maximum": 9999999999999.99}),
]
Currency = TypeAliasType(
    "Currency",
    Annotated[
        Literal["DKK", "EUR", "SEK", "NOK"],
        Field(
            description="""- `DKK`: Danish kroner
- `EUR`: euros
- `SEK`: Swedish kronor
- `NOK`: Norwegian kroner"""
        ),
    ],
)


class Money(Schema):
    """An amount in the currency in which it was stated."""

    amount: Amount = Field(examples=[199994.00])
    """The amount in units of `currency`, exact, with two decimals."""
    currency: Currency = Field(examples=["EUR"])
    """ISO 4217 code."""


Funds = Annotated[Money | None, on_writing(not_negative)]
"""An amount that is planned, asked for or granted, if it is known: never less than nothing."""
