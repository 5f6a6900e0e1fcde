"""Trains both encoders together: python train.py --out DIR --minutes 58

Writes DIR/tokenizer.json and, every minute, DIR/checkpoint.pt (from which export.py works, and --resume goes on). The
learning rate follows the clock, so the run ends when it should on a busy machine too.
"""

import argparse
import math
import os
import random
import time

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor, nn

from captions import about_keywords, about_names, train_tokenizer
from model import CONTEXT_LENGTH, EOS, PAD, ImageEncoder, TextEncoder
from scenes import MOST, SpriteSheet, compose
from things import Thing, read_things

WEIGHT_DECAY = 0.05
WARM_UP = 0.03  # of the whole time
LARGEST_SCALE = 100.0
# Share of captions of single things that are keywords. Names first: keywords are shared and vague, and teach little before.
EARLY_KEYWORDS, LATE_KEYWORDS, LATE = 0.22, 0.45, 0.44


class Pair(nn.Module):
    """Both encoders and the temperature between them."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.image = ImageEncoder()
        self.text = TextEncoder(vocabulary)
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


class Captioner:
    """Draws what is on a batch of scenes, and says it."""

    def __init__(self, things: list[Thing], seed: int) -> None:
        self.things = things
        self.drawn = [number for number, thing in enumerate(things) if thing.codepoints]
        self.shapes = [number for number, thing in enumerate(things) if not thing.codepoints]
        self.chance = random.Random(seed)
        words = sorted({word for thing in things for word in thing.keywords})
        self.word_number = {word: number for number, word in enumerate(words)}
        self.has_word = torch.zeros(len(words), len(things), dtype=torch.bool)
        for number, thing in enumerate(things):
            for word in thing.keywords:
                self.has_word[self.word_number[word], number] = True

    def choose(self, batch: int) -> tuple[Tensor, Tensor]:
        """What each scene shows. The first thing of each is nowhere else first, so that few captions fit two scenes."""
        shapes = max(1, batch // 20)
        first = self.chance.sample(self.drawn, batch - shapes) + self.chance.sample(self.shapes, shapes)
        rows = []
        for thing in first:
            others = [
                self.chance.choice(self.drawn if self.chance.random() < 0.93 else self.shapes) for _ in range(MOST - 1)
            ]
            rows.append([thing, thing, thing] if self.chance.random() < 0.06 else [thing] + others)
        counts = self.chance.choices((1, 2, 3), weights=(62, 24, 14), k=batch)
        return torch.tensor(rows), torch.tensor(counts)

    def describe(
        self, shown: Tensor, counts: Tensor, sizes: Tensor, colours: list[str], keywords: float
    ) -> tuple[list[str], Tensor]:
        """A caption for each scene, and where a caption fits another scene than its own: [scenes, captions]."""
        batch, chance = len(shown), self.chance
        present = torch.zeros(batch, len(self.things))
        wanted = torch.ones(MOST, batch, len(self.things))
        captions = []
        for row, (numbers, count, size) in enumerate(zip(shown.tolist(), counts.tolist(), sizes.tolist())):
            numbers = numbers[:count]
            present[row, numbers] = 1
            thing = self.things[numbers[0]]
            if len(set(numbers)) > 1 and chance.random() < 0.2:
                numbers = numbers[:-1]  # not everything is always mentioned
            if thing.keywords and chance.random() < (keywords if count == 1 else keywords / 3):
                words = chance.sample(thing.keywords, min(len(thing.keywords), chance.choice((1, 1, 1, 2, 2, 3))))
                captions.append(about_keywords(words, chance))
                wanted[0, row] = self.has_word[[self.word_number[word] for word in words]].all(0)
                continue
            captions.append(about_names([self.things[number].name for number in numbers], size, colours[row], chance))
            for slot, number in enumerate(numbers):
                wanted[slot, row] = 0
                wanted[slot, row, number] = 1
        fits = torch.ones(batch, batch, dtype=torch.bool)
        for slot in range(MOST):
            fits &= (present @ wanted[slot].T) > 0
        return captions, fits & ~torch.eye(batch, dtype=torch.bool)


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
    parser.add_argument("--minutes", type=float, default=58)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--peak", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args()

    os.makedirs(options.out, exist_ok=True)
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    things = read_things()
    sheet, captioner = SpriteSheet(things), Captioner(things, options.seed)
    vocabulary = os.path.join(options.out, "tokenizer.json")
    if options.resume:
        tokenizer = Tokenizer.from_file(vocabulary)
    else:
        tokenizer = train_tokenizer(things)
        tokenizer.save(vocabulary)

    pair = Pair(tokenizer.get_vocab_size())
    pair.image.to(memory_format=torch.channels_last)
    smooth = Pair(tokenizer.get_vocab_size())
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
        step, samples, before = saved["step"], saved["samples"], saved["seconds"]
        captioner.chance.seed(options.seed + step)
        torch.manual_seed(options.seed + step)
    start, last_save, drawing, losses = time.monotonic(), time.monotonic(), 0.0, []
    while True:
        seconds = before + time.monotonic() - start
        progress = seconds / (options.minutes * 60)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(progress, options.peak)
        began = time.monotonic()
        with torch.no_grad():
            shown, counts = captioner.choose(options.batch)
            pixels, sizes, colours = compose(sheet, shown, counts)
            keywords = EARLY_KEYWORDS if progress < LATE else LATE_KEYWORDS
            captions, hidden = captioner.describe(shown, counts, sizes, colours, keywords)
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
        if step % 25 == 0:
            print(f"step {step} samples {samples} minute {seconds / 60:.1f} loss {sum(losses) / len(losses):.3f} "
                  f"scale {pair.log_scale.exp().item():.1f} drawing {drawing / (time.monotonic() - start):.0%} "
                  f"{samples / seconds:.0f}/s", flush=True)
            losses = []
        if time.monotonic() - last_save > 60 or progress >= 1:
            torch.save({"pair": pair.state_dict(), "smooth": smooth.state_dict(), "optimizer": optimizer.state_dict(),
                        "step": step, "samples": samples, "seconds": seconds, "batch": options.batch,
                        "seed": options.seed}, path + ".new")
            os.replace(path + ".new", path)
            last_save = time.monotonic()
        if progress >= 1:
            return


if __name__ == "__main__":
    main()
