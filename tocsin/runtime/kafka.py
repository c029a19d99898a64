"""The cluster: connections as the settings say, topics as the topology says, and one error for all that a broker refuses.

kafka-python knows its own world of errors; behind this file there is ``ClusterError`` (away, refuses) and ``FencedError`` (another worker
owns the stage now). Records carry no time of their own: the broker stamps them, so that its retention counts from now and not from the
time of the posts.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import (
    AuthorizationError,
    FencedInstanceIdError,
    InvalidProducerEpochError,
    KafkaError,
    KafkaTimeoutError,
    ProducerFencedError,
    TopicAlreadyExistsError,
)

from tocsin.runtime.failures import FencedError
from tocsin.runtime.refusals import NOT_ALLOWED, Refusals, unreadable
from tocsin.topics import POSTS, Topic

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from tocsin.settings.kafka import KafkaSettings

MAX_RECORD_BYTES: Final = 8 << 20
"""Bytes of a record: a post of the longest text that the settings allow, in any script, fits."""
FETCH_BYTES: Final = 4 << 20
_FENCED: Final = (ProducerFencedError, InvalidProducerEpochError, FencedInstanceIdError)


class ClusterError(RuntimeError):
    """The cluster cannot be reached or refuses; the message says what was tried, in one line."""


class Created(msgspec.Struct, frozen=True):
    """What ``apply_topics`` did with a topic."""

    name: str
    partitions: int
    new: bool


@contextmanager
def said(what: str) -> Iterator[None]:
    """Turn kafka-python's errors into ours, with what was tried.

    Raises:
        ClusterError: the cluster is away or refuses.
        FencedError: another worker has taken over.
    """
    try:
        yield
    except _FENCED as error:
        raise FencedError(f"Kafka: could not {what}: another worker has taken over ({error})") from error
    except AuthorizationError as error:
        raise ClusterError(f"Kafka: could not {what}: {NOT_ALLOWED} ({type(error).__name__})") from error
    except KafkaError as error:
        raise ClusterError(f"Kafka: could not {what}: {error}") from error
    except ValueError as error:  # a server that cannot be resolved, a certificate that cannot be read
        raise ClusterError(f"Kafka: could not {what}: {error}") from error
    except OSError as error:
        raise ClusterError(f"Kafka: could not {what}: {error}") from error


@contextmanager
def _reaching(address: str, *, login: bool) -> Iterator[None]:
    """Say why a cluster could not be reached while a client is opened.

    Raises:
        ClusterError: with what the tries met.
    """
    with said(f"reach {address}"), Refusals(login=login) as refusals:
        try:
            yield
        except KafkaTimeoutError as error:
            raise ClusterError(f"Kafka: could not reach {address}: {refusals.cause or error}") from error


class Cluster:
    """Opens clients of one cluster.

    Args:
        settings: where it is, how to speak to it, what names begin with.
        partitions: of ``posts``.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._compression = None if settings.compression == "none" else settings.compression

    @property
    def address(self) -> str:
        """The brokers to begin with, for messages."""
        return ", ".join(self._settings.bootstrap_servers)

    def _reaching(self) -> AbstractContextManager[None]:
        return _reaching(self.address, login=self._settings.sasl_mechanism is not None)

    def name(self, topic: Topic) -> str:
        """Give the name of a topic on this cluster."""
        return self._settings.prefix + topic.name

    def partitions(self, topic: Topic) -> int:
        """Give how many partitions a topic has here."""
        return self._settings.posts_partitions if topic is POSTS else topic.partitions

    def producer(self, *, transaction: str | None = None) -> Producer:
        """Open a producer: idempotent, or with a transactional id that fences whoever used it before."""
        with self._reaching():
            client = KafkaProducer(
                **self._connection(),
                transactional_id=None if transaction is None else self._settings.prefix + transaction,
                enable_idempotence=True,
                acks="all",
                compression_type=self._compression,
                metrics_enabled=False,
                linger_ms=self._settings.linger_ms,
                batch_size=256 << 10,
                max_request_size=MAX_RECORD_BYTES,
                delivery_timeout_ms=_ms(self._settings.delivery_secs),
                max_block_ms=_ms(self._settings.delivery_secs),
                allow_auto_create_topics=False,
            )
        return Producer(client, timeout_secs=self._settings.delivery_secs)

    def consumer(self, *, max_records: int = 500) -> Any:
        """Open a consumer of no group: it reads what is committed, from wherever it is told to."""
        return self._consumer({}, max_records)

    def member(self, group: str, member: str, topic: Topic, *, max_records: int = 500) -> Any:
        """Open a consumer of a topic as a named, static member of a group.

        Many partitions move one by one (cooperative); a single one has an owner, and whoever stands by takes it when the owner falls.
        """
        several = self.partitions(topic) > 1
        consumer = self._consumer(
            {
                "group_id": self._settings.prefix + group,
                "group_instance_id": member,
                "partition_assignment_strategy": [CooperativeStickyAssignor if several else RangePartitionAssignor],
                "session_timeout_ms": _ms(self._settings.session_secs),
                "heartbeat_interval_ms": _ms(self._settings.session_secs / 4),
            },
            max_records,
        )
        name = self.name(topic)
        with ExitStack() as refused, said(f"read {name}"):
            refused.callback(consumer.close, autocommit=False)  # else its thread would call the cluster for ever
            consumer.subscribe([name])
            # Asked for before the first join: a leader that does not know the partitions yet would give them to nobody.
            if not consumer.partitions_for_topic(name):
                raise ClusterError(
                    f"Kafka: there is no topic {name}, or this user may not see it: `tocsin topics --apply` makes it"
                )
            refused.pop_all()
        return consumer

    def _consumer(self, grouped: dict[str, Any], max_records: int) -> Any:
        with self._reaching():
            return KafkaConsumer(
                **self._connection(),
                **grouped,
                metrics_enabled=False,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                isolation_level="read_committed",
                max_poll_records=max_records,
                max_partition_fetch_bytes=max(FETCH_BYTES, MAX_RECORD_BYTES),
                fetch_max_wait_ms=100,
                allow_auto_create_topics=False,
            )

    def admin(self) -> Any:
        """Open a client that makes topics."""
        with self._reaching():
            return KafkaAdminClient(**self._connection())

    def apply_topics(self, topics: Sequence[Topic]) -> list[Created]:
        """Make the topics that are not there; check the others' partitions.

        Raises:
            ClusterError: the cluster is away or refuses, or a topic has another number of partitions than the settings.
        """
        admin = self.admin()
        try:
            with said("make topics"):
                there = set(admin.list_topics())
                return [self._apply(admin, topic, there) for topic in topics]
        finally:
            admin.close()

    def _apply(self, admin: Any, topic: Topic, there: set[str]) -> Created:
        name, wanted = self.name(topic), self.partitions(topic)
        if name not in there:
            options: dict[str, Any] = {
                "num_partitions": wanted,
                "replication_factor": self._settings.replication_factor or -1,
                "configs": {
                    "retention.ms": str(topic.retention_ms),
                    "cleanup.policy": topic.cleanup,
                    "segment.ms": str(max(60_000, min(topic.retention_ms // 4, 86_400_000))),
                    "max.message.bytes": str(MAX_RECORD_BYTES),
                    "message.timestamp.type": "LogAppendTime",
                },
            }
            try:
                admin.create_topics({name: options})
            except TopicAlreadyExistsError:
                pass  # another worker was faster: its partitions are checked below like those of any topic
            else:
                return Created(name, wanted, new=True)
        described = admin.describe_topics([name])[0]
        found = len(described["partitions"])
        if found != wanted:
            raise ClusterError(f"Kafka: {name}: expected {wanted} partitions, got {found}")
        return Created(name, found, new=False)

    def _connection(self) -> dict[str, Any]:
        chosen = self._settings
        secured: dict[str, Any] = {}
        if chosen.security_protocol in ("SSL", "SASL_SSL"):
            paths = {name: getattr(chosen, name) for name in ("ssl_ca_path", "ssl_cert_path", "ssl_key_path")}
            wrong = unreadable({f"kafka.{name}": path for name, path in paths.items()})
            if wrong is not None:
                raise ClusterError(f"Kafka: {wrong}")
            secured = {
                "ssl_cafile": _path(chosen.ssl_ca_path),
                "ssl_certfile": _path(chosen.ssl_cert_path),
                "ssl_keyfile": _path(chosen.ssl_key_path),
            }
        if chosen.sasl_mechanism is not None:
            secured |= {
                "sasl_mechanism": chosen.sasl_mechanism,
                "sasl_plain_username": chosen.sasl_username,
                "sasl_plain_password": chosen.sasl_password,
            }
        return secured | {
            "bootstrap_servers": list(chosen.bootstrap_servers),
            "client_id": chosen.client_id,
            "security_protocol": chosen.security_protocol,
            "request_timeout_ms": _ms(chosen.request_secs),
            "bootstrap_timeout_ms": _ms(chosen.connect_secs),
            "reconnect_backoff_max_ms": 1_000,
        }


class Producer:
    """Writes records in order; what was sent is sure only after ``settle``."""

    def __init__(self, client: Any, timeout_secs: float) -> None:
        self._client = client
        self._timeout_secs = timeout_secs
        self._sent: list[Any] = []

    def send(self, topic: str, partition: int, value: bytes, key: bytes | None = None) -> None:
        """Send a record on its way, under a key where the topic is compacted by it.

        Raises:
            ClusterError: it cannot even be queued.
        """
        with said(f"write to {topic}"):
            self._sent.append(self._client.send(topic, value=value, key=key, partition=partition))

    def settle(self) -> list[int]:
        """Wait until all that was sent is acknowledged; give the offsets.

        Raises:
            ClusterError: a record was not, in time.
            FencedError: another worker has taken over.
        """
        sent, self._sent = self._sent, []
        if not sent:
            return []
        with said("have records acknowledged"):
            self._client.flush(timeout=self._timeout_secs)
            return [int(future.get(timeout=self._timeout_secs).offset) for future in sent]

    def take_over(self) -> None:
        """Fence whoever used the transactional id before, and end its open transaction."""
        with said("take over a transactional id"):
            self._client.init_transactions()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what is sent in the context visible all at once, or not at all.

        Raises:
            FencedError: another worker has taken over.
            ClusterError: the cluster is away or refuses.
        """
        with said("begin a transaction"):
            self._client.begin_transaction()
        yield
        with said("commit a transaction"):
            self._client.commit_transaction()

    def close(self) -> None:
        """Let the connections go; what was not acknowledged may be lost, so ``settle`` first."""
        self._client.close(timeout=1)


def slot(topic: str, partition: int) -> Any:
    """Give kafka-python's word for a partition of a topic."""
    return TopicPartition(topic, partition)


def _ms(secs: float) -> int:
    return round(secs * 1_000)


def _path(path: Any) -> str | None:
    return None if path is None else str(path)
