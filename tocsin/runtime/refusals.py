"""Why a broker or a store could not be reached, in words that name the setting to look at; never with a secret in them.

kafka-python tries again until its time is over and then says only that it timed out; what each try met it tells to its log, as an
exception. ``Refusals`` listens there while a client is opened, in place of the log: one line at the end says more than a hundred tries.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from kafka.errors import (
    AuthorizationError,
    InvalidReceiveError,
    KafkaConnectionError,
    KafkaTimeoutError,
    RequestTimedOutError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
)

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_TRIES: Final = "kafka.net"
"""The part of kafka-python's log in which tries are told."""
SASL: Final = "the broker does not accept the name or the password (kafka.sasl_username, kafka.sasl_password)"
MECHANISM: Final = "the broker does not offer this way to log in (kafka.sasl_mechanism)"
UNTRUSTED: Final = "the certificate shown is of no authority that we trust ({section}.ssl_ca_path)"
OTHER_HOST: Final = "the certificate shown is of another host (the address in {section}.{address})"
OURS: Final = "our certificate is refused ({section}.ssl_cert_path, {section}.ssl_key_path)"
NO_TLS: Final = "the server does not speak TLS there ({where})"
CLOSED: Final = "the broker hangs up: it expects another protocol (kafka.security_protocol)"
LOGIN: Final = (
    "the broker hangs up at the login: it does not accept the name, the password or the way to log in (kafka.sasl_username, "
    "kafka.sasl_password, kafka.sasl_mechanism)"
)
NOT_ALLOWED: Final = "the access list (ACL) does not allow it to this user"

_MEANINGS: Final = (
    (SaslAuthenticationFailedError, SASL),
    (UnsupportedSaslMechanismError, MECHANISM),
    (AuthorizationError, NOT_ALLOWED),
    (InvalidReceiveError, CLOSED),  # an answer in TLS, read as one of Kafka's
)


class Refusals(logging.Handler):
    """Keeps the most telling exception of the tries made while the context lasts.

    Args:
        login: a name is to be told, so that a broker that hangs up most likely refuses it: often its answer is lost with the connection.
    """

    def __init__(self, *, login: bool) -> None:
        super().__init__(logging.WARNING)
        self._login = login
        self._told: BaseException | None = None

    def __enter__(self) -> Refusals:  # noqa: PYI034 - no one derives from it
        logger = logging.getLogger(_TRIES)
        logger.addHandler(self)
        logger.propagate = False
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        logger = logging.getLogger(_TRIES)
        logger.removeHandler(self)
        logger.propagate = not any(isinstance(handler, Refusals) for handler in logger.handlers)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the exception of a log record, unless a more telling one is known."""
        for told in record.args if isinstance(record.args, tuple) else ():
            if isinstance(told, BaseException) and (self._told is None or _rank(told) >= _rank(self._told)):
                self._told = told

    @property
    def cause(self) -> str | None:
        """What was refused, and where to look; ``None`` when no try told anything."""
        return None if self._told is None else _kafka_cause(self._told, login=self._login)


def tls_cause(text: str, *, section: str, address: str) -> str | None:
    """Give what a message of OpenSSL means, or ``None`` if it is none that is known.

    >>> tls_cause("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed", section="store", address="url")
    'the certificate shown is of no authority that we trust (store.ssl_ca_path)'
    """
    if "CERTIFICATE_VERIFY_FAILED" in text:
        other_host = "Hostname mismatch" in text or "IP address mismatch" in text
        return (OTHER_HOST if other_host else UNTRUSTED).format(section=section, address=address)
    if "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER_FAILURE" in text:
        return NO_TLS.format(where="store.url" if section == "store" else "kafka.security_protocol")
    if "ALERT" in text and "CERTIFICATE" in text:
        return OURS.format(section=section)
    return None


def unreadable(paths: dict[str, Path | None]) -> str | None:
    """Say which of some files, by their settings, cannot be read, or ``None``."""
    for key, path in paths.items():
        if path is not None:
            try:
                path.open("rb").close()
            except OSError as error:
                return f"{key}: {path}: {error.strerror}"
    return None


def _kafka_cause(error: BaseException, *, login: bool) -> str:
    meaning = next((said for kind, said in _MEANINGS if isinstance(error, kind)), None)
    known = meaning or tls_cause(str(error), section="kafka", address="bootstrap_servers")
    if known is None and "socket disconnected" in str(error):
        return LOGIN if login else CLOSED
    return known or str(error)


def _rank(error: BaseException) -> int:
    """How much an exception tells: a login refused, more than a connection lost, more than time that is over."""
    if isinstance(error, SaslAuthenticationFailedError | UnsupportedSaslMechanismError | AuthorizationError):
        return 3
    if isinstance(error, RequestTimedOutError | KafkaTimeoutError):
        return 0
    lost = isinstance(error, KafkaConnectionError) and tls_cause(str(error), section="", address="") is None
    return 1 if lost else 2
