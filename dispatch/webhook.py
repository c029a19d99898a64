"""Signed webhooks, as Standard Webhooks describes: three headers, HMAC-SHA256 over identity, time and body.

A receiver proves with the shared secret that the call is ours and not older than it accepts; the identity is the same at every try.
Reference: Standard Webhooks specification (standardwebhooks.com), "Signature scheme" and "Retries".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final

import httpx

from dispatch.sink import DONE, Outcome, Parcel
from tocsin.settings.sinks import WebhookSettings

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = range(24, 65)
GONE: Final = 410
"""The receiver wants no more, ever (HTTP 410)."""
MAX_ANSWER_BYTES: Final = 4_096
"""What is read of an answer: only its status counts."""


class SecretError(ValueError):
    """A secret cannot be read: what was expected and what came, never the secret itself."""


def read_secret(path: Path) -> bytes:
    """Read a signing secret from a file.

    Raises:
        SecretError: the file cannot be read, or holds no secret of 24 to 64 bytes.
    """
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretError(f"{path}: expected a file with a secret: {type(error).__name__}") from error
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise SecretError(f"{path}: expected {PREFIX} and base64") from error
    if not text.startswith(PREFIX) or len(secret) not in SECRET_BYTES:
        raise SecretError(f"{path}: expected {PREFIX} and base64 of 24 to 64 bytes, got {len(secret)} bytes")
    return secret


def sign(secret: bytes, key: str, at_secs: int, body: bytes) -> str:
    """Give the signature of a call.

    The example of the specification:

    >>> secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    >>> sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    digest = hmac.new(secret, f"{key}.{at_secs}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


class Webhook:
    """Calls one receiver.

    Args:
        settings: where, and how long an answer is waited for.
        now: the clock, UTC milliseconds.
        transport: in place of the network, for tests.

    Raises:
        SecretError: the secret cannot be read.
    """

    def __init__(
        self, settings: WebhookSettings, *, now: Callable[[], int], transport: httpx.BaseTransport | None = None
    ) -> None:
        self._settings, self._now = settings, now
        self._secret = read_secret(settings.secret_path)
        self._client = httpx.Client(
            timeout=settings.timeout_secs,
            transport=transport,
            verify=True if settings.ssl_ca_path is None else _trusting(settings.ssl_ca_path),
            follow_redirects=False,  # a receiver that has moved is named anew by a person
            trust_env=False,
            headers={"user-agent": "tocsin"},
        )

    @property
    def settings(self) -> WebhookSettings:
        """Its name, format and what it wants."""
        return self._settings

    def deliver(self, parcel: Parcel) -> Outcome:
        """Call once; any answer of 200 to 299 is a yes."""
        at_secs = self._now() // 1_000
        headers = {
            "content-type": parcel.media_type,
            "webhook-id": parcel.key,
            "webhook-timestamp": str(at_secs),
            "webhook-signature": sign(self._secret, parcel.key, at_secs, parcel.body),
        }
        try:
            with self._client.stream("POST", self._settings.url, content=parcel.body, headers=headers) as answer:
                status, asked = answer.status_code, answer.headers.get("retry-after", "")
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Outcome(done=False, why=f"cannot be reached: {type(error).__name__}", away=True)
        except httpx.TimeoutException as error:
            return Outcome(done=False, why=f"no answer in time: {type(error).__name__}", away=True)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Outcome(done=False, why=f"the call broke off: {type(error).__name__}")
        if httpx.codes.is_success(status):
            return DONE
        wait_ms = int(asked) * 1_000 if asked.isdecimal() and len(asked) < 7 else None
        return Outcome(done=False, why=f"answered {status}", never=status == GONE, wait_ms=wait_ms)

    def close(self) -> None:
        """Let connections go."""
        self._client.close()


def _trusting(path: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(path))
