// The chips that narrow a search, with how many pictures each leaves.

import {isFiltered} from './address.js';
import {call} from './api.js';
import {element, icon} from './dom.js';
import {format, month, number, text} from './texts.js';

const TYPES = {'image/jpeg': 'jpg', 'image/x-dcraw': 'raw'};
const typeOf = mediaType => TYPES[mediaType] ?? mediaType.replace('image/', '');

let counted = null;

// What there is without any filter, so that a chip stays when another one is chosen. Asked again after a minute.
export async function all() {
  if (!counted || performance.now() - counted.at > 60_000) {
    const {facets} = await call('/search', {method: 'POST', json: {text: 'picture', mode: 'vector', limit: 1, facets: true}});
    counted = {at: performance.now(), facets};
  }
  return counted.facets;
}

export function forget() {
  counted = null;
}

// Draws the chips into `bar`; `change` gets what of the state changes.
export function draw(bar, state, everything, narrowed, change) {
  const rows = (kind, value) => (narrowed?.[kind] ?? everything[kind] ?? []).find(each => each.value === value)?.rows ?? 0;
  const chips = [];
  const toggled = (list, value) => list.includes(value) ? list.filter(each => each !== value) : [...list, value];
  const many = (name, kind, values, label, counts) => {
    if (values.length < 2 && state[name].length === 0) return;
    chips.push(values.map(value => chip(label(value), rows(kind, counts(value)), state[name].includes(value),
      () => change({[name]: toggled(state[name], value)}))));
  };
  many('orientation', 'orientations', union((everything.orientations ?? []).map(each => each.value), state.orientation),
    value => text.orientation[value], value => value);
  const mediaTypes = new Map(everything.formats.map(each => [typeOf(each.value), each.value]));
  many('type', 'formats', union([...mediaTypes.keys()], state.type), format, value => mediaTypes.get(value));
  const tags = union(everything.tags.map(each => each.value), state.tag);
  if (tags.length > 0) {
    chips.push(tags.map(tag =>
      chip(tag, rows('tags', tag), state.tag.includes(tag), () => change({tag: toggled(state.tag, tag)}), 'with-tag')));
  }
  const months = union(everything.months.map(each => each.value).reverse(), state.month ? [state.month] : []);
  if (months.length > 1 || state.month) {
    chips.push(months.map(each => chip(month(each), rows('months', each), state.month === each,
      () => change({month: state.month === each ? '' : each}))));
  }
  const focused = [...bar.querySelectorAll('button')].findIndex(each => each === document.activeElement);
  bar.replaceChildren(...chips.map(group => element('span', {className: 'chip-group'}, ...group)));
  if (isFiltered(state)) bar.prepend(element('button', {type: 'button', className: 'chip clear', onclick: () => change(null)}, icon('i-close'), text.clear));
  const buttons = [...bar.querySelectorAll('button')];
  buttons.forEach((button, index) => { button.tabIndex = index === Math.max(0, focused) ? 0 : -1; });
  if (focused >= 0) (buttons[focused] ?? buttons[0])?.focus();
}

const union = (known, chosen) => [...known, ...chosen.filter(each => !known.includes(each))];

function chip(name, rows, pressed, onclick, kind = '') {
  return element('button', {
    type: 'button', className: `chip ${kind}`, aria: {pressed: String(pressed), label: text.chip(name, rows)}, onclick,
  }, element('span', {className: 'chip-name'}, name), element('span', {className: 'chip-count'}, number(rows)));
}

// One stop for the tabulator; arrows go from chip to chip.
export function withKeys(bar) {
  bar.addEventListener('keydown', event => {
    const buttons = [...bar.querySelectorAll('button')];
    const at = buttons.indexOf(document.activeElement);
    const to = {ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1}[event.key];
    if (at < 0 || to === undefined || !buttons[to]) return;
    event.preventDefault();
    buttons[at].tabIndex = -1;
    buttons[to].tabIndex = 0;
    buttons[to].focus();
  });
}
