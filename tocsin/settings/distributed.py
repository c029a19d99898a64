"""Settings of many machines: the Kafka cluster, the Redis store, and what the workers share."""

from __future__ import annotations

from pathlib import Path  # pydantic resolves the annotations at run time
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Origin = Annotated[tuple[Path, ...], Field(min_length=1, max_length=64)]


class KafkaSettings(BaseModel):
    """The cluster that carries records between ``tocsin worker`` processes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bootstrap_servers: tuple[str, ...] = Field(
        default=("127.0.0.1:9092",), min_length=1, description="Brokers to begin with, each as `host:port`."
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="How the workers speak to the brokers."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        default=None, description="How the workers say who they are; needed with the SASL protocols."
    )
    sasl_username: str | None = Field(default=None, description="User name for SASL.")
    sasl_password: str | None = Field(
        default=None, description="Password for SASL; better given by its variable than written to a file."
    )
    ssl_ca_path: Path | None = Field(
        default=None, description="Certificates (PEM) that the brokers' are checked against."
    )
    ssl_cert_path: Path | None = Field(default=None, description="Own certificate (PEM), where brokers ask for one.")
    ssl_key_path: Path | None = Field(default=None, description="Key (PEM) of the own certificate.")
    client_id: str = Field(default="tocsin", min_length=1, max_length=64, description="Name in the brokers' logs.")
    prefix: str = Field(
        default="tocsin.",
        max_length=64,
        pattern=r"^[A-Za-z0-9._-]*$",
        description="What the names of topics, groups and transactions begin with: several deployments may share a cluster.",
    )
    posts_partitions: int = Field(
        default=12,
        ge=1,
        le=1_000,
        description="Partitions of `posts`: the most extract workers that can share the work. Change it only between clean stops.",
    )
    replication_factor: int | None = Field(
        default=None, ge=1, le=10, description="Copies of each partition; empty takes what the brokers are set to."
    )
    session_secs: float = Field(
        default=10.0,
        ge=1,
        le=600,
        description="A worker not heard for so long is taken for dead; a standby takes over.",
    )
    request_secs: float = Field(default=30.0, ge=1, le=600, description="Seconds that a broker may take to answer.")
    delivery_secs: float = Field(
        default=120.0,
        ge=1,
        le=3_600,
        description="Seconds during which a record is sent again before the worker gives up.",
    )
    connect_secs: float = Field(default=30.0, ge=1, le=600, description="Seconds to reach the cluster at the start.")
    compression: Literal["lz4", "none"] = Field(default="lz4", description="How records are packed.")
    linger_ms: int = Field(
        default=5, ge=0, le=1_000, description="Milliseconds a record may wait for others to travel with."
    )


class StoreSettings(BaseModel):
    """The Redis server that keeps checkpoints, cursors and day keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(
        default="redis://127.0.0.1:6379/0",
        pattern=r"^(redis|rediss|unix)://",
        description="Address of the server; `rediss://` is TLS.",
    )
    username: str | None = Field(default=None, description="User of the server's access list (ACL).")
    password: str | None = Field(
        default=None, description="Password of that user; better given by its variable than written to a file."
    )
    ssl_ca_path: Path | None = Field(
        default=None, description="Certificates (PEM) that the server's is checked against."
    )
    ssl_cert_path: Path | None = Field(
        default=None, description="Own certificate (PEM), where the server asks for one."
    )
    ssl_key_path: Path | None = Field(default=None, description="Key (PEM) of the own certificate.")
    prefix: str = Field(default="tocsin:", max_length=64, description="What all keys begin with.")
    timeout_secs: float = Field(
        default=5.0, gt=0, le=60, description="Seconds that connecting and each answer may take."
    )
    retry_secs: float = Field(
        default=60.0,
        ge=0,
        le=3_600,
        description="Seconds during which an absent server is asked again before a worker ends.",
    )


class DistributedSettings(BaseModel):
    """What all workers of one deployment must agree on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    origins: dict[str, Origin] = Field(
        default={},
        max_length=256,
        description="Name of each origin and its files of JSON Lines. One ingest worker reads one origin; the watermark waits for all.",
    )
    follow: bool = Field(
        default=True,
        description="Follow the files as they grow and stamp posts on arrival; otherwise read recorded files once, in event time.",
    )
    progress_secs: float = Field(
        default=1.0, gt=0, le=60, description="Seconds of stream time between two records that move the watermark."
    )
    checkpoint_secs: float = Field(default=5.0, gt=0, le=300, description="Seconds between two checkpoints, at most.")
    record_posts: int = Field(default=50, ge=1, le=1_000, description="Posts that travel in one record, at most.")
    max_lines_per_sec: float | None = Field(
        default=None, gt=0, description="Lines that an ingest worker reads in a second, at most; empty for no limit."
    )
    max_held_steps: int = Field(
        default=120,
        ge=1,
        le=100_000,
        description="Records that may wait for a missing one of their origin and partition before it is given up as lost.",
    )
    undecodable_records: int = Field(
        default=20,
        ge=1,
        le=10_000,
        description="A worker whose first records, so many, can none of them be read stops: it is the wrong version.",
    )
