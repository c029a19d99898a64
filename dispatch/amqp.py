"""An AMQP 0-9-1 exchange as a sink, with mutual TLS: the way into Hub Santé.

Messages are persistent, bear the idempotency key as ``message_id`` and count as delivered only when the broker has confirmed them; one that
reaches no queue is refused by the broker (``mandatory``) and tried again.
"""

from __future__ import annotations

import logging
import ssl
from typing import Final

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.credentials import ExternalCredentials, PlainCredentials
from pika.exceptions import AMQPError, NackError, UnroutableError

from dispatch.sink import DONE, Outcome, Parcel
from tocsin.settings.sinks import AmqpSettings

PERSISTENT: Final = 2


class Amqp:
    """Publishes to one exchange; it connects at the first parcel, and again after a failure.

    Args:
        settings: where, and with which certificates.
    """

    def __init__(self, settings: AmqpSettings) -> None:
        self._settings = settings
        # The courier says once what failed; pika would say it in five tracebacks, at every try.
        logging.getLogger("pika").setLevel(logging.CRITICAL)
        self._connection: pika.BlockingConnection | None = None
        self._channel: BlockingChannel | None = None

    @property
    def settings(self) -> AmqpSettings:
        """Its name, format and what it wants."""
        return self._settings

    def deliver(self, parcel: Parcel) -> Outcome:
        """Publish once, and wait for the broker's confirmation."""
        try:
            channel = self._open()
        except (AMQPError, AMQPConnectorException, OSError) as error:
            self.close()
            return Outcome(done=False, why=f"cannot be reached: {type(error).__name__}", away=True)
        try:
            channel.basic_publish(
                exchange=self._settings.exchange,
                routing_key=self._settings.routing_key,
                body=parcel.body,
                properties=pika.BasicProperties(
                    content_type=parcel.media_type, delivery_mode=PERSISTENT, message_id=parcel.key, app_id="tocsin"
                ),
                mandatory=True,
            )
        except UnroutableError:
            return Outcome(done=False, why="the exchange routes it to no queue")
        except NackError:
            return Outcome(done=False, why="the broker refused it")
        except (AMQPError, OSError) as error:
            self.close()
            return Outcome(done=False, why=f"the connection broke off: {type(error).__name__}", away=True)
        return DONE

    def close(self) -> None:
        """Let the connection go."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None and connection.is_open:
            try:
                connection.close()
            except (AMQPError, OSError):
                return  # it was gone already

    def _open(self) -> BlockingChannel:
        if self._channel is not None and self._channel.is_open:
            if self._connection is not None:
                self._connection.process_data_events(time_limit=0)  # heartbeats, and the news that it was closed
            return self._channel
        self.close()
        chosen = self._settings
        self._connection = pika.BlockingConnection(
            pika.ConnectionParameters(
                host=chosen.host,
                port=chosen.port,
                virtual_host=chosen.virtual_host,
                credentials=self._credentials(),
                ssl_options=self._tls(),
                socket_timeout=chosen.timeout_secs,
                stack_timeout=chosen.timeout_secs,
                blocked_connection_timeout=chosen.timeout_secs,
                connection_attempts=1,
            )
        )
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()
        return self._channel

    def _credentials(self) -> ExternalCredentials | PlainCredentials:
        if self._settings.password_path is None:
            return ExternalCredentials()
        password = self._settings.password_path.read_text(encoding="utf-8").strip()
        return PlainCredentials(self._settings.username, password)

    def _tls(self) -> pika.SSLOptions | None:
        chosen = self._settings
        if chosen.ssl_ca_path is None:
            return None
        context = ssl.create_default_context(cafile=str(chosen.ssl_ca_path))
        if chosen.ssl_cert_path is not None:
            context.load_cert_chain(
                str(chosen.ssl_cert_path), None if chosen.ssl_key_path is None else str(chosen.ssl_key_path)
            )
        return pika.SSLOptions(context, chosen.host)
