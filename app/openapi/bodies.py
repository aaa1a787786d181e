"""The shapes that bodies have: a new record, a whole one, and what of one shall change."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from pydantic.json_schema import models_json_schema

from app.db import table_of
from app.openapi.answers import UNUSED
from app.resources import RESOURCES
from app.rest.rows import cells_of

Shapes = dict[str, dict[str, Any]]
PREFIX: Final = "#/components/schemas/"
NOISE: Final = ("title", "default")
CHOSEN: Final = "The permanent id of the record, if its creator chooses one; left out, it is made from its name."
NEW, WHOLE, CHANGE = "New{}", "{}Data", "{}Patch"
"""What the shapes of a thing are called."""


def bodies(sent: Mapping[str, Any], ids: Mapping[str, Any]) -> Shapes:
    """The shapes of all bodies, beside those that answers have; `ids` is the shape of an id."""
    data = [(resource.data, "validation") for resource in RESOURCES]
    _, found = models_json_schema(data, ref_template=PREFIX + "{model}")  # type: ignore[arg-type]
    shapes = _named(found["$defs"], sent)
    for shape in shapes.values():
        for name, field in list(shape.get("properties", {}).items()):
            if field.pop("readOnly", False):
                del shape["properties"][name]
            for noise in NOISE:
                field.pop(noise, None)
    for name, field, id in _references():
        shapes[name]["properties"][field]["examples"] = [id]
    for resource in RESOURCES:
        thing = resource.public.__name__
        whole = shapes[WHOLE.format(thing)]
        chosen = {**ids, "description": CHOSEN, "examples": [resource.example]}
        shapes[NEW.format(thing)] = {
            **whole,
            "title": NEW.format(thing),
            "description": f"{whole['description'].removesuffix(' as it is written.')} to be added.",
            "properties": {"id": chosen, **whole["properties"]},
        }
        _change(shapes, WHOLE.format(thing), thing, whole["description"].removesuffix(" as it is written."))
    return {name: shape for name, shape in shapes.items() if name not in sent}


def _references() -> Iterator[tuple[str, str, str]]:
    """Each field of a shape that refers to a record, with the id of one that there is."""
    examples = {resource.table: resource.example for resource in RESOURCES}
    for resource in RESOURCES:
        lists = {name: get_args(resource.data.model_fields[name].annotation)[0] for name in resource.parts}
        parts = ((lists[name], table_of(part)) for name, part in resource.parts.items())
        for shape, table in ((resource.data, resource.table), *parts):
            for cell in cells_of(shape, table):
                if cell.target is not None:
                    yield shape.__name__, cell.field, examples[cell.target.table]


def _named(found: Shapes, sent: Mapping[str, Any]) -> Shapes:
    """Shapes by their own names; one that answers have otherwise is told apart as data."""
    names = {}
    for key, shape in found.items():
        title = shape.get("title", key)
        names[key] = title if sent.get(title) in (None, _quiet(shape)) or "properties" not in shape else f"{title}Data"
    text = json.dumps(found)
    for key, name in names.items():
        text = text.replace(f'"{PREFIX}{key}"', f'"{PREFIX}{name}"')
    renamed = json.loads(text)
    titles = {key: {"title": names[key]} if "title" in shape else {} for key, shape in renamed.items()}
    return {names[key]: shape | titles[key] for key, shape in renamed.items() if key not in UNUSED}


def _quiet(shape: dict[str, Any]) -> dict[str, Any]:
    """A shape without what says nothing, as those of answers are."""
    if "properties" not in shape:
        return shape
    fields = {
        name: {key: value for key, value in field.items() if key not in NOISE}
        for name, field in shape["properties"].items()
    }
    return {**shape, "properties": fields}


def _change(shapes: Shapes, name: str, thing: str, about: str) -> str:
    """The shape of what of an object shall change: every field may be left out, and objects in it change alike."""
    patch = CHANGE.format(thing)
    if patch not in shapes:
        whole = shapes[name]
        shapes[patch] = {
            "type": "object",
            "title": patch,
            "description": f"What of this shall change: {about[0].lower()}{about[1:].removesuffix('.')}.",
            "additionalProperties": False,
            "properties": {},
        }
        for field, schema in whole["properties"].items():
            shapes[patch]["properties"][field] = _within(shapes, schema)
    return patch


def _within(shapes: Shapes, schema: dict[str, Any]) -> dict[str, Any]:
    if "anyOf" in schema:
        return {**schema, "anyOf": [_within(shapes, arm) for arm in schema["anyOf"]]}
    name = schema.get("$ref", "").removeprefix(PREFIX)
    if "properties" not in shapes.get(name, {}):
        return schema
    inner = shapes[name]
    return {**schema, "$ref": PREFIX + _change(shapes, name, name.removesuffix("Data"), inner["description"])}
