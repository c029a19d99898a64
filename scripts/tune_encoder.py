"""Train the upper layers of the encoder further on labelled posts (``nlp/data/meaning.npz``), and its two heads with them.

Usage: python scripts/tune_encoder.py SET[=SHARE] … --out nlp/data/meaning.npz --readings training/readings.npz
       [--judged FILE] [--further FILE [--beside NAME] …] [--mean-of FILE READINGS SHARE] … [--leave-out NAME] …

Sets, shares and verdicts (``--judged``) are those of ``tocsin train``. Written folders are read whole, of other sets the posts that open the term gate. About an hour on two
cores: three trainings (all posts, and one a fold) of three turns.

**Model.** The transformer of ``nlp.transformer``, its lower ``FROZEN`` layers as they are (what they make of every post is computed once);
on the mean of its last rows two linear heads: the log-odds that a post tells of something real, and the hazard of a real one. Loss: log loss of the
first by the weight of each post, and half that of the second (a hazard of one set counts for at most ``MOST_OF_ONE`` posts). AdamW, a
rate that rises and falls (cosine), word pieces and parts of the vectors dropped at random. The collection a post was gathered for and its
topic have a bias of their own in training, which is thrown away (``nlp.training`` says why).

**Readings.** Whoever weighs the encoder's answers against rules must not learn from answers for posts that the encoder has learnt by heart.
So events are dealt to ``FOLDS`` folds, each is read by an encoder that saw none of it, and these readings are written by the
fingerprints of their texts: ``tocsin train --readings``. So are posts that are not taught (nobody judged them), for they are of the same events. The
packaged layers are trained on all taught posts, first, so that they can be looked at while the folds are trained.

**One more set.** ``--further FILE`` teaches trained layers new posts without an hour's work: what ``--readings`` does not hold yet is new to
FILE, is read by it and added; then FILE is trained for one more turn on the new posts, the sets named by ``--beside`` and ``SAMPLED`` others,
at ``FURTHER_PACE`` of the rates. Beside it stands what the new posts might unteach.

**The mean of several.** Trainings that begin with the same layers end near enough to each other for the mean of their weights to be an encoder
itself, and mostly a better one than each: they err in different posts (Wortsman et al. 2022, "model soups"). ``--mean-of``, once for each, makes it in the place of a
training; its readings are the means of theirs, each of an encoder that had not seen the post.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax
from sklearn.metrics import roc_auc_score

from nlp.gate import Gate
from nlp.judged import read_verdicts
from nlp.lexicon import Lexicon
from nlp.meaning import DIMENSIONS, SentenceEncoder, kept, plain, read_off, unpacked
from nlp.naming import NAMED
from nlp.readings import HeldOutEncoder, Readings, key_of
from nlp.training import weights_of
from nlp.training_set import SAME_EVENT, WRITTEN, Example, read_sets
from nlp.transformer import HEADS, LAYERS, MOST_PIECES, Embedding, Packed, WordPieces

FOLDS = 2
"""Half of the posts is more than two thirds were when there were three."""
TURNS = 3
FROZEN = 4
"""So many lower layers stay as the package has them."""
BATCH = 64
LAYER_RATE, HEAD_RATE, CIRCUMSTANCE_RATE = 2e-4, 1e-3, 1e-2
RISE = 15
"""The rate rises over one step in so many."""
LAST_RATE = 0.02
"""Share of the rate at the end."""
LAYER_DECAY, HEAD_DECAY = 0.01, 0.05
MOMENTS = (0.9, 0.98)
STEEPEST = 1.0
"""Slopes of a batch are shortened to this length together."""
DROPPED_PARTS, DROPPED_PIECES = 0.1, 0.05
FURTHER_PACE = 0.4
"""Layers that are trained already are moved at this share of the rates."""
SAMPLED = 4_500
"""Of the posts that trained layers know, so many are read again beside new ones."""
HAZARD_SHARE = 0.5
MOST_OF_ONE = 300.0
CIRCUMSTANCE_PENALTY = 1e-4
LENGTHS = (8, 12, 16, 20, 24, 28, 32, 40, 48, 64, MOST_PIECES)
"""Posts of about one length are read together."""
SEED = 0
Floats = npt.NDArray[np.float32]
Params = dict[str, Any]


class Posts(NamedTuple):
    """What the training reads of the examples; one row each."""

    rows: list[npt.NDArray[np.float16]]
    """What the frozen layers make of each post: (pieces, size)."""
    real: Floats
    hazard: npt.NDArray[np.int64]
    """Index in ``NAMED``; -1 unknown."""
    weight: Floats
    hazard_weight: Floats
    event: npt.NDArray[np.int64]
    """0 for posts that were not gathered for an event."""
    fold: npt.NDArray[np.int64]


class Network:
    """The transformer in two parts: layers that stay as the package has them, and upper layers that are trained."""

    def __init__(self) -> None:
        self._packed = Packed()
        self._pieces, self._embedding = WordPieces(self._packed), Embedding(self._packed)
        self._frozen = self._of(range(FROZEN))
        self.size = self._packed.size

    def _of(self, numbers: Iterable[int]) -> Params:
        return {
            str(number): {name: jnp.asarray(array) for name, array in self._packed.weights(number).items()}
            for number in numbers
        }

    def layers(self) -> Params:
        """Give the upper layers as the package has them, by their numbers."""
        return self._of(range(FROZEN, LAYERS))

    def rows(self, texts: Sequence[str]) -> list[npt.NDArray[np.float16]]:
        """Give what the frozen layers make of each post."""
        divided = [self._pieces.divided(plain(text)) for text in texts]
        found: list[npt.NDArray[np.float16]] = [np.empty(0, dtype=np.float16)] * len(texts)
        by_length = sorted(range(len(texts)), key=lambda at: len(divided[at]))
        for start in range(0, len(texts), BATCH):
            chosen = by_length[start : start + BATCH]
            length = _rounded(len(divided[chosen[-1]]))
            whole, there = np.zeros((BATCH, length, self.size), dtype=np.float32), np.zeros((BATCH, length))
            there[:, 0] = 1.0
            for row, at in enumerate(chosen):
                there[row, : len(divided[at])] = 1.0
                whole[row, : len(divided[at])] = self._embedding.of(divided[at]).T
            made = np.asarray(_layered(self._frozen, whole, there), dtype=np.float16)
            for row, at in enumerate(chosen):
                found[at] = made[row, : len(divided[at])].copy()
        return found


def _rounded(length: int) -> int:
    return next(size for size in LENGTHS if length <= size)


def layered(layers: Params, rows: Any, there: Any, keys: Any = None) -> Any:
    """Give what layers make of posts: (posts, pieces, size) and which pieces are there (posts, pieces) → (posts, pieces, size)."""
    silent = jnp.where(there > 0.0, 0.0, -1e9)[:, None, None, :]
    for at, layer in enumerate(layers[str(number)] for number in sorted(map(int, layers))):
        one, two = (None, None) if keys is None else (keys[2 * at], keys[2 * at + 1])
        each = [rows @ layer[f"{name}.w"].T + layer[f"{name}.b"] for name in ("q", "k", "v")]
        query, key, value = (part.reshape(*part.shape[:2], HEADS, -1) for part in each)
        weight = jnp.einsum("bqhd,bkhd->bhqk", query, key) * query.shape[-1] ** -0.5
        mixed = jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(weight + silent), value).reshape(rows.shape)
        rows = _even(rows + _thinned(mixed @ layer["ao.w"].T + layer["ao.b"], one), layer["aln.w"], layer["aln.b"])
        wide = jax.nn.gelu(rows @ layer["fi.w"].T + layer["fi.b"], approximate=True)
        rows = _even(rows + _thinned(wide @ layer["fo.w"].T + layer["fo.b"], two), layer["oln.w"], layer["oln.b"])
    return rows


def mean(rows: Any, there: Any) -> Any:
    """Give the mean over the pieces that are there: (posts, pieces, size) → (posts, size)."""
    return (rows * there[..., None]).sum(1) / there.sum(1)[:, None]


_layered = jax.jit(layered)


def _even(rows: Any, gain: Any, bias: Any) -> Any:
    rows = rows - rows.mean(-1, keepdims=True)
    return rows * jax.lax.rsqrt((rows * rows).mean(-1, keepdims=True) + 1e-12) * gain + bias


def _thinned(rows: Any, key: Any) -> Any:
    """Drop the same parts of all rows of a post."""
    if key is None:
        return rows
    held = jax.random.bernoulli(key, 1 - DROPPED_PARTS, (rows.shape[0], 1, rows.shape[2]))
    return rows * held / (1 - DROPPED_PARTS)


def starting(network: Network, posts: Posts, trained: Path | None = None) -> Params:
    """Give what training begins with: the package's layers, heads and biases that say nothing; or layers and heads that ``save`` wrote."""
    layers = network.layers()
    heads = {"heads": jnp.zeros((network.size, DIMENSIONS)), "bias": jnp.zeros(DIMENSIONS)}
    if trained is not None:
        with np.load(trained, allow_pickle=False) as file:
            arrays = dict(file)
        layers = {
            number: {name: jnp.asarray(array) for name, array in unpacked(arrays, int(number)).items()}
            for number in layers
        }
        heads = {name: jnp.asarray(arrays[name]) for name in heads}
    aside = {"event": jnp.zeros(int(posts.event.max()) + 1), "topic": jnp.zeros(len(NAMED))}
    return {"layers": layers, "heads": heads, "aside": aside}


def answers(params: Params, rows: Any, there: Any, key: Any = None) -> Any:
    """Give what the heads answer, before ``nlp.meaning.read_off``; with a key, pieces and parts are dropped as in training."""
    if key is None:
        found = mean(layered(params["layers"], rows, there), there)
    else:
        first, last, *keys = jax.random.split(key, 2 + 2 * len(params["layers"]))
        there = there * jax.random.bernoulli(first, 1 - DROPPED_PIECES, there.shape).at[:, 0].set(True)
        found = mean(layered(params["layers"], rows, there, keys), there)
        found = found * jax.random.bernoulli(last, 1 - DROPPED_PARTS, found.shape) / (1 - DROPPED_PARTS)
    return found @ params["heads"]["heads"] + params["heads"]["bias"]


def loss(params: Params, batch: dict[str, Any], key: Any) -> Any:
    """Give the loss of a batch."""
    said = answers(params, batch["rows"], batch["there"], key)
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
        length = _rounded(len(posts.rows[row]))
        waiting.setdefault(length, []).append(row)
        if len(waiting[length]) == BATCH:
            yield length, np.array(waiting.pop(length))
    yield from ((length, np.array(left)) for length, left in waiting.items())


def packed(posts: Posts, length: int, rows: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Give a batch of exactly ``BATCH`` posts; what fills it up weighs nothing."""
    there = np.zeros((BATCH, length), dtype=np.float32)
    there[:, 0] = 1.0
    whole = np.zeros((BATCH, length, posts.rows[0].shape[1]), dtype=np.float32)
    for at, row in enumerate(rows.tolist()):
        own = posts.rows[row]
        there[at, : len(own)] = 1.0
        whole[at, : len(own)] = own
    found: dict[str, Any] = {"rows": whole, "there": there}
    for name in ("real", "hazard", "weight", "hazard_weight", "event"):
        column = getattr(posts, name)
        filled = np.zeros(BATCH, dtype=column.dtype)
        filled[: len(rows)] = column[rows]
        found[name] = filled
    return found


def _optimiser() -> optax.GradientTransformation:
    def adam(decay: float) -> optax.GradientTransformation:
        return optax.chain(optax.scale_by_adam(*MOMENTS), optax.add_decayed_weights(decay))

    rules = {"layers": adam(LAYER_DECAY), "heads": adam(HEAD_DECAY), "aside": adam(0.0)}
    return optax.chain(
        optax.clip_by_global_norm(STEEPEST), optax.multi_transform(rules, {name: name for name in rules})
    )


@jax.jit
def _step(
    params: Params, state: Any, batch: dict[str, Any], key: Any, rates: dict[str, Any]
) -> tuple[Params, Any, Any]:
    value, slopes = jax.value_and_grad(loss)(params, batch, key)
    moves, state = _optimiser().update(slopes, state, params)
    moves = {name: jax.tree.map(lambda move, by=rates[name]: -by * move, part) for name, part in moves.items()}
    return optax.apply_updates(params, moves), state, value


def train(posts: Posts, rows: npt.NDArray[np.int64], params: Params, turns: int = TURNS, pace: float = 1.0) -> Params:
    """Train on the given rows from ``params`` on; the same rows give the same layers on the same machine."""
    random = np.random.default_rng(SEED)
    state = _optimiser().init(params)
    steps = turns * sum(1 for _ in batches(posts, rows, np.random.default_rng(SEED)))
    share = optax.warmup_cosine_decay_schedule(0.0, 1.0, max(1, steps // RISE), steps, LAST_RATE)
    most = {"layers": pace * LAYER_RATE, "heads": pace * HEAD_RATE, "aside": CIRCUMSTANCE_RATE}
    key, taken = jax.random.PRNGKey(SEED), 0
    for turn in range(turns):
        began, seen = time.monotonic(), []
        for length, chosen in batches(posts, rows, random):
            key, own = jax.random.split(key)
            taken += 1
            rates = {name: rate * share(taken) for name, rate in most.items()}
            params, state, value = _step(params, state, packed(posts, length, chosen), own, rates)
            seen.append(float(value))
        print(f"  turn {turn + 1}: loss {np.mean(seen):.4f}, {time.monotonic() - began:.0f} s", flush=True)
    return params


_ask = jax.jit(answers)


def read(params: Params, posts: Posts, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Give the vectors of ``nlp.meaning`` for the rows, in their order."""
    found = np.zeros((len(posts.rows), DIMENSIONS))
    for length, chosen in batches(posts, rows, np.random.default_rng(SEED)):
        batch = packed(posts, length, chosen)
        found[chosen] = read_off(np.asarray(_ask(params, batch["rows"], batch["there"])))[: len(chosen)]
    return found[rows]


def posts_of(
    network: Network,
    examples: list[Example],
    shares: dict[str, float],
    gathered: set[str],
    needed: npt.NDArray[np.int64] | None = None,
) -> Posts:
    """Give what the training reads (of the posts that are needed; of all by default); events (``Example.group``) are dealt to folds."""
    sources = np.array([example.source for example in examples])
    relevant = np.array([example.relevant for example in examples])
    taught = np.array([example.taught for example in examples])
    hazards = [example.hazard if example.relevant and example.hazard in NAMED else None for example in examples]
    hazard = np.array([-1 if name is None else NAMED.index(name) for name in hazards])
    counts: dict[tuple[str, int], int] = {}
    keys = list(zip(sources.tolist(), hazard.tolist(), strict=True))
    for key, one in zip(keys, taught.tolist(), strict=True):
        counts[key] = counts.get(key, 0) + one
    hazard_weight = [0.0 if key[1] < 0 or not counts[key] else min(1.0, MOST_OF_ONE / counts[key]) for key in keys]
    weight = np.zeros(len(examples))
    weight[taught] = weights_of([example for example in examples if example.taught], shares)
    held_together = [SAME_EVENT.get(example.group, example.group) for example in examples]
    groups = sorted(set(held_together))
    dealt = np.random.default_rng(SEED).permutation(len(groups)) % FOLDS
    fold = dict(zip(groups, dealt.tolist(), strict=True))
    events = sorted({example.group for example in examples if example.source in gathered})
    number = {group: at for at, group in enumerate(events, 1)}
    wanted = range(len(examples)) if needed is None else needed.tolist()
    made = dict(zip(wanted, network.rows([examples[row].query.text for row in wanted]), strict=True))
    unread = np.zeros_like(made[wanted[0]][:1])
    return Posts(
        [made.get(row, unread) for row in range(len(examples))],
        relevant.astype(np.float32),
        hazard,
        weight.astype(np.float32),
        np.array(hazard_weight, dtype=np.float32) * taught.astype(np.float32),
        np.array([number.get(example.group, 0) for example in examples]),
        np.array([fold[group] for group in held_together]),
    )


def beside(examples: list[Example], new: npt.NDArray[np.int64], sets: Iterable[str]) -> npt.NDArray[np.int64]:
    """Give the rows of one more turn: the new ones, those of the sets named, and ``SAMPLED`` of the rest, in order."""
    taught = set(new.tolist())
    named = {row for row, example in enumerate(examples) if example.source in set(sets)} - taught
    rest = np.array([row for row in range(len(examples)) if row not in named and row not in taught], dtype=np.int64)
    sampled = np.random.default_rng(SEED).permutation(rest)[:SAMPLED]
    return np.sort(np.concatenate([new, np.array(sorted(named), dtype=np.int64), sampled]).astype(np.int64))


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
    """Write trained layers and heads in the form that ``nlp.meaning.SentenceEncoder`` reads."""
    arrays = {name: np.asarray(value, dtype=np.float32) for name, value in params["heads"].items()}
    for number, layer in params["layers"].items():
        arrays |= kept({name: np.asarray(array) for name, array in layer.items()}, int(number))
    np.savez_compressed(path, **arrays)


class Part(NamedTuple):
    """A training that has part in a mean."""

    trained: Path
    readings: Path
    share: float

    @classmethod
    def of(cls, given: Sequence[str]) -> Part:
        """Read the three words after ``--mean-of``.

        Raises:
            ValueError: the share is no number above 0.
        """
        try:
            share = float(given[2])
        except ValueError:
            share = 0.0
        if not 0.0 < share < float("inf"):
            raise ValueError(f"--mean-of {given[0]}: expected a share above 0, got {given[2]}")
        return cls(Path(given[0]), Path(given[1]), share)


def mean_layers(parts: Sequence[Part]) -> Params:
    """Give the weighted mean of what ``save`` wrote, layer by layer and of both heads.

    Raises:
        ValueError: the parts hold different layers.
    """
    total = sum(part.share for part in parts)
    mixed: dict[str, dict[str, npt.NDArray[np.float64]]] = {}
    for part in parts:
        with np.load(part.trained, allow_pickle=False) as file:
            arrays = dict(file)
        if missing := {"heads", "bias"} - arrays.keys():
            raise ValueError(f"{part.trained}: expected trained layers and heads, got no {', '.join(sorted(missing))}")
        read_in = {str(number): unpacked(arrays, number) for number in range(FROZEN, LAYERS)}
        read_in["heads"] = {name: arrays[name] for name in ("heads", "bias")}
        for owner, layer in read_in.items():
            own = mixed.setdefault(owner, {name: np.zeros(array.shape) for name, array in layer.items()})
            if {name: array.shape for name, array in own.items()} != {
                name: array.shape for name, array in layer.items()
            }:
                raise ValueError(f"{part.trained}: expected the arrays of {parts[0].trained} in {owner}")
            for name, array in layer.items():
                own[name] += part.share / total * array.astype(np.float64)
    found = {owner: {name: array.astype(np.float32) for name, array in own.items()} for owner, own in mixed.items()}
    return {"heads": found.pop("heads"), "layers": found}


def mean_readings(parts: Sequence[Part], texts: Sequence[str]) -> Readings:
    """Give the weighted mean of what each part said of the texts when it had not seen them.

    What a part's readings do not hold was no training post of it: its trained layers read it.
    """
    total = sum(part.share for part in parts)
    found = np.zeros((len(texts), DIMENSIONS))
    for part in parts:
        unseen = HeldOutEncoder(Readings.load(part.readings), SentenceEncoder(part.trained))
        found += part.share / total * unseen.vectors(texts)
    return Readings.of(texts, read_off(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--readings", type=Path, required=True)
    parser.add_argument("--further", type=Path)
    parser.add_argument("--beside", action="append", default=[])
    parser.add_argument("--mean-of", action="append", nargs=3, default=[], metavar=("FILE", "READINGS", "SHARE"))
    parser.add_argument("--leave-out", action="append", default=[])
    parser.add_argument("--judged", type=Path)
    given = parser.parse_args()
    if given.mean_of and given.further is not None:
        parser.error("--mean-of, --further: expected one of them")
    verdicts = None if given.judged is None else read_verdicts(given.judged)
    examples, shares, gathered = read_sets(given.sets, left_out=given.leave_out, judged=verdicts)
    opened = Gate(Lexicon.load()).open([example.query.text for example in examples])
    examples = [one for one, ids in zip(examples, opened, strict=True) if ids or one.kind.startswith(WRITTEN)]
    texts = [example.query.text for example in examples]
    if given.mean_of:
        try:
            parts = [Part.of(words) for words in given.mean_of]
            layers, readings = mean_layers(parts), mean_readings(parts, texts)
        except (ValueError, OSError) as error:
            parser.error(str(error))
        save(given.out, layers)
        readings.save(given.readings)
        return
    network = Network()
    taught = np.array([example.taught for example in examples])
    print(f"{len(examples)} posts, {taught.sum()} of them taught", flush=True)
    if unknown := set(given.beside) - {example.source for example in examples}:
        parser.error(f"--beside: expected names of the sets read, got {', '.join(sorted(unknown))}")
    if given.further is not None:
        held = Readings.load(given.readings)
        known = set(held.keys.tolist())
        new = np.array(
            [row for row, text in enumerate(texts) if taught[row] and key_of(text) not in known], dtype=np.int64
        )
        print(f"{len(new)} posts are new", flush=True)
        rows = beside(examples, new, given.beside)
        posts = posts_of(network, examples, shares, gathered, rows)
        params = starting(network, posts, given.further)
        found = read(params, posts, new)
        report(examples, posts, new, found)
        added = Readings.of([texts[row] for row in new.tolist()], found)
        held.and_of(added).save(given.readings)
        save(given.out, train(posts, rows[taught[rows]], params, turns=1, pace=FURTHER_PACE))
        return
    everything = np.arange(len(examples))
    posts = posts_of(network, examples, shares, gathered)
    print("all posts", flush=True)
    save(given.out, train(posts, np.flatnonzero(taught), starting(network, posts)))
    found = np.zeros((len(examples), DIMENSIONS))
    for fold in range(FOLDS):
        print(f"fold {fold + 1} of {FOLDS}", flush=True)
        inside = np.flatnonzero(posts.fold == fold)
        params = train(posts, np.flatnonzero((posts.fold != fold) & taught), starting(network, posts))
        found[inside] = read(params, posts, inside)
        report(examples, posts, inside[taught[inside]], found[inside[taught[inside]]])
    print("held out, all together")
    report(examples, posts, everything[taught], found[taught])
    Readings.of(texts, found).save(given.readings)


if __name__ == "__main__":
    main()
