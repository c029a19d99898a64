"""XML as all writers and readers here use it: no text becomes markup, nothing read reaches out, equal trees have equal bytes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from lxml import etree

from tocsin.time import parse_instant

MAX_BYTES: Final = 1 << 20
"""The largest message that is read."""
_ILLEGAL: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class XmlError(ValueError):
    """A message cannot be read: what was expected and what came."""


def clean(text: str) -> str:
    """Give a text without what XML 1.0 cannot hold (control characters, lone surrogates): each becomes U+FFFD.

    Carriage returns become line ends, as any XML reader would make them.

    >>> clean("a" + chr(0) + "b<c")
    'a�b<c'
    """
    return _ILLEGAL.sub("\ufffd", text).replace("\r\n", "\n").replace("\r", "\n")


def instant(at: int) -> str:
    """Write an instant as CAP and EDXL want it: whole seconds, UTC as ``-00:00``, never ``Z``.

    >>> instant(1775540880250)
    '2026-04-07T05:48:00-00:00'
    """
    return f"{datetime.fromtimestamp(at // 1_000, UTC):%Y-%m-%dT%H:%M:%S}-00:00"


def read_instant(text: str) -> int:
    """Read an instant with an offset.

    Raises:
        XmlError: it is none.

    >>> read_instant("2026-04-07T07:48:00+02:00")
    1775540880000
    """
    try:
        return parse_instant(text)
    except (ValueError, OverflowError) as error:
        raise XmlError(f"expected an instant, got {text[:40]!r}") from error


def add(parent: etree._Element, tag: str, text: str | None = None) -> etree._Element:
    """Add a child of the parent's namespace with a text."""
    child = etree.SubElement(parent, etree.QName(etree.QName(parent).namespace, tag))
    if text is not None:
        child.text = clean(text)
    return child


def serialise(root: etree._Element) -> bytes:
    """Give the canonical bytes (C14N) of a tree, after an XML declaration."""
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + etree.tostring(root, method="c14n") + b"\n"


def parse(document: bytes, root: etree.QName) -> etree._Element:
    """Read a document whose root is known; no entity, document type or address in it is ever followed.

    Raises:
        XmlError: it is too large, no XML, declares a document type, or has another root.
    """
    if len(document) > MAX_BYTES:
        raise XmlError(f"expected at most {MAX_BYTES} bytes, got {len(document)}")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        tree = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise XmlError(f"expected XML, got {str(error)[:200]}") from error
    if tree.getroottree().docinfo.doctype:
        raise XmlError("expected no document type, got one")
    if tree.tag != root.text:
        raise XmlError(f"expected {root.text}, got {tree.tag!r:.80}")
    return tree


def text_of(parent: etree._Element, tag: str) -> str:
    """Give the text of the one child of a name, in the parent's namespace.

    Raises:
        XmlError: there is none.
    """
    found = texts_of(parent, tag)
    if not found:
        raise XmlError(f"expected {tag} in {etree.QName(parent).localname}, got none")
    return found[0]


def texts_of(parent: etree._Element, tag: str) -> tuple[str, ...]:
    """Give the texts of all children of a name, in the parent's namespace."""
    return tuple(child.text or "" for child in children_of(parent, tag))


def children_of(parent: etree._Element, tag: str) -> list[etree._Element]:
    """Give all children of a name, in the parent's namespace."""
    return parent.findall(etree.QName(etree.QName(parent).namespace, tag).text)
