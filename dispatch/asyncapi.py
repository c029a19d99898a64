"""AsyncAPI 3.0 of the topics, made from the topology and the message types.

``alerts`` carries public JSON. The other topics carry records of Tocsin's own: MessagePack ``[version, type, message]``, or a list of such
records where several messages share one; their schemas describe the message.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from dispatch import public
from tocsin import model, wire
from tocsin.model import Alert, Digest, ExerciseWindow, Verdict
from tocsin.topics import ALERTS, TOPICS, VERDICTS, Topic

PUBLIC: Final = (Alert, Digest, Verdict, ExerciseWindow)
_REF: Final = "#/components/schemas/{name}"
_JSON: Final = "application/json"
_OWN: Final = "application/vnd.msgpack"


def document() -> dict[str, Any]:
    """Give the AsyncAPI 3.0 document."""
    types = {name: getattr(model, name) for topic in TOPICS for name in topic.carries}
    own = {name: kind for name, kind in types.items() if kind not in PUBLIC}
    _, internal = msgspec.json.schema_components(tuple(own.values()), ref_template="#/components/schemas/Own{name}")
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tocsin: topics",
            "version": str(wire.VERSION),
            "description": (
                "What travels between the stages, and to dispatch centres, over Apache Kafka. Names begin with the prefix of the settings "
                "(`tocsin.`). Instants are ISO 8601 in public JSON, and UTC epoch milliseconds in records of Tocsin's own."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": _OWN,
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": {
            "takeAlerts": {
                "action": "send",
                "channel": {"$ref": "#/channels/alerts"},
                "summary": "Tocsin sends alerts and digests; a centre consumes them.",
            },
            "decide": {
                "action": "receive",
                "channel": {"$ref": "#/channels/verdicts"},
                "summary": "A centre sends the decisions of named persons; Tocsin takes them.",
            },
        },
        "components": {
            "messages": {
                name: {
                    "name": name,
                    "contentType": _JSON if kind in PUBLIC else _OWN,
                    "payload": {"$ref": f"#/components/schemas/{name if kind in PUBLIC else 'Own' + name}"},
                }
                for name, kind in types.items()
            },
            "schemas": {
                **public.components(PUBLIC, _REF),
                **{f"Own{name}": public.plain(schema) for name, schema in internal.items()},
            },
        },
    }


def _channel(topic: Topic) -> dict[str, Any]:
    told = {
        ALERTS.name: "Notices to centres: public JSON, one a record, under the key `incident.centre`.",
        VERDICTS.name: "Decisions of persons and declared exercises: public JSON objects, or records of Tocsin's own.",
    }
    packed = "A list of records in each." if topic.packed else "One message a record."
    return {
        "address": topic.name,
        "description": told.get(topic.name, packed),
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in topic.carries},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": topic.cleanup.split(","),
                    "retention.ms": topic.retention_ms,
                },
                "bindingVersion": "0.5.0",
            }
        },
    }
