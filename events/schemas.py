"""JSON Schema (2020-12) of every event that a source may send, for those who build the sources."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from events.catalog import FACTS, OFFICES, FactType
from events.codes import ID_PATTERN, REGION_PATTERN
from events.envelope import INTEGER_BOUND, MEDIA_TYPE_PATTERN, TEXT_PATTERN, TIME_PATTERN

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schemas() -> dict[str, dict[str, Any]]:
    """One schema per intake type, of the whole CloudEvent, by type in the catalog's order.

    Whatever the ledger takes, its schema takes, and the other way round but for what no schema can say: that no key
    stands twice in an object, the order of two days, a place within another, national IDs, who may speak of whom, and
    that a bill adds up. Patterns are written so that ECMAScript, Python, Java, .NET and Rust read them alike.
    """
    return {type_: _event_schema(type_, fact_type) for type_, fact_type in FACTS.items()}


class _WithoutNull(GenerateJsonSchema):
    """A field that may be absent may still not be null, which is how pydantic writes an optional field."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if schema.get("default", ...) is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)


def _event_schema(type_: str, fact_type: FactType) -> dict[str, Any]:
    data = fact_type.model.model_json_schema(schema_generator=_WithoutNull)
    definitions = data.pop("$defs", {})
    return {
        "$schema": DIALECT,
        "$id": f"claims-ledger/{type_}",
        "title": type_,
        "description": data.pop("description"),
        "type": "object",
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {"type": "string", "pattern": ID_PATTERN, "description": "never used again by this source"},
            "source": {"type": "string", "pattern": _source_pattern(fact_type.kinds)},
            "type": {"const": type_},
            "time": {"type": ["string", "null"], "format": "date-time", "pattern": TIME_PATTERN},
            "datacontenttype": {
                "type": ["string", "null"],
                "pattern": MEDIA_TYPE_PATTERN,
                "description": "a JSON media type",
            },
            "dataschema": {"type": ["string", "null"], "pattern": TEXT_PATTERN},
            "subject": {"type": ["string", "null"], "pattern": TEXT_PATTERN},
            "data_base64": {"type": "null"},
            "data": data,
        },
        "propertyNames": {"pattern": "^([a-z0-9]+|data_base64)$"},
        "additionalProperties": {
            "description": "extension attributes, kept; an event entered by a person carries actor",
            "type": ["string", "boolean", "integer", "null"],
            "pattern": r"^[^\x00]*$",
            "minimum": -INTEGER_BOUND,
            "maximum": INTEGER_BOUND - 1,
        },
        "required": ["specversion", "id", "source", "type", "data"],
        "$defs": definitions,
    }


def _source_pattern(kinds: tuple[str, ...]) -> str:
    return "|".join(f"^{kind}/{(REGION_PATTERN if kind in OFFICES else ID_PATTERN)[1:]}" for kind in kinds)
