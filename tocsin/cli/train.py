"""``tocsin train``: fit the sense model on labelled posts and write an account of how it does on events it did not see."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter
from rich.console import Console

from nlp.cues import CueBook
from nlp.gate import Gate
from nlp.judged import read_verdicts
from nlp.language import language_of
from nlp.lexicon import Lexicon
from nlp.meaning import Encoder, SentenceEncoder
from nlp.naming_training import fit_naming, held_out_likely, naming_report
from nlp.readings import HeldOutEncoder, Readings
from nlp.scale import best_threshold, language_offsets, platt
from nlp.sense import SenseReader
from nlp.training import circumstances, design_of, fit, held_out_scores, save, weights_of
from nlp.training_report import report
from nlp.training_set import read_sets


def train(  # noqa: PLR0913  the options of a command
    *sets: str,
    out: Path,
    account: Path | None = None,
    leave_out: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    languages_from: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    readings: Path | None = None,
    judged: Path | None = None,
    lexicon: Path | None = None,
) -> int:
    """Fit the sense model on labelled posts.

    A set is the path of two files without their endings: `PATH.posts.jsonl.gz` and `PATH.labels.jsonl.gz`. `PATH=SHARE` weighs a set
    as this part of all sets without a share, half of it relevant posts; such a set lends its words, not its mixture: scale, base rate
    and calibration come from the sets without a share.

    Args:
        sets: labelled sets; or folders of written lines.
        out: where the weights go (NumPy .npz).
        account: where the account of held-out events goes (Markdown); standard output by default.
        leave_out: events or kinds of posts that are not used.
        languages_from: names of sets of several languages: languages that the sets without a share do not hold get their offset from them.
        readings: what encoders that had not seen a post say of it (`scripts/tune_encoder.py`), for posts that the packaged encoder
            learnt from; it reads the others itself.
        judged: what careful readers said of posts of sets with a share (`training/judged.tsv`), in the place of their labels; nothing is
            learnt from posts of these sets that nobody judged.
        lexicon: a folder of term lists in place of the packaged ones.
    """
    console = Console(stderr=True)
    if not sets:
        sys.stderr.write("tocsin train: expected at least one set, got none\n")
        return 2
    encoder: Encoder = SentenceEncoder()
    try:
        with console.status("Reading the sets"):
            verdicts = None if judged is None else read_verdicts(judged)
            read, shares, gathered = read_sets(sets, left_out=leave_out, judged=verdicts)
            examples = [example for example in read if example.taught]
        if readings is not None:
            encoder = HeldOutEncoder(Readings.load(readings), encoder)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"tocsin train: {error}\n")
        return 2
    unknown = sorted(set(languages_from) - {example.source for example in examples})
    if unknown:
        sys.stderr.write(f"tocsin train: --languages-from: expected the name of a set, got {', '.join(unknown)}\n")
        return 2
    with console.status(f"Reading {len(examples)} posts"):
        terms = Lexicon.load(lexicon)
        design = design_of(SenseReader(terms, CueBook.load(), None), Gate(terms), encoder, examples)
    weight = weights_of(design.examples, shares)
    scaled = design.gated & ~np.isin(design.sources, list(shares))
    own = design.only(scaled)
    if not len(own.examples) or own.relevant.all() or not own.relevant.any():
        sys.stderr.write(
            "tocsin train: expected a set without a share, with relevant and irrelevant posts that open the gate\n"
        )
        return 2
    with console.status(f"Fitting {len(design.examples)} posts, {len(set(design.groups.tolist()))} groups held out"):
        likely = held_out_likely(design)
        beside = circumstances(design, likely, gathered)
        scores = held_out_scores(design, weight, beside)
        scale = platt(scores[scaled], own.relevant)
        base_rate = float(np.mean(own.relevant))
        logits = scale[0] * scores + scale[1]
        # The language that the reader will take it for, by which it looks the offset up.
        languages = np.array([language_of(one.query.text, one.query.lang) for one in design.examples])
        many = design.gated & np.isin(design.sources, languages_from)
        settled = set(languages[scaled].tolist())
        offsets = (
            language_offsets(logits[many], design.relevant[many], languages[many], design.sources[many], settled)
            if many.any()
            else {}
        )
        naming = fit_naming(design)
        save(out, fit(design, weight, beside=beside), scale, offsets, base_rate, naming)
    logits += np.array([offsets.get(lang, 0.0) for lang in languages.tolist()])
    probability = 1.0 / (1.0 + np.exp(-logits))
    text = (
        f"{design.seen} posts read, {len(design.examples)} hold a telling word, {int(design.gated.sum())} of them open the term gate; "
        f"scale and base rate from the {len(own.examples)} gated posts of the sets without a share: "
        f"base rate {base_rate:.3f}, Platt slope {scale[0]:.3f}, offset {scale[1]:.3f}; "
        f"best F1 from {best_threshold(probability[scaled], own.relevant):.2f}.\n"
        f"Further offsets: {', '.join(f'{lang} {value:+.2f}' for lang, value in offsets.items()) or 'none'}.\n\n"
        f"{report(design.only(design.gated), probability[design.gated])}\n"
        f"{naming_report(design, likely)}\n"
    )
    if account is None:
        sys.stdout.write(text)
    else:
        account.write_text(text, encoding="utf-8")
    return 0
