"""What may lead to a person, planted in every field of a post, and a scan that looks for it through every wrapping.

All names, numbers and addresses are made up; needles are chosen so that they cannot stand anywhere by chance.
"""

import base64
import binascii
import json
import re
import zlib
from urllib.parse import unquote_to_bytes

import lz4.frame
import msgspec
import zstandard

MAX_DEPTH = 4
MAX_UNPACKED_BYTES = 64 << 20


def plants(number):
    """What leads to the author of one post, by kind; each value is a needle."""
    tag = f"qz{number:02d}w"
    return {
        "handle": f"{tag}handle.example.social",
        "short handle": f"{tag}handle",
        "did": f"did:plc:{tag}k7h3xqjv2m4n",
        "at-uri": f"at://did:plc:{tag}k7h3xqjv2m4n/app.bsky.feed.post/3{tag}rkey",
        "rkey": f"3{tag}rkey",
        "account url": f"https://mastodon.social/@{tag}handle",
        "status id": f"9182736455463{number:02d}719",
        "numeric author": f"7364554637281{number:02d}90",
        "e-mail": f"{tag}mail@mail.example",
        "phone": f"06 12 98 {34 + number} 76",
        "plate": f"QZ-9{number:02d}-XK",
        "home": f"8{number:02d} rue des Lilas",
        "display name": f"{tag}displayed",
        "surname": f"{tag}surname".capitalize(),
        "photo": f"https://cdn.example/{tag}avatar.jpg",
    }


def squeezed(data):
    """Letters and digits alone, lower case: however a number is spaced, it is the same."""
    return re.sub(rb"[^a-z0-9]", b"", data.lower())


def needles(number):
    """The needles of one post, as bytes, with their kinds."""
    return {kind: value.encode() for kind, value in plants(number).items()}


def hostile(number, text, created_at, **more):
    """A post that gives its author away in every field, also in those that nobody reads."""
    p = plants(number)
    said = (
        f"{text} @{p['handle']} @{p['short handle']} {p['did']} {p['account url']}/{p['status id']} {p['e-mail']} {p['phone']} "
        f"plaque {p['plate']} au {p['home']}, t.me/{p['short handle']} bsky.app/profile/{p['handle']}/post/{p['rkey']} "
        f"chez {p['surname']} https://news.example/~{p['short handle']}/a?u={p['short handle']}#{p['short handle']}"
    )
    return {
        "id": p["at-uri"] if number % 2 else int(p["status id"]),
        "source": "bluesky" if number % 2 else "mastodon",
        "created_at": created_at,
        "author": p["did"] if number % 2 else int(p["numeric author"]),
        "text": said,
        "lang": "fr",
        "place": f"Nantes, @{p['short handle']}, {p['phone']}, {p['e-mail']}",
        "reply_to": p["at-uri"].replace("rkey", "parent"),
        "link": f"{p['account url']}/{p['status id']}",
        "labels": [p["short handle"]],
        "display_name": p["display name"],
        "handle": p["handle"],
        "avatar": p["photo"],
        "account": {"acct": p["handle"], "id": p["numeric author"], "note": p["phone"]},
        **more,
    }


def broken(number, created_at):
    """Lines that are refused, each with what gives an author away where it is refused."""
    p = plants(number)
    good = hostile(number, "incendie à Nantes", created_at)
    lines = [
        {**good, "created_at": f"@{p['handle']}"},
        {**good, "created_at": f"{p['phone']} {p['e-mail']} 00:00"},
        {**good, "lat": p["handle"]},
        {**good, "lat": 95.5, "lon": 1.0},
        {**good, "source": f"@{p['handle']}"},
        {**good, "source": p["did"]},
        {**good, "source": p["numeric author"]},
        {**good, "author": [p["did"]]},
        {**good, "author": None},
        {**good, "text": {"by": p["handle"]}},
        {**good, "id": p["at-uri"] + "x" * 3_000},
        {"retract": p["at-uri"], "reason": p["handle"], "at": created_at},
        {"retract": p["at-uri"]},
        {"retract_author": p["did"], "at": p["handle"], "source": "bluesky"},
        {"retract_author": p["did"], "at": created_at, "source": f"@{p['handle']}"},
    ]
    raw = [json.dumps(line).encode() for line in lines]
    whole = json.dumps(good).encode()
    return [
        *raw,
        whole[: len(whole) // 2],
        p["did"].encode(),
        b"\xff" + whole,
        b"[" + whole + b"]",
        whole.replace(b'"id"', b'"id'),
        b'"' + p["e-mail"].encode() + b'"',
    ]


def _inflated(data):
    for window in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
        maker = zlib.decompressobj(window)
        try:
            made = maker.decompress(data, MAX_UNPACKED_BYTES)
        except zlib.error:
            continue
        if made and (maker.eof or len(made) > 16):
            yield made
    for unpack in (
        lambda: zstandard.ZstdDecompressor().decompressobj().decompress(data),
        lambda: lz4.frame.decompress(data),
    ):
        try:
            yield unpack()
        except (zstandard.ZstdError, RuntimeError, MemoryError):
            continue


def _packed(data):
    """The strings and bytes within MessagePack and JSON, one for each value and key."""
    for decode in (msgspec.msgpack.decode, msgspec.json.decode):
        try:
            value = decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
            continue
        if isinstance(value, dict | list | str | bytes):
            yield from _leaves(value)


def _leaves(value):
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _leaves(key)
            yield from _leaves(below)
    elif isinstance(value, list | tuple):
        for below in value:
            yield from _leaves(below)
    elif isinstance(value, str):
        yield value.encode("utf-8", "surrogatepass")
    elif isinstance(value, bytes):
        yield value
    elif isinstance(value, int | float):
        yield str(value).encode()
    elif isinstance(value, msgspec.msgpack.Ext):
        yield bytes(value.data)


def _runs(data):
    """Stretches that are base64 or hex, decoded."""
    for run in re.findall(rb"[A-Za-z0-9+/_-]{16,}={0,2}", data):
        whole = run + b"=" * (-len(run) % 4)
        for altchars in (b"+/", b"-_"):
            try:
                yield base64.b64decode(whole, altchars=altchars, validate=True)
            except binascii.Error:
                continue
    for run in re.findall(rb"(?:[0-9a-fA-F]{2}){8,}", data):
        yield bytes.fromhex(run.decode())
    if b"%" in data:
        yield unquote_to_bytes(data)
    if b"\\u" in data:
        yield re.sub(rb"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)).encode("utf-8", "surrogatepass"), data)
    if b"\x00" in data[:64]:
        yield data.replace(b"\x00", b"")  # UTF-16 and UTF-32 of plain letters


def views(data, depth=MAX_DEPTH):
    """The data, and all that it may be a wrapping of."""
    seen = set()
    waiting = [(data, depth)]
    while waiting:
        one, left = waiting.pop()
        if one in seen or len(one) < 4:
            continue
        seen.add(one)
        yield one
        if left:
            waiting += [(inner, left - 1) for unwrap in (_inflated, _packed, _runs) for inner in unwrap(one)]


def found(data, wanted):
    """The kinds of needles that stand in the data, in whatever wrapping."""
    hits = set()
    for view in views(data):
        plain, tight = view.lower(), squeezed(view)
        for kind, needle in wanted.items():
            if needle.lower() in plain or squeezed(needle) in tight:
                hits.add(kind)
    return hits


def scan(places, numbers):
    """Every needle that was found, as ``(place, number, kind)``.

    Args:
        places: names of places to their bytes.
        numbers: of the posts whose needles are looked for.
    """
    wanted = {(number, kind): needle for number in numbers for kind, needle in needles(number).items()}
    return sorted((place, *hit) for place, data in places.items() for hit in found(data, wanted))
