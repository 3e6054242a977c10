"""Whether what came over NATS is what the AsyncAPI document says."""

from typing import Any

from jsonschema import Draft7Validator

from infra.border.asyncapi import asyncapi


def as_said(message: str, payload: dict[str, Any]) -> list[str]:
    """What the AsyncAPI document has against a message that came."""
    components = asyncapi()["components"]
    schema = {**components["messages"][message]["payload"], "components": components}
    return [error.message for error in Draft7Validator(schema).iter_errors(payload)]
