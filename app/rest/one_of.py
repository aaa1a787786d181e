"""Enumerations whose values other code declares: the resources, the rules."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_after_validator_function

from app.rest.rules import wrong
from app.rest.schema import Absent, Schema


@dataclass(frozen=True)
class OneOf:
    """What makes a text one of those that code declares elsewhere, each with what it means."""

    values: Mapping[str, str]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """A text that is checked."""
        return no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, _: CoreSchema, __: GetJsonSchemaHandler) -> JsonSchemaValue:
        """An enumeration, described as those are whose values are written out."""
        meaning = "\n".join(f"- `{value}`: {meaning}" for value, meaning in self.values.items())
        return {"type": "string", "enum": list(self.values), "description": meaning}

    def _check(self, text: str) -> str:
        if text not in self.values:
            near = difflib.get_close_matches(text, self.values)
            raise wrong(f"Input should be {' or '.join(near) if near else 'one of ' + ', '.join(self.values)}")
        return text


def offer(shape: type[Schema], **parameters: Sequence[str]) -> None:
    """Let parameters that may be left out take these names and no others, several where they are lists."""
    choice, several = (cast("Any", part) for part in (Literal, list))
    for parameter, names in parameters.items():
        info, one = cast("Any", shape.model_fields[parameter]), choice[tuple(names)]
        in_list = "list[" in str(info.annotation)
        info.annotation = (several[one] if in_list else one) | Absent
        info.examples = [[names[0]] if in_list else names[0]]
    shape.model_rebuild(force=True)
