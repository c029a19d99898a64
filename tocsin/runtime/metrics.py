"""All metrics, declared once: name, kind, unit, labels, meaning. The reference page is made from ``METRICS``.

No label takes its values from the world (a term, a place, an author): every one comes from a closed or bounded list.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge

Kind = Literal["counter", "gauge"]


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One metric. A counter's samples are named ``<name>_total``."""

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()


RECEIVED: Final = Metric(
    name="tocsin_items_received", kind="counter", meaning="Items that a stage received.", labels=("stage",)
)
USED: Final = Metric(
    name="tocsin_items_used", kind="counter", meaning="Items that a stage handed on or took in.", labels=("stage",)
)
FILTERED: Final = Metric(
    name="tocsin_items_filtered",
    kind="counter",
    meaning="Items that a stage rightly left aside, by reason.",
    labels=("stage", "reason"),
)
LATE: Final = Metric(
    name="tocsin_items_late", kind="counter", meaning="Items that came after their pane was closed.", labels=("stage",)
)
DUPLICATE: Final = Metric(
    name="tocsin_items_duplicate", kind="counter", meaning="Items seen before, by their id.", labels=("stage",)
)
DEAD: Final = Metric(
    name="tocsin_items_dead",
    kind="counter",
    meaning="Items refused with a dead letter, by reason.",
    labels=("stage", "reason"),
)
HELD: Final = Metric(
    name="tocsin_items_held", kind="gauge", meaning="Items received and not yet decided.", labels=("stage",)
)
BLOCKS: Final = Metric(name="tocsin_blocks", kind="counter", meaning="Blocks of lines taken through all stages.")
STAGE_SECONDS: Final = Metric(
    name="tocsin_stage_cpu_seconds",
    kind="counter",
    meaning="Processor seconds that a stage has used; the gate and the decoder are parts of ingest, counted apart.",
    labels=("stage",),
)
GATE_OPEN: Final = Metric(
    name="tocsin_gate_open_posts", kind="counter", meaning="Posts that passed the term gate, on time or late."
)
SHED: Final = Metric(
    name="tocsin_posts_shed",
    kind="counter",
    meaning="Posts that were heard without a gate they would have passed, because of pressure, by gate.",
    labels=("gate",),
)
GATES_SHED: Final = Metric(
    name="tocsin_gates_shed", kind="gauge", meaning="Gates that are left out now because of pressure; 0 in calm."
)
WATERMARK: Final = Metric(
    name="tocsin_watermark_timestamp_seconds",
    kind="gauge",
    meaning="The stream clock: nothing older than this less the lateness is waited for.",
)
EVENT_LAG: Final = Metric(
    name="tocsin_event_lag_seconds",
    kind="gauge",
    meaning="Wall clock less the stream clock, after the last block of a live run.",
)
REVISIONS: Final = Metric(
    name="tocsin_incident_revisions",
    kind="counter",
    meaning="Revisions of incidents that the detector wrote, by reason.",
    labels=("reason",),
)
RAISED: Final = Metric(
    name="tocsin_incidents_raised", kind="counter", meaning="Incidents raised, by hazard.", labels=("hazard",)
)
OPEN: Final = Metric(
    name="tocsin_incidents_open", kind="gauge", meaning="Incidents raised and not yet closed, withdrawn or merged."
)
CONSUMER_LAG: Final = Metric(
    name="tocsin_consumer_lag_seconds",
    kind="gauge",
    meaning="Age of the last record that a worker took from a topic, while more are waiting; 0 when it has read all.",
    labels=("topic",),
)
CHECKPOINT_AT: Final = Metric(
    name="tocsin_checkpoint_timestamp_seconds",
    kind="gauge",
    meaning="Wall clock at the last checkpoint of a worker.",
    labels=("stage",),
)
CHECKPOINT_BYTES: Final = Metric(
    name="tocsin_checkpoint_bytes", kind="gauge", meaning="Size of the last checkpoint of a worker.", labels=("stage",)
)
ORIGIN_HEARD: Final = Metric(
    name="tocsin_origin_heard_timestamp_seconds",
    kind="gauge",
    meaning="Stream time up to which the detector has heard an origin of the settings, in its slowest partition.",
    labels=("origin",),
)
ORIGIN_GAP: Final = Metric(
    name="tocsin_origin_gap",
    kind="gauge",
    meaning="1 while an origin is left out of the watermark.",
    labels=("origin",),
)
REPEATED: Final = Metric(
    name="tocsin_records_repeated",
    kind="counter",
    meaning="Records of an origin and partition that came again after a restart and were passed over.",
)
LOST: Final = Metric(
    name="tocsin_records_lost",
    kind="counter",
    meaning="Records of an origin and partition that never came and were given up.",
)
ACTIVE: Final = Metric(
    name="tocsin_worker_active",
    kind="gauge",
    meaning="1 while a worker owns its stage, 0 while it stands by.",
    labels=("stage",),
)
GEOCODER_QUESTIONS: Final = Metric(
    name="tocsin_geocoder_questions",
    kind="counter",
    meaning="Posts with a place to be asked of the geocoder, by what became of the question.",
    labels=("outcome",),
)
GEOCODER_REQUESTS: Final = Metric(
    name="tocsin_geocoder_requests",
    kind="counter",
    meaning="Requests to the geocoder, by what came back.",
    labels=("outcome",),
)
GEOCODER_REMEMBERED: Final = Metric(
    name="tocsin_geocoder_remembered",
    kind="counter",
    meaning="Requests saved because the answer, or that there is none, was remembered.",
)
GEOCODER_WAITING: Final = Metric(
    name="tocsin_geocoder_waiting", kind="gauge", meaning="Questions that wait for the geocoder."
)
GEOCODER_RESTING: Final = Metric(
    name="tocsin_geocoder_resting",
    kind="gauge",
    meaning="1 while the geocoder is left alone because it failed, else 0.",
)
SOURCE_EVENTS: Final = Metric(
    name="tocsin_source_events",
    kind="counter",
    meaning="Events that came over a source's connection, of whatever kind.",
    labels=("source",),
)
SOURCE_BYTES: Final = Metric(
    name="tocsin_source_bytes",
    kind="counter",
    meaning="Bytes that came over a source's connection, unpacked.",
    labels=("source",),
)
SOURCE_LINES: Final = Metric(
    name="tocsin_source_lines",
    kind="counter",
    meaning="Posts, retractions and unreadable frames that a source handed on.",
    labels=("source",),
)
SOURCE_REPEATED: Final = Metric(
    name="tocsin_source_repeated",
    kind="counter",
    meaning="Events that had come before, where connections overlap.",
    labels=("source",),
)
SOURCE_FILTERED: Final = Metric(
    name="tocsin_source_filtered",
    kind="counter",
    meaning="Posts that a source left out at its door, by reason.",
    labels=("source", "reason"),
)
SOURCE_BREAKS: Final = Metric(
    name="tocsin_source_breaks",
    kind="counter",
    meaning="Connections of a source that ended, by reason.",
    labels=("source", "reason"),
)
SOURCE_GAP_SECONDS: Final = Metric(
    name="tocsin_source_gap_seconds",
    kind="counter",
    meaning="Stream time that a source was away, by whether what it missed was heard afterwards (yes, no).",
    labels=("source", "filled"),
)
SOURCE_CONNECTED: Final = Metric(
    name="tocsin_source_connected",
    kind="gauge",
    meaning="1 while a source's connection stands, else 0.",
    labels=("source",),
)
SOURCE_HEARD: Final = Metric(
    name="tocsin_source_heard_timestamp_seconds",
    kind="gauge",
    meaning="How far a source's stream was heard, by the stream's own clock.",
    labels=("source",),
)
SOURCE_SHARE: Final = Metric(
    name="tocsin_source_sampled_ratio",
    kind="gauge",
    meaning="Share of a source's posts that is heard; below 1 only while it samples as a last resort.",
    labels=("source",),
)
TEXTS_SEALED: Final = Metric(
    name="tocsin_texts_sealed", kind="counter", meaning="Texts of posts that were sealed on their way out of ingest."
)
TEXTS_DESTROYED: Final = Metric(
    name="tocsin_texts_destroyed",
    kind="counter",
    meaning="Retractions that destroyed the keys of texts, by reason (deleted, edited, account).",
    labels=("reason",),
)
OLDEST_TEXT: Final = Metric(
    name="tocsin_oldest_readable_text_timestamp_seconds",
    kind="gauge",
    meaning="When the oldest text that can still be read was sealed; 0 when none can be read.",
)
ALERTS: Final = Metric(
    name="tocsin_alerts",
    kind="counter",
    meaning="Alerts to centres, by CAP status, type and how they are delivered (interrupt, digest, silent).",
    labels=("status", "msg_type", "delivery"),
)
VERDICTS: Final = Metric(
    name="tocsin_verdicts", kind="counter", meaning="Verdicts of persons, by decision.", labels=("decision",)
)
DELIVERIES: Final = Metric(
    name="tocsin_deliveries",
    kind="counter",
    meaning="Tries to deliver to a sink of the settings, by what became of them: sent, failed (tried again later), dead.",
    labels=("sink", "outcome"),
)
OUTBOX_WAITING: Final = Metric(
    name="tocsin_outbox_waiting", kind="gauge", meaning="Alerts that wait for a sink of the settings.", labels=("sink",)
)
OUTBOX_AGE: Final = Metric(
    name="tocsin_outbox_age_seconds",
    kind="gauge",
    meaning="How long the alert that has waited longest for a sink has waited, when it was last looked at.",
    labels=("sink",),
)
READY: Final = Metric(name="tocsin_ready", kind="gauge", meaning="1 while all stages are loaded and running, else 0.")

METRICS: Final = (
    RECEIVED,
    USED,
    FILTERED,
    LATE,
    DUPLICATE,
    DEAD,
    HELD,
    BLOCKS,
    STAGE_SECONDS,
    GATE_OPEN,
    SHED,
    GATES_SHED,
    WATERMARK,
    EVENT_LAG,
    REVISIONS,
    RAISED,
    OPEN,
    CONSUMER_LAG,
    CHECKPOINT_AT,
    CHECKPOINT_BYTES,
    ORIGIN_HEARD,
    ORIGIN_GAP,
    REPEATED,
    LOST,
    ACTIVE,
    SOURCE_EVENTS,
    SOURCE_BYTES,
    SOURCE_LINES,
    SOURCE_REPEATED,
    SOURCE_FILTERED,
    SOURCE_BREAKS,
    SOURCE_GAP_SECONDS,
    SOURCE_CONNECTED,
    SOURCE_HEARD,
    SOURCE_SHARE,
    GEOCODER_QUESTIONS,
    GEOCODER_REQUESTS,
    GEOCODER_REMEMBERED,
    GEOCODER_WAITING,
    GEOCODER_RESTING,
    TEXTS_SEALED,
    TEXTS_DESTROYED,
    OLDEST_TEXT,
    ALERTS,
    VERDICTS,
    DELIVERIES,
    OUTBOX_WAITING,
    OUTBOX_AGE,
    READY,
)


class Metrics:
    """The metrics of one run, in a registry of its own.

    Methods take the metric and its label values in the order of the declaration.

    Raises:
        KeyError: the metric is not declared in ``METRICS``, or is of the other kind.
        ValueError: the number of label values is not that of the declaration.

    >>> metrics = Metrics()
    >>> metrics.add(DEAD, 2, "ingest", "not_json")
    >>> metrics.value(DEAD, "ingest", "not_json")
    2.0
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._counters = {
            metric.name: Counter(metric.name, metric.meaning, metric.labels, registry=self.registry)
            for metric in METRICS
            if metric.kind == "counter"
        }
        self._gauges = {
            metric.name: Gauge(metric.name, metric.meaning, metric.labels, registry=self.registry)
            for metric in METRICS
            if metric.kind == "gauge"
        }

    def add(self, metric: Metric, amount: float, *labels: str) -> None:
        """Add to a counter."""
        counter = self._counters[metric.name]
        (counter.labels(*labels) if metric.labels else counter).inc(amount)

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        """Set a gauge."""
        gauge = self._gauges[metric.name]
        (gauge.labels(*labels) if metric.labels else gauge).set(value)

    def value(self, metric: Metric, *labels: str) -> float:
        """Give what a metric stands at; 0 while it was never touched."""
        sample = f"{metric.name}_total" if metric.kind == "counter" else metric.name
        found = self.registry.get_sample_value(sample, dict(zip(metric.labels, labels, strict=True)))
        return 0.0 if found is None else found
