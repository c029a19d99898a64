"""The files of a deployment agree with the code, with each other and with the settings."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import srsly

from tocsin.cli import app
from tocsin.settings import load_settings

DEPLOY = Path(__file__).parents[2] / "deploy"
SETTINGS = load_settings(DEPLOY / "examples" / "distributed.toml", {})


@pytest.fixture(scope="module")
def services():
    compose = srsly.yaml_loads((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    assert set(compose) <= {"name", "x-worker", "services", "volumes", "networks"}
    return compose["services"]


def compose_check(path):
    """What the published schema of Compose files says of one; the package brings it along, so nothing is fetched."""
    words = ["--builtin-schema", "vendor.compose-spec", str(path)]
    command = [sys.executable, "-m", "check_jsonschema", "--color", "never", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_compose_file_is_one_by_the_published_schema(tmp_path):
    done = compose_check(DEPLOY / "compose.yaml")
    assert done.returncode == 0, done.stdout
    broken = tmp_path / "compose.yaml"
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    for right, wrong in (("restart: unless-stopped", "restarts: always"), ("interval: 5s", "interval: [5]")):
        assert right in text
        broken.write_text(text.replace(right, wrong), encoding="utf-8")
        assert compose_check(broken).returncode == 1, "the check can fail"


def test_every_command_is_one_of_ours(services):
    found = 0
    for name, service in services.items():
        if service.get("image") != "tocsin":
            continue
        command, _, _ = app.parse_args(
            [str(word) for word in service["command"]], exit_on_error=False, print_error=False
        )
        assert command.__name__ in ("worker", "topics"), name
        found += 1
    assert found >= 8


def test_every_origin_has_one_worker_and_every_stage_is_there(services):
    commands = [list(service["command"]) for service in services.values() if service.get("image") == "tocsin"]
    roles = [command[1] for command in commands if command[0] == "worker"]
    assert {"ingest", "extract", "detect", "dispatch"} == set(roles)
    assert roles.count("detect") >= 2, "a standby"
    origins = [command[command.index("--origin") + 1] for command in commands if "--origin" in command]
    assert sorted(origins) == sorted(SETTINGS.distributed.origins)
    members = [command[command.index("--member") + 1] for command in commands if "--member" in command]
    assert len(set(members)) == len(members) == len(roles)


def test_workers_wait_for_topics_and_come_back(services):
    for name, service in services.items():
        for other, condition in service.get("depends_on", {}).items():
            assert other in services, name
            if condition["condition"] == "service_healthy":
                assert "healthcheck" in services[other], f"{name} waits for the health of {other}"
        if service.get("image") == "tocsin" and name != "topics":
            assert service["restart"] == "unless-stopped"


def test_the_settings_name_the_services_and_images_have_versions(services):
    assert SETTINGS.kafka.bootstrap_servers == ("kafka:9092",)
    assert re.match(r"redis://redis:\d+", SETTINGS.store.url)
    assert re.match(r"redis://keys:\d+", SETTINGS.store.keys_url)
    assert {"kafka", "redis", "keys", "prometheus"} <= services.keys()
    command = services["keys"]["command"]
    assert command[command.index("--appendonly") + 1] == "no", "a destroyed key must not stay in a file"
    assert command[command.index("--save") + 1] == "", "nor in a snapshot"
    assert not services["keys"].get("volumes")
    for name, service in services.items():
        image = service["image"]
        assert image == "tocsin" or ":" in image, name
        assert "." not in image.partition("/")[0] or "/" not in image, f"{name}: an image without a host name"


def test_prometheus_scrapes_every_worker(services):
    config = srsly.yaml_loads((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    targets = {target for job in config["scrape_configs"] for one in job["static_configs"] for target in one["targets"]}
    workers = {name for name, service in services.items() if service.get("image") == "tocsin" and name != "topics"}
    assert targets == {f"{name}:{SETTINGS.metrics.port}" for name in workers}


def test_what_is_mounted_is_there(services):
    for name, service in services.items():
        for volume in service.get("volumes", []):
            source = str(volume).partition(":")[0]
            if source.startswith("./"):
                assert (DEPLOY / source).is_file(), f"{name}: {source}"


def test_the_image_copies_what_the_package_needs():
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    copied = set(re.findall(r"^COPY (\w+) ", text, re.MULTILINE))
    assert copied == {"tocsin", "ingest", "nlp", "detectors", "dispatch"}
    assert "USER tocsin" in text
