"""Teaches a text encoder what people type: python train_words.py --out DIR --samples 1500000

A new text encoder begins as a copy of the shipped one, with a token for each word of the lexicon, and learns to answer what that one answers to
the plain caption that means the same; to plain captions it goes on answering as before. No picture takes part, so vectors of pictures stay as
they are. Words with one meaning share a row of the table of tokens.

Writes DIR/tokenizer.json and, every two minutes, DIR/checkpoint.pt. evaluate_words.py measures it, export_words.py ships it.
"""

import argparse
import math
import os
import random
import threading
import time
from queue import Queue

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor, nn

from captions import about_keywords, about_names
from evaluate import MODEL, open_model
from model import PAD, TextEncoder
from scenes import COLOUR_NAMES
from things import Thing, read_things
from train import Captioner, encode, learning_rate
from words import LANGUAGES, NOTHING, Asker, common, extended, pluralize, synonyms, with_typo

SHARPNESS = 30.0  # of the comparison with all things
NEW = 10  # times as fast as the rest do words of the lexicon learn
BARE = 0.25  # share of plain captions that only name a thing
PLAIN_WEIGHT = 2.0  # of a plain caption, beside other texts
PLAIN = ("{x}", "a {x}", "a picture of {x}", "a photo of {x}")  # what a thing is called, on average


class Source:
    """Batches of texts, and of the captions that mean the same: a caption, or the number of a thing."""

    def __init__(self, seed: int) -> None:
        self.things = read_things()
        self.drawn = [number for number, thing in enumerate(self.things) if thing.codepoints]
        self.chance = random.Random(seed)
        self.captioner, self.asker = Captioner(self.things, seed), Asker(self.chance)

    def batch(self, size: int) -> tuple[list[str], list[str | int]]:
        texts, means = [], []
        for caption in self._plain(size * 4 // 10):
            texts.append(caption)
            means.append(caption)
        while len(texts) < size:
            text, meaning = self._asked()
            texts.append(text)
            means.append(meaning)
        return texts, means

    def _plain(self, count: int) -> list[str]:
        """Captions as the first training had them, with more of those that count or tell several things apart."""
        scenes = self.captioner.plan(count * 2)
        self.chance.shuffle(scenes)
        captions = []
        for scene in scenes[:count]:
            names = [self.things[number].name for number in scene.things]
            if self.chance.random() < BARE:
                captions.append(self.chance.choice(PLAIN).format(x=names[0]))
                continue
            words = self.things[scene.things[0]].keywords
            if not scene.caption and len(names) == 1 and words and self.chance.random() < 0.4:
                captions.append(about_keywords(self.chance.sample(words, min(len(words), self.chance.choice((1, 1, 1, 2, 3)))), self.chance))
            else:
                ground = self.chance.choice(COLOUR_NAMES) if self.chance.random() < 0.3 else ""
                captions.append(scene.caption or about_names(names, self.chance.random(), ground, self.chance))
        return captions

    def _asked(self) -> tuple[str, str | int]:
        chance, asker = self.chance, self.asker
        number = chance.choice(self.drawn)
        thing = self.things[number]
        kind = chance.choices(("decorated", "several", "plural", "synonym", "typo", "language", "nonsense"), weights=(22, 10, 4, 8, 42, 8, 6))[0]
        if kind == "decorated":
            return asker.decorated(thing.name), number
        if kind == "plural":
            said = pluralize(thing.name)
            return (said if chance.random() < 0.5 else asker.in_phrase(said)), number
        if kind == "synonym":
            other = chance.choice(synonyms()[thing.name])
            pick = chance.random()
            if pick < 0.5:
                return asker.bare(other), number
            if pick < 0.65:
                return pluralize(other), number
            return (asker.decorated(other) if pick < 0.85 else with_typo(other, chance)), number
        if kind == "typo":
            said = with_typo(thing.name, chance)
            return (asker.bare(said) if chance.random() < 0.85 else asker.decorated(said)), number
        if kind == "language":
            return asker.in_language(thing, chance.choice(LANGUAGES)), number
        if kind == "several":
            return self._several()
        made_up = "".join(chance.choice("bcdfghjklmnprstvwz") + chance.choice("aeiou") for _ in range(chance.randint(2, 4)))
        word = made_up if chance.random() < 0.5 else chance.choice(common("noun", False))
        caption = chance.choice(("{x}", "a {x}", "a picture of {x}", "the {x}")).format(x=word)
        return caption, caption

    def _several(self) -> tuple[str, str]:
        """Two things, or a colour or a number, with noise around it."""
        chance = self.chance
        one, two = (self.things[number] for number in chance.sample(self.drawn, 2))
        kind = chance.randrange(3)
        if kind == 0:
            plain = f"a {one.name} and a {two.name}"
            said = f"{self.asker.with_adjective(one.name)} and {self.asker.bare(two.name)}"
            return (self.asker.somewhere(said) if chance.random() < 0.4 else said), plain
        if kind == 1:
            said = f"{chance.choice(COLOUR_NAMES)} {one.bare_name}"
        else:
            said = f"{chance.choice(('two', 'three'))} {pluralize(one.name)}"
        noisy = chance.choice((f"{self.asker.adjective()} {said}", f"i am looking for {said}", self.asker.somewhere(said), f"{said} please"))
        return noisy, said


def ahead(source: Source, size: int) -> Queue:
    """Batches that a thread of its own draws."""
    queue: Queue = Queue(maxsize=4)

    def draw() -> None:
        while True:
            queue.put(source.batch(size))

    threading.Thread(target=draw, daemon=True).start()
    return queue


class Student(nn.Module):
    """The text encoder that learns. Rows of words of the lexicon are apart, so that they can learn faster than the rest."""

    def __init__(self, old: TextEncoder, before: Tokenizer, meanings: list[str]) -> None:
        super().__init__()
        known = before.get_vocab_size()
        named = [thing.name for thing in read_things() if thing.codepoints] + [NOTHING]
        rows = torch.cat([torch.arange(known), torch.tensor([known + named.index(name) for name in meanings])])
        self.text = TextEncoder(rows)
        state = {name: weights.clone() for name, weights in old.state_dict().items() if name != "rows"}
        old_tokens = state.pop("tokens.weight")
        self.text.load_state_dict(state, strict=False)
        del self.text.tokens
        self.old = nn.Parameter(old_tokens)
        # A word begins as the mean of the tokens of what it means.
        self.new = nn.Parameter(torch.stack([
            old_tokens[before.encode(name or "my", add_special_tokens=False).ids].mean(0) for name in named]))

    def features(self, ids: Tensor) -> Tensor:
        self.text.tokens = lambda rows: F.embedding(rows, torch.cat([self.old, self.new]))
        return self.text.features(ids)

    def take(self, finished: dict[str, Tensor]) -> None:
        """Goes on from weights that another run finished with."""
        self.text.load_state_dict({name: weights for name, weights in finished.items() if name not in ("tokens.weight", "rows")}, strict=False)
        with torch.no_grad():
            self.old.copy_(finished["tokens.weight"][: len(self.old)])
            self.new.copy_(finished["tokens.weight"][len(self.old) :])

    def finished(self) -> dict[str, Tensor]:
        """The weights of a TextEncoder."""
        state = {name.removeprefix("text."): weights for name, weights in self.state_dict().items() if name.startswith("text.")}
        return {**state, "tokens.weight": torch.cat([self.old, self.new]).detach()}


def in_halves(encoder: TextEncoder | Student, ids: Tensor) -> Tensor:
    """Embeds the shorter three quarters and the rest apart, so that the short ones are not padded to the longest."""
    lengths = (ids != PAD).sum(1)
    order = lengths.argsort()
    cut = len(order) * 3 // 4
    short = int(lengths[order[:cut]].max())
    both = torch.cat([encoder.features(ids[order[:cut], :short]), encoder.features(ids[order[cut:]])])
    return F.normalize(both.float()[order.argsort()], dim=-1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    parser.add_argument("--model", default=MODEL, help="folder of the model that it learns from, without words")
    parser.add_argument("--samples", type=int, default=250_000)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--peak", type=float, default=3e-4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", help="folder of a run that this one goes on from")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()

    os.makedirs(options.out, exist_ok=True)
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(options.seed)
    _, exported, _ = open_model(options.model)
    old_tokens = Tokenizer.from_file(os.path.join(options.model, "tokenizer.json"))
    if any(not token.special for token in old_tokens.get_added_tokens_decoder().values()):
        parser.error(f"{options.model} has learned words already: --model takes one that has not, as export.py makes it")
    teacher = TextEncoder(torch.arange(old_tokens.get_vocab_size()))
    teacher.load_state_dict(exported.state_dict(), strict=False)
    teacher.eval()
    tokens, meanings = extended(old_tokens)
    tokens.save(os.path.join(options.out, "tokenizer.json"), pretty=False)
    student, smooth = (Student(teacher, old_tokens, meanings) for _ in range(2))
    if options.start:
        for each in (student, smooth):
            each.take(torch.load(os.path.join(options.start, "checkpoint.pt"))["smooth"])

    source = Source(options.seed)
    with torch.inference_mode():
        said = [form.format(x=thing.name) for thing in source.things for form in PLAIN]
        things = in_halves(teacher, encode(old_tokens, said)).view(len(source.things), len(PLAIN), -1)
        things = F.normalize(things.mean(1), dim=-1)
    things = things.clone()
    optimizer = torch.optim.Adam([{"params": [weights for name, weights in student.named_parameters() if name != "new"], "peak": options.peak},
                                  {"params": [student.new], "peak": options.peak * NEW}], betas=(0.9, 0.98))
    batches = ahead(source, options.batch)
    step, samples, begun, saved, losses = 0, 0, time.monotonic(), time.monotonic(), []
    while samples < options.samples:
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(samples / options.samples, group["peak"])
        texts, means = batches.get()
        captions = [row for row, meaning in enumerate(means) if isinstance(meaning, str)]
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            aim = torch.empty(len(texts), things.shape[1])
            aim[captions] = in_halves(teacher, encode(old_tokens, [means[row] for row in captions]))
        named = [row for row, meaning in enumerate(means) if not isinstance(meaning, str)]
        aim[named] = things[[means[row] for row in named]]
        with torch.autocast("cpu", torch.bfloat16):
            answer = in_halves(student, encode(tokens, texts))
        wanted = F.softmax(SHARPNESS * aim @ things.T, dim=-1)
        weight = torch.tensor([PLAIN_WEIGHT if text == meaning else 1.0 for text, meaning in zip(texts, means)])
        apart = 4 * (1 - (answer * aim).sum(1)) + 0.3 * F.cross_entropy(SHARPNESS * answer @ things.T, wanted, reduction="none")
        loss = (weight * apart).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        step, samples = step + 1, samples + len(texts)
        with torch.no_grad():
            cosine = (answer * aim).sum(1)
            losses.append((loss.item(), cosine[captions].mean().item(), cosine[named].mean().item()))
            keep = min(0.998, (1 + step) / (10 + step))
            for old, new in zip(smooth.parameters(), student.parameters()):
                old.lerp_(new, 1 - keep)
        if step % 50 == 0:
            means_of = [sum(values) / len(values) for values in zip(*losses)]
            print(f"step {step} samples {samples} minute {(time.monotonic() - begun) / 60:.1f} loss {means_of[0]:.3f} "
                  f"cosine plain {means_of[1]:.4f} asked {means_of[2]:.4f} {samples / (time.monotonic() - begun):.0f}/s", flush=True)
            losses = []
        if time.monotonic() - saved > 120 or samples >= options.samples:
            torch.save({"smooth": smooth.finished(), "samples": samples, "seed": options.seed}, os.path.join(options.out, "checkpoint.pt.new"))
            os.replace(os.path.join(options.out, "checkpoint.pt.new"), os.path.join(options.out, "checkpoint.pt"))
            saved = time.monotonic()


if __name__ == "__main__":
    main()
