"""Makes the small golden files of the Java tests, from the references: python golden.py MODEL

MODEL is a HuggingFace folder, for its tokenizer; full_size.py makes one. Written are, in src/test/resources/parity:
small pictures of many kinds and beside each the square of 48 pixels that transformers' image processor makes of it, CLIP's
tokenizer, and the token ids that it gives for texts.txt. The photographs are scikit-image's astronaut, rocket (public
domain, NASA and SpaceX), cat, coffee and camera (CC0).
"""

import gzip
import json
import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data
from transformers import CLIPImageProcessorPil, CLIPTokenizer

from pictures import ORIENTATION, SKIMAGE_DATA, TURNS, write_png16
from reference import read_texts, token_ids, upright

HERE = Path(__file__).resolve().parent
OUT = HERE.parent.parent / "src" / "test" / "resources" / "parity"
SIDE = 48


def draw() -> None:
    astronaut, cat, coffee, camera = (
        Image.fromarray(picture) for picture in (data.astronaut(), data.chelsea(), data.coffee(), data.camera()))
    rocket = Image.open(SKIMAGE_DATA / "rocket.jpg")

    def small(picture: Image.Image, width: int, height: int) -> Image.Image:
        return picture.resize((width, height), Image.LANCZOS)

    portrait = small(astronaut.crop((80, 0, 380, 450)), 160, 240)
    portrait.save(OUT / "portrait.jpg", quality=85)
    turned = Image.Exif()
    turned[ORIENTATION] = 6
    portrait.transpose(TURNS[6]).save(OUT / "turned.jpg", quality=85, exif=turned)
    small(coffee.crop((0, 150, 600, 300)), 320, 80).save(OUT / "panorama.jpg", quality=85, progressive=True, subsampling=0)
    small(camera, 151, 149).save(OUT / "gray.jpg", quality=85)
    small(coffee, 150, 100).convert("CMYK").save(OUT / "cmyk.jpg", quality=85)
    small(rocket, 200, 133).save(OUT / "wide-colors.jpg", quality=85, icc_profile=rocket.info["icc_profile"])
    small(cat, 5, 7).save(OUT / "tiny.png")
    small(cat, 200, 1).save(OUT / "strip.png")
    small(cat, 90, 60).quantize(32).save(OUT / "palette.gif")
    seen_through = small(cat, 90, 60)
    seen_through.putalpha(Image.fromarray(np.tile(np.linspace(0, 255, 90), (60, 1)).astype(np.uint8)))
    seen_through.save(OUT / "alpha.png")
    gray = np.asarray(small(camera, 61, 60)).astype(np.int64)[:, :, None]
    write_png16(OUT / "16bit.png", np.minimum(gray * 257 + 100, 65535))
    small(cat, 240, 160).save(OUT / "lossy.webp", quality=80)
    small(cat, 240, 160).save(OUT / "animated.webp", save_all=True, append_images=[small(coffee, 240, 160)], quality=50)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    draw()
    square = {"height": SIDE, "width": SIDE}
    processor = CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size=square, do_rescale=False, do_normalize=False)
    for path in sorted(OUT.iterdir()):
        pixels = processor(upright(path), return_tensors="np")["pixel_values"][0].transpose(1, 2, 0)
        Image.fromarray(pixels.astype(np.uint8)).save(OUT / f"{path.stem}-{SIDE}.png", optimize=True)

    tokenizer = CLIPTokenizer.from_pretrained(sys.argv[1])
    with open(Path(sys.argv[1]) / "tokenizer.json", encoding="utf-8") as file:
        plain = json.load(file)
    # No file name and no time in it, so that the same tokenizer is the same file.
    with open(OUT / "clip-tokenizer.json.gz", "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode())
    lines = [json.dumps({"text": text, "ids": token_ids(tokenizer, text)}) for text in read_texts(HERE / "texts.txt")]
    (OUT / "clip-token-ids.json").write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
