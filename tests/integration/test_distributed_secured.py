"""Over a broker and a store that ask for names: right ones work, each stage with least rights; wrong ones are one clear line without a secret."""

import os
import subprocess
import sys

import pytest
from deployment import Deployment
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ACLResourcePatternType, ResourcePattern, ResourceType
from secured import Authority, SecuredRedis, secured_kafka
from words import stream

from tocsin import topics
from tocsin.distributed.keeping import open_store
from tocsin.runtime.kafka import Cluster, ClusterError
from tocsin.runtime.store import StoreError
from tocsin.settings.kafka import KafkaSettings
from tocsin.settings.store import StoreSettings

PREFIX = "guarded."
PASSWORDS = {
    role: f"secret-of-{role}-{number}" for number, role in enumerate(("ingest", "extract", "detect", "dispatch"))
}
STORE_PASSWORD = "secret-of-the-store"
SECRETS = [*PASSWORDS.values(), STORE_PASSWORD, "secret-but-wrong"]

# What docs/how-to/one-machine-to-many.md says that each stage needs.
READS = {"extract": ["posts"], "detect": ["mentions", "incidents"], "dispatch": ["incidents", "verdicts", "alerts"]}
WRITES = {
    "ingest": ["posts", "dead-letters"],
    "extract": ["mentions", "dead-letters"],
    "detect": ["incidents", "dead-letters"],
    "dispatch": ["alerts", "dead-letters"],
}


class Place:
    """The secured servers, and the settings that reach them."""

    def __init__(self, folder):
        self.authority = Authority(folder)
        (folder / "other").mkdir()
        self.other = Authority(folder / "other")
        self.node = secured_kafka(folder / "kafka", self.authority, PASSWORDS)
        (folder / "redis").mkdir()
        self.redis = SecuredRedis(folder / "redis", self.authority, "tocsin", STORE_PASSWORD, PREFIX)
        self.redis.start()
        self.operator = Cluster(
            KafkaSettings(bootstrap_servers=(self.node.bootstrap,), prefix=PREFIX, posts_partitions=2)
        )

    def kafka(self, role="detect", **others):
        return {
            "bootstrap_servers": (f"127.0.0.1:{self.node.scram_port}",),
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_username": role,
            "sasl_password": PASSWORDS.get(role, "secret-but-wrong"),
            "ssl_ca_path": self.authority.path,
            "prefix": PREFIX,
            "posts_partitions": 2,
            "connect_secs": 1.5,
        } | others

    def store(self, **others):
        return {
            "url": self.redis.url,
            "username": "tocsin",
            "password": STORE_PASSWORD,
            "ssl_ca_path": self.authority.path,
            "prefix": PREFIX,
            "retry_secs": 0.0,
        } | others

    def allow(self, user, kind, name, *operations):
        pattern = ResourcePattern(kind, f"{PREFIX}{name}", ACLResourcePatternType.LITERAL)
        acls = [ACL(f"User:{user}", "*", one, ACLPermissionType.ALLOW, pattern) for one in operations]
        admin = self.operator.admin()
        try:
            assert not admin.create_acls(acls)["failed"]
        finally:
            admin.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    made = Place(tmp_path_factory.mktemp("secured"))
    yield made
    made.node.stop()
    made.redis.stop()


@pytest.fixture(scope="module")
def allowed(place):
    """The place, with topics and with the least rights of each stage."""
    place.operator.apply_topics(topics.TOPICS)
    for role in PASSWORDS:
        for name in READS.get(role, []):
            place.allow(role, ResourceType.TOPIC, name, ACLOperation.READ)
        for name in WRITES[role]:
            place.allow(role, ResourceType.TOPIC, name, ACLOperation.WRITE)
        if role in READS:
            place.allow(role, ResourceType.GROUP, role, ACLOperation.READ)
    for role in ("detect", "dispatch"):
        place.allow(role, ResourceType.TRANSACTIONAL_ID, role, ACLOperation.WRITE)
    return place


def test_each_stage_works_with_its_own_name_and_least_rights(allowed, tmp_path, monkeypatch):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join(stream(minutes=45)) + b"\n")
    monkeypatch.setattr(Cluster, "apply_topics", lambda *_: [])  # the operator has made them
    store = open_store(StoreSettings(**allowed.store()))
    users = {role: {"sasl_username": role, "sasl_password": PASSWORDS[role]} for role in PASSWORDS}
    deployed = Deployment(tmp_path, "", store, "guarded", {"a": path}, kafka=allowed.kafka("detect"), users=users)
    deployed.start_all()
    deployed.finish()
    assert deployed.lines(), "a fire was raised"
    assert deployed.tally()["ingest.received"] > 0
    store.close()


def test_a_machine_may_show_a_certificate_in_place_of_a_password(allowed):
    cert, key, _ = allowed.authority.issue("machine.test", common_name="detect")
    kafka = KafkaSettings(
        **allowed.kafka(
            bootstrap_servers=(f"127.0.0.1:{allowed.node.certificate_port}",),
            security_protocol="SSL",
            sasl_mechanism=None,
            ssl_cert_path=cert,
            ssl_key_path=key,
        )
    )
    producer = Cluster(kafka).producer()
    producer.send(f"{PREFIX}dead-letters", 0, b"x")
    assert len(producer.settle()) == 1
    producer.close()


def not_reached(place, what, **others):
    with pytest.raises(ClusterError, match=what) as caught:
        Cluster(KafkaSettings(**place.kafka(**others))).producer()
    said = str(caught.value)
    assert "\n" not in said
    assert not any(secret in said for secret in SECRETS)
    return said


@pytest.mark.parametrize(
    ("others", "what"),
    [
        (
            {"sasl_password": "secret-but-wrong"},
            r"does not accept the name.*kafka\.sasl_username, kafka\.sasl_password",
        ),
        ({"role": "nobody"}, r"does not accept the name.*kafka\.sasl_username, kafka\.sasl_password"),
        ({"sasl_mechanism": "PLAIN"}, r"way to log in.*kafka\.sasl_mechanism"),
        ({"security_protocol": "PLAINTEXT", "sasl_mechanism": None}, r"another protocol \(kafka\.security_protocol\)"),
        ({"ssl_ca_path": None}, r"no authority that we trust \(kafka\.ssl_ca_path\)"),
    ],
)
def test_a_wrong_word_to_the_broker_is_one_clear_line(place, others, what):
    said = not_reached(place, what, **others)
    assert f"127.0.0.1:{place.node.scram_port}" in said


def test_certificates_that_do_not_fit_are_named(place, tmp_path):
    not_reached(place, r"no authority that we trust \(kafka\.ssl_ca_path\)", ssl_ca_path=place.other.path)
    not_reached(
        place,
        r"of another host \(the address in kafka\.bootstrap_servers\)",
        bootstrap_servers=(f"localhost:{place.node.scram_port}",),
    )
    gone = tmp_path / "gone.pem"
    not_reached(place, rf"kafka\.ssl_ca_path: {gone}: No such file", ssl_ca_path=gone)
    at = {
        "bootstrap_servers": (f"127.0.0.1:{place.node.certificate_port}",),
        "security_protocol": "SSL",
        "sasl_mechanism": None,
    }
    not_reached(place, r"our certificate is refused \(kafka\.ssl_cert_path", **at)
    cert, key, _ = place.other.issue("machine.test", common_name="detect")
    not_reached(place, r"our certificate is refused \(kafka\.ssl_cert_path", **at, ssl_cert_path=cert, ssl_key_path=key)


def test_what_the_access_list_forbids_is_said(allowed):
    cluster = Cluster(KafkaSettings(**allowed.kafka("ingest")))
    with pytest.raises(ClusterError, match=r"could not make topics: the access list \(ACL\) does not allow it"):
        cluster.apply_topics([topics.Topic(name="new", carries=(), key="", partitions=1, retention_ms=1_000)])
    producer = cluster.producer()
    producer.send(f"{PREFIX}incidents", 0, b"x")
    with pytest.raises(ClusterError, match=r"the access list \(ACL\) does not allow it .*TopicAuthorizationFailed"):
        producer.settle()
    producer.close()
    with pytest.raises(ClusterError, match=rf"no topic {PREFIX}incidents, or this user may not see it"):
        cluster.member("dispatch", "m", topics.INCIDENTS)  # and lets the client go: a fixture looks for its thread
    thief = Cluster(KafkaSettings(**allowed.kafka("extract"))).producer(transaction="detect")
    with pytest.raises(ClusterError, match=r"could not take over .*the access list \(ACL\) does not allow it"):
        thief.take_over()
    thief.close()


@pytest.mark.parametrize(
    ("others", "what"),
    [
        (
            {"password": "secret-but-wrong"},
            r"does not accept the name or the password \(store\.username, store\.password\)",
        ),
        ({"username": None, "password": None}, r"does not accept the name or the password"),
        ({"ssl_ca_path": None}, r"no authority that we trust \(store\.ssl_ca_path\)"),
        ({"prefix": "others:"}, r"the access list \(ACL\) does not allow it to this user"),
    ],
)
def test_a_wrong_word_to_the_store_is_one_clear_line(place, others, what):
    with pytest.raises(StoreError, match=what) as caught:
        open_store(StoreSettings(**place.store(**others))).load("detect")
    said = str(caught.value)
    assert "\n" not in said
    assert not any(secret in said for secret in SECRETS)


def test_a_store_without_tls_or_of_another_host_is_named(place):
    port = place.redis.port
    with pytest.raises(StoreError, match=rf"of another host \(the address in store\.url\) \[localhost:{port}\]"):
        open_store(StoreSettings(**place.store(url=f"rediss://localhost:{port}/0")))
    with pytest.raises(StoreError, match=rf"could not ping.*\[127\.0\.0\.1:{port}\]"):
        open_store(StoreSettings(**place.store(url=f"redis://127.0.0.1:{port}/0", ssl_ca_path=None)))


@pytest.mark.parametrize("right", [True, False])
def test_no_secret_is_in_any_log_line(allowed, tmp_path, right):
    config = tmp_path / "tocsin.toml"
    config.write_text(
        f"""
[metrics]
enabled = false
[distributed]
follow = false
[distributed.origins]
a = ["{tmp_path}/a.jsonl"]
[kafka]
bootstrap_servers = ["127.0.0.1:{allowed.node.scram_port}"]
security_protocol = "SASL_SSL"
sasl_mechanism = "SCRAM-SHA-512"
sasl_username = "ingest"
ssl_ca_path = "{allowed.authority.path}"
prefix = "{PREFIX}"
posts_partitions = 2
connect_secs = 2.0
[store]
url = "{allowed.redis.url}"
username = "tocsin"
ssl_ca_path = "{allowed.authority.path}"
prefix = "{PREFIX}logs:"
"""
    )
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(stream(minutes=5)) + b"\n")
    secret = PASSWORDS["ingest"] if right else "secret-but-wrong"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    environ |= {"TOCSIN_KAFKA__SASL_PASSWORD": secret, "TOCSIN_STORE__PASSWORD": STORE_PASSWORD}
    done = subprocess.run(
        [sys.executable, "-m", "tocsin", "--log-level", "debug", "worker", "ingest", "--config", str(config)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=environ,
    )
    assert done.returncode == (0 if right else 1), done.stderr
    said = done.stdout + done.stderr
    assert ("ended" if right else "kafka.sasl_password") in said
    assert not any(one in said for one in SECRETS)
    assert "Traceback" not in said
