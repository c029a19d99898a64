"""Metrics are declared once; the page serves them."""

import urllib.error
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tocsin.runtime.health import HealthServer
from tocsin.runtime.metrics import DEAD, HELD, METRICS, READY, RECEIVED, Metric, Metrics


def get(server, path):
    try:
        with urllib.request.urlopen(f"http://{server.address}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_page_serves_metrics_that_prometheus_can_read():
    metrics = Metrics()
    metrics.add(RECEIVED, 5, "ingest")
    metrics.set(HELD, 2, "ingest")
    with HealthServer(metrics, "127.0.0.1", 0) as server:
        status, body = get(server, "/metrics")
    families = {family.name: family for family in text_string_to_metric_families(body)}
    assert status == 200
    assert [s.value for s in families["tocsin_items_received"].samples if s.name.endswith("_total")] == [5.0]
    assert families["tocsin_items_held"].samples[0].labels == {"stage": "ingest"}
    assert {metric.name for metric in METRICS} <= set(families)
    assert all(families[metric.name].documentation == metric.meaning for metric in METRICS)


def test_alive_from_the_start_and_ready_once_all_stages_run():
    metrics = Metrics()
    with HealthServer(metrics, "127.0.0.1", 0) as server:
        assert get(server, "/healthz") == (200, "alive\n")
        assert get(server, "/readyz") == (503, "starting\n")
        metrics.set(READY, 1)
        assert get(server, "/readyz?x=1") == (200, "ready\n")
        assert get(server, "/other")[0] == 404


def test_a_port_in_use_is_an_error():
    with HealthServer(Metrics(), "127.0.0.1", 0) as server, pytest.raises(OSError, match="in use"):
        HealthServer(Metrics(), "127.0.0.1", int(server.address.rpartition(":")[2]))


def test_an_undeclared_metric_or_a_wrong_label_is_refused():
    metrics = Metrics()
    with pytest.raises(KeyError):
        metrics.add(Metric(name="tocsin_other", kind="counter", meaning="?"), 1)
    with pytest.raises(KeyError):
        metrics.set(RECEIVED, 1, "ingest")
    with pytest.raises(ValueError, match="label"):
        metrics.add(DEAD, 1, "ingest")


def test_names_follow_the_rules_of_prometheus():
    names = [metric.name for metric in METRICS]
    assert len(set(names)) == len(names)
    for metric in METRICS:
        assert metric.name.startswith("tocsin_")
        assert not metric.name.endswith("_total")
        assert metric.meaning.endswith(".")
        assert not {"text", "author", "place", "term", "url"} & set(metric.labels)
