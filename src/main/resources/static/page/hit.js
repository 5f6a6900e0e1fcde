// What there is to say of one picture: its name, its relevance in a word, and why it was found.

import {text} from './texts.js';

const CLEAR = 0.75;
const LIKELY = 0.5;
const PERHAPS = 0.25;

export const title = picture => picture.caption ?? picture.filename ?? text.unnamed;

// The word's key, null where relevance is not known.
export function relevance({relevance: chance}) {
  if (chance === null || chance === undefined) return null;
  if (chance >= CLEAR) return 'clear';
  if (chance >= LIKELY) return 'likely';
  return chance >= PERHAPS ? 'perhaps' : 'hardly';
}

const words = said => fold(said).split(/[^\p{L}\p{N}]+/u).filter(Boolean);

// Without capitals and accents, as the server compares.
function fold(said) {
  return said.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

// Where the words that were asked for are, null if the picture was not found by words.
export function place(picture, asked) {
  if (!picture.matched?.includes('text')) return null;
  const wanted = words(asked);
  const has = said => said && words(said).some(word => wanted.some(each => word.startsWith(each) || each.startsWith(word) && word.length > 2));
  if (has(picture.caption)) return text.words.caption;
  if (picture.tags.some(has)) return text.words.tags;
  if (has(picture.filename)) return text.words.filename;
  return text.words.some;
}

export function why(picture, asked) {
  return picture.matched ? text.why(picture.matched.includes('vector'), place(picture, asked)) : '';
}

// The sources from which a browser takes the one that is sharp on its screen. A thumbnail is never larger than its picture.
export function sources(picture, sizes) {
  const {width, height} = picture;
  const known = width > 0 && height > 0;
  const longer = Math.max(width, height);
  return sizes.map(size => {
    const shown = known ? Math.max(1, Math.round(width * Math.min(1, size / longer))) : size;
    return `/${picture.id}/thumbnail?size=${size} ${shown}w`;
  }).filter((each, at, all) => !known || at === 0 || sizes[at - 1] < longer).join(', ');
}
