"""Settings of the Kafka cluster: where it is, how to speak to it, what names begin with."""

from __future__ import annotations

from pathlib import Path  # pydantic resolves the annotations at run time
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


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
