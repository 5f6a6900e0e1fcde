// The search box: words, and pictures that are dropped on it, pasted into it or chosen.

import {nothingAsked} from './address.js';
import {element, icon, $} from './dom.js';
import * as samples from './samples.js';
import {text} from './texts.js';

export class Box {
  #ask;
  #state = nothingAsked();

  // `ask` gets what of the state changes.
  constructor(ask) {
    this.#ask = ask;
    $('search').addEventListener('submit', event => {
      event.preventDefault();
      this.#submit();
    });
    // The cross of the field, and what browsers call searching: an emptied field shows the newest again.
    $('text').addEventListener('search', () => { if (!$('text').value && this.#state.q) this.#submit(); });
    $('text').addEventListener('keydown', event => {
      if (event.key === 'Backspace' && !$('text').value && $('tokens').lastElementChild) $('tokens').lastElementChild.querySelector('button').click();
    });
    $('by-picture').addEventListener('click', () => $('sample').click());
    $('sample').addEventListener('change', event => {
      const [file] = event.target.files;
      event.target.value = '';
      if (file) this.searchWith(file);
    });
    $('text').addEventListener('paste', event => {
      const file = [...event.clipboardData.files].find(each => each.type.startsWith('image/'));
      if (!file) return;
      event.preventDefault();
      event.stopPropagation();
      this.searchWith(file);
    });
    addEventListener('keydown', event => {
      const typing = event.target.closest?.('input, textarea, dialog, [contenteditable]');
      if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        $('text').focus();
        $('text').select();
      }
    });
  }

  async searchWith(file) {
    this.#ask({...nothingAsked(), picture: await samples.keep(file)});
  }

  #submit() {
    const q = $('text').value.trim();
    const {like, crop, picture, unlike} = this.#state;
    this.#ask({...nothingAsked(), q, like, crop, picture, unlike: q || like || picture ? unlike : []});
  }

  show(state) {
    const isOther = state.q !== this.#state.q || document.activeElement !== $('text');
    this.#state = state;
    if (isOther) $('text').value = state.q;
    const tokens = [];
    const drop = change => () => this.#ask({...this.#state, ...change, at: 0, open: ''});
    if (state.like) tokens.push(token(thumbnail(state.like), state.crop ? text.part : text.like, drop({like: '', crop: ''})));
    if (state.picture) tokens.push(token(null, text.yours, drop({picture: ''}), state.picture));
    state.unlike.forEach(name => tokens.push(
      token(thumbnail(name), text.unlike, drop({unlike: state.unlike.filter(each => each !== name)}))));
    $('tokens').replaceChildren(...tokens);
  }
}

const thumbnail = name => `/images/${name}/thumbnail`;

function token(source, label, remove, sample) {
  const image = element('img', {alt: '', width: 28, height: 28});
  if (source) image.src = source;
  else samples.find(sample).then(file => {
    if (!file) return;
    image.src = URL.createObjectURL(file);
    image.addEventListener('load', () => URL.revokeObjectURL(image.src), {once: true});
  });
  return element('span', {className: 'token'}, image, element('span', {}, label),
    element('button', {type: 'button', title: text.remove(label), aria: {label: text.remove(label)}, onclick: remove}, icon('i-close')));
}
