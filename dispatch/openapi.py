"""OpenAPI 3.1 of the HTTP door, made from the types; the door's routes are made from the same list."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from dispatch import atom, cap, public
from tocsin.model import Alert, Digest, ExerciseWindow, Verdict

VERSION: Final = "1"
_REF: Final = "#/components/schemas/{name}"


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be asked."""

    name: str
    method: Literal["GET", "POST"]
    path: str
    does: str
    parameters: tuple[tuple[str, Literal["query", "path", "header"], str], ...] = ()
    takes: str = ""
    gives: dict[str, Any] = {}
    status: str = "200"
    open_to_all: bool = False


def _ref(name: str) -> dict[str, str]:
    return {"$ref": _REF.format(name=name)}


_MESSAGE: Final[dict[str, Any]] = {"anyOf": [_ref("Alert"), _ref("Digest")]}
_AFTER: Final = ("after", "query", "Number of the last message that is known; those after it are given.")
OPERATIONS: Final = (
    Operation(
        name="latest",
        method="GET",
        path="/alerts",
        does="The latest alerts and digests of the token's centre, oldest first, at most 200.",
        parameters=(_AFTER,),
        gives={
            "application/json": {
                "type": "object",
                "required": ["last", "messages"],
                "properties": {"last": {"type": "integer"}, "messages": {"type": "array", "items": _MESSAGE}},
            }
        },
    ),
    Operation(
        name="stream",
        method="GET",
        path="/alerts/stream",
        does=(
            "Alerts and digests as they come (server-sent events `alert` and `digest`, their data public JSON, their id the number). "
            "`Last-Event-ID` goes on from there; `gap` says that some are no longer kept."
        ),
        parameters=(_AFTER, ("Last-Event-ID", "header", "As `after`; browsers and SSE clients send it by themselves.")),
        gives={"text/event-stream": {"type": "string"}},
    ),
    Operation(
        name="feed",
        method="GET",
        path="/alerts.atom",
        does="The latest alerts as an Atom feed of CAP messages.",
        gives={atom.MEDIA_TYPE: {"type": "string"}},
    ),
    Operation(
        name="one",
        method="GET",
        path="/alerts/{alert_id}",
        does="One alert, while it is kept.",
        parameters=(
            ("alert_id", "path", "Identity of the alert."),
            ("format", "query", "`json` (default), `cap`, `edxl-json` or `edxl-xml`."),
        ),
        gives={
            "application/json": _ref("Alert"),
            cap.MEDIA_TYPE: {"type": "string"},
            "application/xml": {"type": "string"},
        },
    ),
    Operation(
        name="verdict",
        method="POST",
        path="/verdicts",
        does="Decide: a named person of the token's centre says what an incident is.",
        takes="Verdict",
        gives={"application/json": _ref("Accepted")},
        status="202",
    ),
    Operation(
        name="exercise",
        method="POST",
        path="/exercises",
        does="Declare, change or withdraw an exercise of the token's centre.",
        takes="ExerciseWindow",
        gives={"application/json": _ref("Accepted")},
        status="202",
    ),
    Operation(
        name="openapi",
        method="GET",
        path="/openapi.json",
        does="This description.",
        gives={"application/json": {"type": "object"}},
        open_to_all=True,
    ),
)
_REFUSALS: Final = {
    "401": "No token, or one that is not known.",
    "403": "The token may not do this, or not for this centre.",
    "404": "There is no such alert, or it is no longer kept.",
    "422": "What was sent cannot be meant; the answer says why.",
    "503": "Too many readers.",
}


def document() -> dict[str, Any]:
    """Give the OpenAPI 3.1 document."""
    paths: dict[str, dict[str, Any]] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    schemas = public.components((Alert, Digest, Verdict, ExerciseWindow), _REF)
    for name in ("Verdict", "ExerciseWindow"):
        # What is sent may leave out what has a default.
        schemas[name]["required"] = [key for key, part in schemas[name]["properties"].items() if "default" not in part]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tocsin: the door for programs",
            "version": VERSION,
            "description": "Signals of emergencies for dispatch centres. Nothing is a fact that no named person has confirmed.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": {
                **schemas,
                "Accepted": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
                "Refused": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}},
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _operation(one: Operation) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.does,
        "responses": {
            one.status: {
                "description": "Taken." if one.status == "202" else "What was asked for.",
                "content": {kind: {"schema": schema} for kind, schema in one.gives.items()},
            },
        },
    }
    if not one.open_to_all:
        made["responses"] |= {
            status: {"description": told, "content": {"application/json": {"schema": _ref("Refused")}}}
            for status, told in _REFUSALS.items()
        }
    else:
        made["security"] = []
    if one.parameters:
        made["parameters"] = [
            {"name": name, "in": where, "description": told, "required": where == "path", "schema": {"type": "string"}}
            for name, where, told in one.parameters
        ]
    if one.takes:
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(one.takes)}}}
    return made
