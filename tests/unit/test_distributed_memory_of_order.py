"""The order of a stream, cut short anywhere and taken up again from its snapshot, decides as if it had never stopped."""

import random

import msgspec

from ingest.block import Builder
from ingest.columns import Columns, Item, places_of
from ingest.normalise import normalise
from ingest.order import Limits, OrderState, StreamOrder
from ingest.post import post
from ingest.privacy import PublicPseudonyms
from ingest.record import Limits as LineLimits
from tocsin.time import Panes, format_instant

START = 1_775_540_880_000


def lines(seed):
    """Posts with copies, late ones and clocks that leap alone or together."""
    draw = random.Random(seed)
    made = []
    for index in range(120):
        at = START + index * 1_500 - draw.choice([0, 0, 0, 40_000])
        if draw.random() < 0.05:
            at += 400 * 86_400_000
        name = f"p{draw.randrange(90)}"
        made.append(
            msgspec.json.encode(
                {"id": name, "source": "s", "created_at": format_instant(at), "author": "a", "text": f"fire {index}"}
            )
        )
    return made


def columns(chunk, number):
    builder = Builder()
    for index, line in enumerate(chunk):
        builder.add("f", number * 7 + index + 1, line)
    block = builder.take(number=number)
    read = normalise(block, limits=LineLimits(), lateness_ms=5_000)
    items: dict[int, Item] = {draft.index: post(draft, PublicPseudonyms(), ("fire",)) for draft in read.drafts}
    items |= dict(read.dead)
    origins, numbers, names = places_of(block.runs)
    return Columns(
        outcomes=read.outcomes,
        received_at=read.received_at,
        event_at=read.event_at,
        sources=read.sources,
        origins=origins,
        line_numbers=numbers,
        origin_names=names,
        items=items,
    ), read.source_names


def order():
    return StreamOrder(Panes(), Limits(leap_ms=86_400_000, leap_lines=3))


def test_a_restored_order_goes_on_as_the_one_it_was_made_of():
    heard = held = 0
    for seed in range(6):
        made = lines(seed)
        through, cut = order(), order()
        for at in range(0, len(made), 7):
            block, names = columns(made[at : at + 7], at // 7)
            expected = through.push(block, names)
            raw = msgspec.msgpack.encode(cut.snapshot())
            cut = order()
            cut.restore(msgspec.msgpack.decode(raw, type=OrderState))
            block, names = columns(made[at : at + 7], at // 7)
            assert cut.push(block, names) == expected
            heard += len(expected.posts)
            held += expected.counts.held
            assert expected.counts.used == len(expected.posts)
        assert cut.finish() == through.finish()
    assert heard > 100
    assert held > 0, "no clock leapt: the state that is hardest to keep was never kept"
