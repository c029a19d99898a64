"""The sinks of the settings."""

from __future__ import annotations

from collections.abc import Callable

from dispatch.amqp import Amqp
from dispatch.folder import Folder
from dispatch.sink import Sink
from dispatch.webhook import Webhook
from tocsin.settings.dispatch import DispatchSettings


def open_sinks(settings: DispatchSettings, now: Callable[[], int]) -> list[Sink]:
    """Make the sinks that the settings ask for; they connect when they have something to deliver.

    Raises:
        SecretError: the secret of a webhook cannot be read.
        OSError: certificates cannot be read.
    """
    return [
        *(Webhook(one, now=now) for one in settings.webhooks),
        *(Folder(one) for one in settings.folders),
        *(Amqp(one) for one in settings.amqp),
    ]
