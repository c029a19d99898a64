"""OpenAPI and AsyncAPI: valid by the schemas of their standards, and true to what is there."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import msgspec
from openapi_spec_validator import OpenAPIV31SpecValidator

from dispatch import asyncapi, openapi
from tocsin.topics import TOPICS


def test_the_openapi_document_is_one():
    assert list(OpenAPIV31SpecValidator(openapi.document()).iter_errors()) == []
    wrong = openapi.document()
    wrong["paths"]["/alerts"]["get"]["parameters"][0]["in"] = "nowhere"
    assert list(OpenAPIV31SpecValidator(wrong).iter_errors())


def test_the_asyncapi_document_is_one():
    path = Path(__file__).parents[1] / "data" / "asyncapi-3.0.0.json"  # of the AsyncAPI initiative: see NOTICE
    judge = jsonschema.Draft7Validator(json.loads(path.read_text(encoding="utf-8")))
    document = json.loads(msgspec.json.encode(asyncapi.document()))
    assert list(judge.iter_errors(document)) == []
    document["operations"]["decide"]["action"] = "ponder"
    assert list(judge.iter_errors(document))


def references(value):
    if isinstance(value, dict):
        yield from [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def resolved(document, reference):
    found = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def test_every_reference_of_both_leads_somewhere():
    for document in (openapi.document(), asyncapi.document()):
        found = list(references(document))
        assert len(found) > 10
        assert all(resolved(document, reference) is not None for reference in found)


def test_the_asyncapi_document_tells_every_topic_and_message():
    document = asyncapi.document()
    assert list(document["channels"]) == [topic.name for topic in TOPICS]
    for topic in TOPICS:
        assert list(document["channels"][topic.name]["messages"]) == list(topic.carries)
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
