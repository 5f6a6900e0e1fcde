"""Draws the held-out scenes: python demo.py  (writes samples, 500 things, one to a scene)

The seed is nowhere else in use, and the drawing is scenes.paint, which training never calls.
"""

import os
import re
import shutil
import unicodedata

import numpy

from scenes import paint
from things import HERE, read_things

SEED = 20261123
SCENES = 500
# What people try first; the rest of the 500 is drawn by lot.
ALWAYS = """
cat, dog, horse, cow, pig, rabbit, mouse, lion, tiger, elephant, giraffe, zebra, monkey, bear, panda, koala,
kangaroo, wolf, fox, unicorn, owl, penguin, flamingo, parrot, chicken, duck, eagle, turtle, frog, snake, crocodile,
whale, dolphin, shark, octopus, butterfly, snail, honeybee, ant, spider, rose, tulip, sunflower, cactus, palm tree,
mushroom, banana, lemon, pineapple, strawberry, cherries, grapes, watermelon, pear, tomato, avocado, carrot,
broccoli, red apple, green apple, french fries, hot dog, birthday cake, ice cream, hot beverage, wine glass,
beer mug, bread, pizza, hamburger, taco, popcorn, egg, doughnut, cookie, teapot, spoon, house, castle, church,
mountain, volcano, tent, fountain, ferris wheel, bus, taxi, automobile, bicycle, motorcycle, tractor, ambulance,
fire engine, police car, locomotive, sailboat, ship, airplane, helicopter, rocket, anchor, umbrella, rainbow,
snowman, fire, cloud, sun, star, crescent moon, soccer ball, basketball, tennis, trophy, kite, guitar, violin,
trumpet, drum, saxophone, microphone, crown, glasses, jeans, dress, necktie, backpack, scissors, hammer, key, candle,
light bulb, books, camera, television, laptop, mobile phone, bed, chair, door, toilet, window, magnet, microscope,
telescope, robot, ghost, skull, red heart, alien, teddy bear, wrapped gift, Christmas tree, jack-o-lantern
"""
FOLDER = os.path.join(os.path.dirname(os.path.dirname(HERE)), "samples")


def slug(name: str) -> str:
    plain = unicodedata.normalize("NFD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "")).strip("-")


def main() -> None:
    chance = numpy.random.default_rng(SEED)
    drawn = [thing for thing in read_things() if thing.codepoints]
    known = {name.strip() for name in ALWAYS.split(",")}
    unheard = known - {thing.name for thing in drawn}
    if unheard:
        raise ValueError(f"not in things.tsv: {sorted(unheard)}")
    chosen = [number for number, thing in enumerate(drawn) if thing.name in known]
    others = [number for number, thing in enumerate(drawn) if thing.name not in known]
    chosen = sorted(chosen + list(chance.choice(others, SCENES - len(chosen), replace=False)))
    fresh = FOLDER + ".new"
    shutil.rmtree(fresh, ignore_errors=True)
    os.makedirs(fresh)
    with open(os.path.join(fresh, "scenes.tsv"), "w", encoding="utf-8") as table:
        table.write("file\tname\tquery\n")
        for number in chosen:
            thing = drawn[number]
            file = slug(thing.name) + ".jpg"
            paint([thing], chance).save(os.path.join(fresh, file), quality=85)
            table.write(f"{file}\t{thing.name}\ta picture of {thing.name}\n")
    shutil.copy(os.path.join(HERE, "samples.README.md"), os.path.join(fresh, "README.md"))
    shutil.rmtree(FOLDER, ignore_errors=True)
    os.rename(fresh, FOLDER)


if __name__ == "__main__":
    main()
