"""A feed of CAP alerts in Atom (RFC 4287), as CAP feeds do it: one entry an alert, its message linked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from lxml import etree

from dispatch import cap, tell
from dispatch.xml import add, instant, serialise
from tocsin.model import Alert

ATOM: Final = "http://www.w3.org/2005/Atom"
MEDIA_TYPE: Final = "application/atom+xml"
MAX_ENTRIES: Final = 500
"""Entries of one feed, the latest."""


def feed(alerts: Sequence[Alert], *, feed_id: str, title: str, link: Callable[[Alert], str], updated_at: int) -> bytes:
    """Give a feed of the latest alerts, the latest first.

    Args:
        alerts: in order of sending.
        feed_id: permanent identity of the feed (an IRI).
        title: its name, for a person.
        link: gives the address of the CAP message of an alert.
        updated_at: when the feed last changed, if it holds nothing.
    """
    latest = list(alerts[-MAX_ENTRIES:])[::-1]
    root = etree.Element(etree.QName(ATOM, "feed"), nsmap={None: ATOM})
    add(root, "id", feed_id)
    add(root, "title", title)
    add(root, "updated", instant(latest[0].sent_at if latest else updated_at))
    author = add(root, "author")
    add(author, "name", "Tocsin")
    for alert in latest:
        entry = add(root, "entry")
        add(entry, "id", f"urn:tocsin:alert:{alert.alert_id}")
        add(entry, "title", tell.headline(alert, alert.lang))
        add(entry, "updated", instant(alert.sent_at))
        add(entry, "summary", tell.description(alert, alert.lang))
        for term in (alert.status, alert.msg_type, alert.incident.hazard):
            add(entry, "category").set("term", term)
        target = add(entry, "link")
        target.set("rel", "alternate")
        target.set("type", cap.MEDIA_TYPE)
        target.set("href", link(alert))
    return serialise(root)
