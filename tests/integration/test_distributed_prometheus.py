"""A real Prometheus scrapes the workers; the alerting rules hold what they promise."""

import json
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from conftest import free_port, missing, wait_for_port
from words import stream

from tocsin.runtime.metrics import METRICS

RULES = Path(__file__).parents[2] / "deploy" / "prometheus"


def need(program):
    if shutil.which(program) is None:
        missing(program)


def test_the_alerting_rules_pass_their_tests():
    need("promtool")
    for command in (["check", "rules", "rules.yml"], ["test", "rules", "rules.test.yml"]):
        done = subprocess.run(
            ["promtool", *command], cwd=RULES, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_name_only_metrics_that_are_declared():

    text = (RULES / "rules.yml").read_text(encoding="utf-8")
    declared = {metric.name + ("_total" if metric.kind == "counter" else "") for metric in METRICS}
    assert set(re.findall(r"\btocsin_\w+", text)) <= declared


@pytest.fixture
def fleet(tmp_path, fleet_of):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join(stream(minutes=45)) + b"\n")
    made = fleet_of("prom", {"a": [path]}, max_lines_per_sec=60)
    made.config.write_text(made.config.read_text().replace("enabled = false", "enabled = true"))
    made.roles = {name: made.roles[name] for name in ("ingest-a", "extract-1", "detect-1", "dispatch")}
    made.ports = {name: free_port() for name in made.roles}
    for name, port in made.ports.items():
        made.roles[name] = [word for word in made.roles[name] if word != "--until-end"] + ["--metrics-port", str(port)]
    return made


def is_ready(url):
    """Whether a page of readiness says yes; it says no with 503 until then."""
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status == 200
    except urllib.error.HTTPError:
        return False


def test_a_real_prometheus_scrapes_all_workers(tmp_path, fleet):
    need("prometheus")
    targets = ", ".join(f'"127.0.0.1:{port}"' for port in fleet.ports.values())
    (tmp_path / "prometheus.yml").write_text(
        f"global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: ['{RULES / 'rules.yml'}']\n"
        f"scrape_configs:\n  - job_name: tocsin\n    static_configs:\n      - targets: [{targets}]\n"
    )
    port = free_port()
    command = [
        "prometheus",
        f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={tmp_path / 'prom'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port, server)

        def ask(query):
            url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": query})
            with urllib.request.urlopen(url, timeout=20) as answer:
                return json.load(answer)["data"]["result"]

        def first(query):
            found = ask(query)
            return float(found[0]["value"][1]) if found else None

        fleet.start()
        fleet.until(lambda: is_ready(f"http://127.0.0.1:{port}/-/ready"))
        fleet.until(lambda: first("count(tocsin_ready == 1)") == 4)
        fleet.until(lambda: (first('max_over_time(tocsin_items_received_total{stage="ingest"}[10m])') or 0) > 0)
        fleet.until(lambda: (first('tocsin_items_used_total{stage="dispatch"}') or 0) > 0)
        fleet.until(lambda: len(ask("tocsin:items_unaccounted")) >= 3)
        fleet.until(lambda: all(float(one["value"][1]) == 0 for one in ask("tocsin:items_unaccounted")))
        assert first('tocsin_worker_active{stage="detect"}') == 1
        assert first('time() - tocsin_checkpoint_timestamp_seconds{stage="detect"}') < 60
        assert first('tocsin_consumer_lag_seconds{topic="posts"}') is not None
        # On a busy machine the group may move once more; then the worker says for a moment that it is not ready.
        fleet.until(lambda: is_ready(f"http://127.0.0.1:{fleet.ports['detect-1']}/readyz"))
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/rules", timeout=20) as answer:
            groups = json.load(answer)["data"]["groups"]
        assert {rule["health"] for group in groups for rule in group["rules"]} == {"ok"}
    finally:
        server.terminate()
        server.wait(30)
