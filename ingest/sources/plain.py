"""Plain text from the HTML in which Mastodon and feeds write posts. Pure."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

MAX_HTML_CHARS: Final = 500_000
"""What is longer is cut before it is read: no post is, and a hostile one shall not cost more."""
_LINE: Final = frozenset(
    {"br", "li", "tr", "div", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "table", "hr"}
)
_UNSEEN: Final = frozenset({"script", "style", "template", "noscript", "iframe", "object", "svg", "head", "title"})
_SPACES: Final = re.compile(r"[^\S\n]+")
_BREAKS: Final = re.compile(r" ?\n(?: ?\n)+ ?")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's signature
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag == "p":
            self.parts.append("\n\n")
        elif tag in _LINE:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag == "p":
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(data.replace("\n", " "))


def plain_text(html: str) -> str:
    r"""Give the text of HTML: breaks and paragraphs as line feeds, no markup, no scripts, entities as their characters.

    Tags within a word leave it whole (Mastodon cuts links in spans). It never raises on broken HTML.

    >>> plain_text('<p>Incendie<br>rue&nbsp;Foch &amp; alentours</p><p><a href="https://x.example">https://<span>x.example</span></a></p>')
    'Incendie\nrue Foch & alentours\n\nhttps://x.example'
    >>> plain_text("a < b <script>alert(1)</script>c")
    'a < b c'
    """
    cut = html[:MAX_HTML_CHARS]
    if "<" not in cut and "&" not in cut:
        return _SPACES.sub(" ", cut).strip()
    parser = _Text()
    parser.feed(cut)
    parser.close()
    text = _SPACES.sub(" ", "".join(parser.parts))
    return _BREAKS.sub("\n\n", text).replace(" \n", "\n").replace("\n ", "\n").strip()
