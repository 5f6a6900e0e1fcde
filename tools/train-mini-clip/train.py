"""Trains both encoders together: python train.py --out DIR --samples 1000000

Writes DIR/tokenizer.json and, every minute, DIR/checkpoint.pt (from which export.py works, --resume goes on, and another
run may --start).
"""

import argparse
import math
import os
import random
import time
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor, nn

from captions import about_keywords, about_names, about_parts, counted, train_tokenizer, with_article
from model import CONTEXT_LENGTH, EOS, PAD, ImageEncoder, TextEncoder
from scenes import COLOUR_NAMES, MOST, NONE, SpriteSheet, compose
from things import SHAPES, Thing, read_things

WEIGHT_DECAY = 0.05
WARM_UP = 0.03  # of the whole run
LARGEST_SCALE = 100.0
TWIN_SHARE = 0.34  # of the scenes of a batch
LATE, LATE_STYLED = 0.6, 0.5  # from this part of the run on, this part of the drawings that were restyled before
KEYWORDS = 0.4  # share of captions of single things that are keywords


class Pair(nn.Module):
    """Both encoders and the temperature between them."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.image = ImageEncoder()
        self.text = TextEncoder(torch.arange(vocabulary))
        self.log_scale = nn.Parameter(torch.tensor(math.log(20.0)))

    def forward(self, pixels: Tensor, ids: Tensor, hidden: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            images, texts = self.image.features(pixels), self._texts(ids)
        images, texts = F.normalize(images.float(), dim=-1), F.normalize(texts.float(), dim=-1)
        scores = images @ texts.T * self.log_scale.exp().clamp(max=LARGEST_SCALE)
        scores = scores.masked_fill(hidden, -1e4)
        aim = torch.arange(len(scores))
        return (F.cross_entropy(scores, aim) + F.cross_entropy(scores.T, aim)) / 2


    def _texts(self, ids: Tensor) -> Tensor:
        """The shorter three quarters and the rest apart, so that the short ones are not padded to the longest."""
        order = (ids != PAD).sum(1).argsort()
        short, long = order[: len(order) * 3 // 4], order[len(order) * 3 // 4 :]
        length = int((ids[short] != PAD).sum(1).max())
        texts = torch.cat([self.text.features(ids[short, :length]), self.text.features(ids[long])])
        return texts[order.argsort()]


@dataclass
class Scene:
    """What one scene shows: numbers of things, palette indices or NONE, and its caption if that is settled already."""

    things: list[int]
    paints: list[int] = field(default_factory=lambda: [NONE] * MOST)
    ground: int = NONE
    caption: str = ""


class Captioner:
    """Plans what is on a batch of scenes, and says it."""

    def __init__(self, things: list[Thing], seed: int) -> None:
        self.things = things
        self.drawn = [number for number, thing in enumerate(things) if thing.codepoints]
        self.shapes = {thing.name: number for number, thing in enumerate(things) if not thing.codepoints}
        self.chance = random.Random(seed)
        words = sorted({word for thing in things for word in thing.keywords})
        self.word_number = {word: number for number, word in enumerate(words)}
        self.has_word = torch.zeros(len(words), len(things), dtype=torch.bool)
        for number, thing in enumerate(things):
            for word in thing.keywords:
                self.has_word[self.word_number[word], number] = True

    def plan(self, batch: int) -> list[Scene]:
        """The first 2 * TWINS scenes are twins, two by two. The first thing of each of the others is nowhere else first,
        so that few captions fit two scenes."""
        twins = int(batch * TWIN_SHARE / 2)
        rest = batch - 2 * twins
        shapes = min(max(1, batch // 20), len(self.shapes))
        first = self.chance.sample(self.drawn, rest - shapes) + self.chance.sample(list(self.shapes.values()), shapes)
        scenes = [scene for _ in range(twins) for scene in self._twins()]
        for thing, count in zip(first, self.chance.choices((1, 2, 3), weights=(66, 22, 12), k=rest)):
            others = [self._any() for _ in range(count - 1)]
            scene = Scene([thing] * count if self.chance.random() < 0.06 else [thing] + others)
            for slot, number in enumerate(scene.things):
                if self.chance.random() < 0.15 and self.things[number].codepoints:
                    scene.paints[slot] = self._colour()
            scenes.append(scene)
        return scenes

    def _any(self) -> int:
        return self.chance.choice(self.drawn if self.chance.random() < 0.93 else list(self.shapes.values()))

    def _colour(self) -> int:
        return self.chance.randrange(len(COLOUR_NAMES))

    def _twins(self) -> tuple[Scene, Scene]:
        """Two scenes with the same words in other places, so that only who has which colour or number tells them apart."""
        chance = self.chance
        one, two, other = chance.sample(self.drawn, 3)
        name = lambda number: self.things[number].name  # noqa: E731
        bare = lambda number: self.things[number].bare_name  # noqa: E731
        first, second = chance.sample(range(len(COLOUR_NAMES)), 2)
        colours = COLOUR_NAMES[first], COLOUR_NAMES[second]
        say = lambda ground, *parts: about_parts(list(parts), ground, chance)  # noqa: E731
        kind = chance.choices(("colours", "paint", "ground", "painted pair", "shapes", "count", "counted pair", "pair"),
                              weights=(22, 6, 4, 26, 10, 8, 14, 10))[0]
        if kind == "colours":
            return tuple(Scene([one], [paint, NONE, NONE], ground, say(COLOUR_NAMES[ground], with_article(
                f"{COLOUR_NAMES[paint]} {bare(one)}"))) for paint, ground in ((first, second), (second, first)))
        if kind == "paint":
            return tuple(Scene([one], [paint, NONE, NONE], NONE, say("", with_article(f"{COLOUR_NAMES[paint]} {bare(one)}")))
                         for paint in (first, second))
        if kind == "ground":
            return tuple(Scene([one], ground=ground, caption=say(COLOUR_NAMES[ground], with_article(name(one))))
                         for ground in (first, second))
        if kind == "painted pair":
            return tuple(Scene([one, two], [a, b, NONE], NONE, say("", with_article(f"{COLOUR_NAMES[a]} {bare(one)}"),
                                                                   with_article(f"{COLOUR_NAMES[b]} {bare(two)}")))
                         for a, b in ((first, second), (second, first)))
        if kind == "shapes":
            shapes = chance.sample(SHAPES, 2)
            pairs = [[f"{a} {shapes[0]}", f"{b} {shapes[1]}"] for a, b in (colours, colours[::-1])]
            return tuple(Scene([self.shapes[shape] for shape in pair], caption=say("", *map(with_article, pair)))
                         for pair in pairs)
        if kind == "count":
            return tuple(Scene([one] * count, caption=say("", counted(count, name(one), chance)))
                         for count in chance.sample((1, 2, 3), 2))
        if kind == "counted pair":
            return tuple(Scene([a, a, b], caption=say("", counted(2, name(a), chance), counted(1, name(b), chance)))
                         for a, b in ((one, two), (two, one)))
        return tuple(Scene([one, b], caption=say("", with_article(name(one)), with_article(name(b)))) for b in (two, other))

    def describe(
        self, scenes: list[Scene], sizes: list[float], grounds: list[str]
    ) -> tuple[list[str], Tensor]:
        """A caption for each scene, and where a caption fits another scene than its own: [scenes, captions]."""
        batch, chance = len(scenes), self.chance
        present = torch.zeros(batch, len(self.things))
        wanted = torch.ones(MOST, batch, len(self.things))
        captions = []
        for row, scene in enumerate(scenes):
            numbers = scene.things
            present[row, numbers] = 1
            if not scene.caption and len(set(numbers)) > 1 and chance.random() < 0.2:
                numbers = numbers[:-1]  # not everything is always mentioned
            thing = self.things[numbers[0]]
            if not scene.caption and thing.keywords and chance.random() < (KEYWORDS if len(numbers) == 1 else KEYWORDS / 3):
                words = chance.sample(thing.keywords, min(len(thing.keywords), chance.choice((1, 1, 1, 2, 2, 3))))
                captions.append(about_keywords(words, chance))
                wanted[0, row] = self.has_word[[self.word_number[word] for word in words]].all(0)
                continue
            captions.append(scene.caption or about_names(
                [self._called(scene, slot) for slot in range(len(numbers))], sizes[row], grounds[row], chance))
            for slot, number in enumerate(numbers):
                wanted[slot, row] = 0
                wanted[slot, row, number] = 1
        fits = torch.ones(batch, batch, dtype=torch.bool)
        for slot in range(MOST):
            fits &= (present @ wanted[slot].T) > 0
        for row in range(0, int(batch * TWIN_SHARE / 2) * 2, 2):
            fits[row, row + 1] = fits[row + 1, row] = False
        return captions, fits & ~torch.eye(batch, dtype=torch.bool)

    def _called(self, scene: Scene, slot: int) -> str:
        """A repainted thing by its colour or without; a red apple that is blue now is never called red."""
        thing, paint = self.things[scene.things[slot]], scene.paints[slot]
        if paint == NONE:
            return thing.name
        return f"{COLOUR_NAMES[paint]} {thing.bare_name}" if thing.colour or self.chance.random() < 0.6 else thing.name


def encode(tokenizer, captions: list[str]) -> Tensor:
    """Token ids [captions, longest], cut to the context length (the end token stays) and padded."""
    encoded = [encoding.ids for encoding in tokenizer.encode_batch(captions)]
    encoded = [ids[: CONTEXT_LENGTH - 1] + [EOS] if len(ids) > CONTEXT_LENGTH else ids for ids in encoded]
    longest = max(map(len, encoded))
    return torch.tensor([ids + [PAD] * (longest - len(ids)) for ids in encoded])


def learning_rate(progress: float, peak: float) -> float:
    if progress < WARM_UP:
        return peak * progress / WARM_UP
    return peak * (0.002 + 0.998 * 0.5 * (1 + math.cos(math.pi * min(1.0, (progress - WARM_UP) / (1 - WARM_UP)))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--peak", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    parser.add_argument("--noto", type=float, default=0.65, help="share of Noto's drawings, the rest are other artists'")
    parser.add_argument("--styled", type=float, default=1.0, help="share of the drawings in scenes.STYLES that are restyled")
    parser.add_argument("--start", help="folder of a run whose weights and tokenizer this one begins with")
    options = parser.parse_args()

    os.makedirs(options.out, exist_ok=True)
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)  # moments of words that are rarely said decay to such numbers, which cost 100 times as much
    torch.manual_seed(options.seed)
    things = read_things()
    sheet, captioner = SpriteSheet(things, options.noto), Captioner(things, options.seed)
    vocabulary = os.path.join(options.out, "tokenizer.json")
    if options.resume:
        tokenizer = Tokenizer.from_file(vocabulary)
    else:
        tokenizer = (Tokenizer.from_file(os.path.join(options.start, "tokenizer.json")) if options.start
                     else train_tokenizer(things))
        tokenizer.save(vocabulary)

    pair = Pair(tokenizer.get_vocab_size())
    pair.image.to(memory_format=torch.channels_last)
    smooth = Pair(tokenizer.get_vocab_size())
    earlier = 0  # samples of the run that this one began with
    if options.start:
        begun = torch.load(os.path.join(options.start, "checkpoint.pt"))
        pair.load_state_dict(begun["smooth"])
        earlier = begun["samples"] + begun.get("earlier", 0)
    smooth.load_state_dict(pair.state_dict())
    decayed = [weights for weights in pair.parameters() if weights.ndim > 1]
    others = [weights for weights in pair.parameters() if weights.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}],
        lr=options.peak, betas=(0.9, 0.98))
    print(sum(weights.numel() for weights in pair.image.parameters()), "image,",
          sum(weights.numel() for weights in pair.text.parameters()), "text parameters,", len(things), "things", flush=True)

    path = os.path.join(options.out, "checkpoint.pt")
    step, samples, before = 0, 0, 0.0
    if options.resume:
        saved = torch.load(path)
        pair.load_state_dict(saved["pair"])
        smooth.load_state_dict(saved["smooth"])
        optimizer.load_state_dict(saved["optimizer"])
        step, samples, before, earlier = saved["step"], saved["samples"], saved["seconds"], saved["earlier"]
        captioner.chance.seed(options.seed + step)
        torch.manual_seed(options.seed + step)
    start, last_save, drawing, losses = time.monotonic(), time.monotonic(), 0.0, []
    while True:
        seconds = before + time.monotonic() - start
        progress = samples / options.samples
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(progress, options.peak)
        began = time.monotonic()
        with torch.no_grad():
            scenes = captioner.plan(options.batch)
            shown = torch.tensor([scene.things + [0] * (MOST - len(scene.things)) for scene in scenes])
            counts = torch.tensor([len(scene.things) for scene in scenes])
            pixels, sizes, grounds = compose(sheet, shown, counts, torch.tensor([scene.paints for scene in scenes]),
                                             torch.tensor([scene.ground for scene in scenes]), captioner.chance,
                                             options.styled * (1.0 if progress < LATE else LATE_STYLED))
            captions, hidden = captioner.describe(scenes, sizes.tolist(), grounds)
            ids = encode(tokenizer, captions)
        drawing += time.monotonic() - began
        loss = pair(pixels.to(memory_format=torch.channels_last), ids, hidden)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(pair.parameters(), 1.0)
        optimizer.step()
        step, samples = step + 1, samples + options.batch
        losses.append(loss.item())
        keep = min(0.997, (1 + step) / (10 + step))
        with torch.no_grad():
            for old, new in zip(smooth.state_dict().values(), pair.state_dict().values()):
                old.lerp_(new, 1 - keep) if old.is_floating_point() else old.copy_(new)
        if step % 10 == 0:
            print(f"step {step} samples {samples} minute {seconds / 60:.1f} loss {sum(losses) / len(losses):.3f} "
                  f"scale {pair.log_scale.exp().item():.1f} drawing {drawing / (time.monotonic() - start):.0%} "
                  f"{samples / seconds:.0f}/s", flush=True)
            losses = []
        if time.monotonic() - last_save > 60 or progress >= 1:
            torch.save({"pair": pair.state_dict(), "smooth": smooth.state_dict(), "optimizer": optimizer.state_dict(),
                        "step": step, "samples": samples, "seconds": seconds, "batch": options.batch,
                        "seed": options.seed, "earlier": earlier}, path + ".new")
            os.replace(path + ".new", path)
            last_save = time.monotonic()
        if progress >= 1:
            return


if __name__ == "__main__":
    main()
