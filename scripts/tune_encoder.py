"""Train the layers of the sentence encoder further on labelled posts (``nlp/data/meaning.npz``), and its two heads with them.

Usage: python scripts/tune_encoder.py SET[=SHARE] … --out nlp/data/meaning.npz --readings training/readings.npz [--leave-out NAME] …

Sets and shares are those of ``tocsin train``. Written folders are read whole, of other sets the posts that open the term gate. About twenty
minutes on two cores: five trainings of three turns.

**Model.** The encoder of ``nlp.meaning``, its table of word pieces as it is; on its vector two linear heads: the log-odds that a post tells
of something real, and the hazard of a real one. Loss: log loss of the first by the weight of each post, and half that of the second (a
hazard of one set counts for at most ``MOST_OF_ONE`` posts). Adam, a rate that rises and falls (cosine), word pieces and vectors dropped at
random. The collection a post was gathered for and its topic have a bias of their own in training, which is thrown away
(``nlp.training`` says why).

**Readings.** Whoever weighs the encoder's answers against rules must not learn from answers for posts that the encoder has learnt by heart.
So events are dealt to ``FOLDS`` folds, each is read by an encoder that saw none of it, and these readings are written by the
fingerprints of their texts: ``tocsin train --readings``. The packaged layers are then trained on all posts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax
from sklearn.metrics import roc_auc_score

from nlp.gate import Gate
from nlp.lexicon import Lexicon
from nlp.meaning import DIMENSIONS, HEAD_SCALE, SINGLE, WINDOWED, packaged_backend, plain, read_off
from nlp.naming import NAMED
from nlp.readings import Readings
from nlp.training import weights_of
from nlp.training_set import Example, read_sets

FOLDS = 4
TURNS = 3
BATCH = 64
LAYER_RATE, HEAD_RATE, CIRCUMSTANCE_RATE = 3e-4, 1e-3, 1e-2
RISE = 15
"""The rate rises over one step in so many."""
LAST_RATE = 0.02
"""Share of the rate at the end."""
HEAD_DECAY = 0.05
DROPPED_VECTOR, DROPPED_PIECES = 0.15, 0.1
HAZARD_SHARE = 0.5
MOST_OF_ONE = 300.0
CIRCUMSTANCE_PENALTY = 1e-4
LENGTHS = (8, 16, 24, 32, 48, 64, 96)
"""Posts of about one length are read together; longer ones are cut."""
ORDERS = ((2, 0), (3, 1), (5, 2))
"""Windows: how many pieces, and how many of them to the left (as the package has them)."""
WIDTH = 256
SEED = 0
Floats = npt.NDArray[np.float32]
Params = dict[str, Any]


class Posts(NamedTuple):
    """What the training reads of the examples; one row each."""

    pieces: list[npt.NDArray[np.int64]]
    real: Floats
    hazard: npt.NDArray[np.int64]
    """Index in ``NAMED``; -1 unknown."""
    weight: Floats
    hazard_weight: Floats
    event: npt.NDArray[np.int64]
    """0 for posts that were not gathered for an event."""
    fold: npt.NDArray[np.int64]


class Network:
    """The encoder as a function of its layers; numbers of steps and sizes come from the package."""

    def __init__(self) -> None:
        self._package = packaged_backend()
        self.eps = self._package.eps

    def pieces(self, text: str) -> npt.NDArray[np.int64]:
        """Give the word pieces of a post as the encoder reads it."""
        found = self._package.sp.encode(plain(text), out_type=int, add_bos=True, add_eos=True)
        return np.array(found[: LENGTHS[-1]], dtype=np.int64)

    def layers(self) -> Params:
        """Give the layers as the package has them."""
        found = {name: getattr(self._package, name) for name in SINGLE}
        return found | {f"{name}_{at}": one for name in WINDOWED for at, one in enumerate(getattr(self._package, name))}

    def embedded(self, pieces: npt.NDArray[np.int64]) -> Floats:
        """Give the vectors of word pieces."""
        chunk = pieces % len(self._package.scale)
        found: Floats = self._package.table[pieces] * self._package.scale[chunk, None] + self._package.lo[chunk, None]
        return found.astype(np.float32)

    def vector(self, layers: Params, embedded: Any, there: Any) -> Any:
        """Give the vectors of posts: (posts, pieces, size) and which pieces are there (posts, pieces) → (posts, size)."""
        mask = there[..., None]
        inner = self._even(embedded @ layers["proj_W"] + layers["proj_b"], layers["ln_g_all"], layers["ln_b_all"])
        inner = inner * mask
        parts = [embedded]
        for at, (order, left) in enumerate(ORDERS):
            own = inner[..., at * WIDTH : (at + 1) * WIDTH]
            first = jax.nn.relu(_windows(own, order, left) @ layers[f"w1_{at}"] + layers[f"b1_{at}"]) + own
            first = first * mask
            parts.append(jax.nn.relu(_windows(first, order, left) @ layers[f"w2_{at}"] + layers[f"b2_{at}"]) + first)
        whole = self._even(jnp.concatenate(parts, -1), layers["ln_g"], layers["ln_b"]) * mask
        count = there.sum(1)[:, None]
        mean = (whole.sum(1) @ layers["cnn_W"] + count * layers["cnn_b"]) / jnp.sqrt(count)
        deep = jax.nn.relu(mean @ layers["p1"] + jax.nn.relu(mean @ layers["d0"]) @ layers["d1"])
        last = jnp.tanh(deep @ layers["p3"] + jax.nn.relu(deep @ layers["d2"]) @ layers["d3"])
        return last / jnp.sqrt(jnp.clip((last * last).sum(-1, keepdims=True), self.eps))

    def _even(self, rows: Any, gain: Any, bias: Any) -> Any:
        mean = rows.mean(-1, keepdims=True)
        spread = ((rows - mean) ** 2).mean(-1, keepdims=True)
        return (rows - mean) / jnp.sqrt(spread + self.eps) * gain + bias


def _windows(rows: Any, order: int, left: int) -> Any:
    padded = jnp.pad(rows, ((0, 0), (left, order - 1 - left), (0, 0)))
    return jnp.concatenate([padded[:, at : at + rows.shape[1]] for at in range(order)], -1)


def starting(network: Network, events: int) -> Params:
    """Give what training begins with: the package's layers, heads and biases that say nothing."""
    layers = {name: jnp.asarray(value) for name, value in network.layers().items()}
    heads = {"heads": jnp.zeros((layers["d3"].shape[1], DIMENSIONS)), "bias": jnp.zeros(DIMENSIONS)}
    return {
        "layers": layers,
        "heads": heads,
        "aside": {"event": jnp.zeros(events), "topic": jnp.zeros(len(NAMED))},
    }


def answers(network: Network, params: Params, embedded: Any, there: Any, key: Any = None) -> Any:
    """Give what the heads answer, before ``nlp.meaning.read_off``; with a key, pieces and vectors are dropped as in training."""
    if key is None:
        vector = network.vector(params["layers"], embedded, there) * HEAD_SCALE
    else:
        one, two = jax.random.split(key)
        embedded = embedded * jax.random.bernoulli(one, 1 - DROPPED_PIECES, there.shape)[..., None]
        vector = network.vector(params["layers"], embedded, there) * HEAD_SCALE
        vector = vector * jax.random.bernoulli(two, 1 - DROPPED_VECTOR, vector.shape) / (1 - DROPPED_VECTOR)
    return vector @ params["heads"]["heads"] + params["heads"]["bias"]


def loss(network: Network, params: Params, batch: dict[str, Any], key: Any) -> Any:
    """Give the loss of a batch."""
    said = answers(network, params, batch["embedded"], batch["there"], key)
    topic = jax.lax.stop_gradient(jax.nn.softmax(said[:, 1:])) @ params["aside"]["topic"]
    odds = said[:, 0] + topic + params["aside"]["event"][batch["event"]]
    real = (batch["weight"] * (jax.nn.softplus(odds) - batch["real"] * odds)).mean()
    shares = jax.nn.log_softmax(said[:, 1:])
    own = jnp.take_along_axis(shares, jnp.maximum(batch["hazard"], 0)[:, None], 1)[:, 0]
    named = -(batch["hazard_weight"] * own).mean()
    penalty = sum((value**2).sum() for value in params["aside"].values())
    return real + HAZARD_SHARE * named + CIRCUMSTANCE_PENALTY * penalty


def batches(
    posts: Posts, rows: npt.NDArray[np.int64], random: np.random.Generator
) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
    """Give the rows in random order, in batches of posts of about one length."""
    waiting: dict[int, list[int]] = {}
    for row in random.permutation(rows).tolist():
        length = next(size for size in LENGTHS if len(posts.pieces[row]) <= size)
        waiting.setdefault(length, []).append(row)
        if len(waiting[length]) == BATCH:
            yield length, np.array(waiting.pop(length))
    yield from ((length, np.array(left)) for length, left in waiting.items())


def packed(network: Network, posts: Posts, length: int, rows: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Give a batch of exactly ``BATCH`` posts; what fills it up weighs nothing."""
    there = np.zeros((BATCH, length), dtype=np.float32)
    there[:, 0] = 1.0
    embedded = np.zeros((BATCH, length, network.embedded(np.zeros(1, dtype=np.int64)).shape[1]), dtype=np.float32)
    for at, row in enumerate(rows.tolist()):
        pieces = posts.pieces[row]
        there[at, : len(pieces)] = 1.0
        embedded[at, : len(pieces)] = network.embedded(pieces)
    found: dict[str, Any] = {"embedded": embedded, "there": there}
    for name in ("real", "hazard", "weight", "hazard_weight", "event"):
        column = getattr(posts, name)
        filled = np.zeros(BATCH, dtype=column.dtype)
        filled[: len(rows)] = column[rows]
        found[name] = filled
    return found


def train(network: Network, posts: Posts, rows: npt.NDArray[np.int64], turns: int = TURNS) -> Params:
    """Train on the given rows; the same rows give the same layers on the same machine."""
    random = np.random.default_rng(SEED)
    params = starting(network, int(posts.event.max()) + 1)
    steps = turns * sum(1 for _ in batches(posts, rows, np.random.default_rng(SEED)))

    def rate(most: float) -> Any:
        return optax.warmup_cosine_decay_schedule(0.0, most, max(1, steps // RISE), steps, most * LAST_RATE)

    rules = {
        "layers": optax.adam(rate(LAYER_RATE)),
        "heads": optax.adamw(rate(HEAD_RATE), weight_decay=HEAD_DECAY),
        "aside": optax.adam(rate(CIRCUMSTANCE_RATE)),
    }
    optimiser = optax.multi_transform(rules, {name: name for name in rules})
    state = optimiser.init(params)

    @jax.jit
    def step(params: Params, state: Any, batch: dict[str, Any], key: Any) -> tuple[Params, Any, Any]:
        value, slopes = jax.value_and_grad(lambda at: loss(network, at, batch, key))(params)
        moves, state = optimiser.update(slopes, state, params)
        return optax.apply_updates(params, moves), state, value

    key = jax.random.PRNGKey(SEED)
    for turn in range(turns):
        began, seen = time.monotonic(), []
        for length, chosen in batches(posts, rows, random):
            key, own = jax.random.split(key)
            params, state, value = step(params, state, packed(network, posts, length, chosen), own)
            seen.append(float(value))
        print(f"  turn {turn + 1}: loss {np.mean(seen):.4f}, {time.monotonic() - began:.0f} s", flush=True)
    return params


def read(network: Network, params: Params, posts: Posts, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Give the vectors of ``nlp.meaning`` for the rows, in their order."""
    ask = jax.jit(lambda params, embedded, there: answers(network, params, embedded, there))
    found = np.zeros((len(posts.pieces), DIMENSIONS))
    for length, chosen in batches(posts, rows, np.random.default_rng(SEED)):
        batch = packed(network, posts, length, chosen)
        found[chosen] = read_off(np.asarray(ask(params, batch["embedded"], batch["there"])))[: len(chosen)]
    return found[rows]


def posts_of(network: Network, examples: list[Example], shares: dict[str, float], gathered: set[str]) -> Posts:
    """Give what the training reads; events (``Example.group``) are dealt to folds at random."""
    sources = np.array([example.source for example in examples])
    relevant = np.array([example.relevant for example in examples])
    hazards = [example.hazard if example.relevant and example.hazard in NAMED else None for example in examples]
    hazard = np.array([-1 if name is None else NAMED.index(name) for name in hazards])
    counts: dict[tuple[str, int], int] = {}
    keys = list(zip(sources.tolist(), hazard.tolist(), strict=True))
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
    hazard_weight = [0.0 if key[1] < 0 else min(1.0, MOST_OF_ONE / counts[key]) for key in keys]
    groups = sorted({example.group for example in examples})
    dealt = np.random.default_rng(SEED).permutation(len(groups)) % FOLDS
    fold = dict(zip(groups, dealt.tolist(), strict=True))
    events = sorted({example.group for example in examples if example.source in gathered})
    number = {group: at for at, group in enumerate(events, 1)}
    return Posts(
        [network.pieces(example.query.text) for example in examples],
        relevant.astype(np.float32),
        hazard,
        weights_of(sources, relevant, shares).astype(np.float32),
        np.array(hazard_weight, dtype=np.float32),
        np.array([number.get(example.group, 0) for example in examples]),
        np.array([fold[example.group] for example in examples]),
    )


def report(examples: list[Example], posts: Posts, rows: npt.NDArray[np.int64], found: npt.NDArray[np.float64]) -> None:
    """Print how the rows are ranked, and how often the likeliest hazard is right, by set."""
    sources = np.array([examples[row].source for row in rows.tolist()])
    real, hazard = posts.real[rows], posts.hazard[rows]
    for source in sorted(set(sources.tolist())):
        own = sources == source
        if 0.0 < real[own].mean() < 1.0:
            known = own & (hazard >= 0)
            right = np.mean(found[known, 1:].argmax(1) == hazard[known]) if known.any() else float("nan")
            auc = roc_auc_score(real[own], found[own, 0])
            print(f"  {source}: {own.sum()} posts, AUC {auc:.3f}, hazard right {right:.2f}", flush=True)


def save(path: Path, params: Params) -> None:
    """Write layers (in half precision) and heads, in the form that ``nlp.meaning.SentenceEncoder`` reads."""
    layers = {name: np.asarray(value, dtype=np.float16) for name, value in params["layers"].items()}
    heads = {name: np.asarray(value, dtype=np.float32) for name, value in params["heads"].items()}
    np.savez_compressed(path, **layers, **heads)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--readings", type=Path, required=True)
    parser.add_argument("--leave-out", action="append", default=[])
    given = parser.parse_args()
    examples, shares, gathered = read_sets(given.sets, left_out=given.leave_out)
    opened = Gate(Lexicon.load()).open([example.query.text for example in examples])
    examples = [one for one, ids in zip(examples, opened, strict=True) if ids or one.kind.startswith("written:")]
    network = Network()
    posts = posts_of(network, examples, shares, gathered)
    print(f"{len(examples)} posts", flush=True)
    found = np.zeros((len(examples), DIMENSIONS))
    for fold in range(FOLDS):
        print(f"fold {fold + 1} of {FOLDS}", flush=True)
        inside = np.flatnonzero(posts.fold == fold)
        params = train(network, posts, np.flatnonzero(posts.fold != fold))
        found[inside] = read(network, params, posts, inside)
        report(examples, posts, inside, found[inside])
    print("held out, all together")
    report(examples, posts, np.arange(len(examples)), found)
    Readings.of([example.query.text for example in examples], found).save(given.readings)
    print("all posts", flush=True)
    params = train(network, posts, np.arange(len(examples)))
    save(given.out, params)


if __name__ == "__main__":
    main()
