// Caption and tags of a picture, edited where they stand. Who may not edit reads them.

import {call, stats} from './api.js';
import {element, icon} from './dom.js';
import {text} from './texts.js';

// `edited` gets `{caption, tags}` as the server has them then.
export function editor(picture, edited) {
  const place = element('div', {className: 'editor'});
  const status = element('p', {className: 'editor-status', role: 'status'});
  const draw = may => place.replaceChildren(may ? captionField() : captionText(), tagList(may), status,
    may ? '' : element('p', {className: 'fine'}, text.mayNot.admin));

  async function save(change) {
    status.className = 'editor-status';
    status.textContent = text.saving;
    try {
      const {caption, tags} = await call(`/${picture.id}`, {method: 'PATCH', json: change});
      Object.assign(picture, {caption, tags});
      status.textContent = text.saved;
      edited({caption, tags});
      return true;
    } catch (error) {
      status.classList.add('error');
      status.textContent = error.message;
      return false;
    }
  }

  const captionText = () => element('p', {className: 'caption'}, picture.caption ?? '');

  function captionField() {
    const field = element('textarea', {className: 'caption', rows: 2, value: picture.caption ?? '', placeholder: text.noCaption,
      aria: {label: text.caption}, enterKeyHint: 'done'});
    const done = () => {
      const said = field.value.trim();
      if (said !== (picture.caption ?? '')) save({caption: said || null});
    };
    field.addEventListener('blur', done);
    field.addEventListener('keydown', event => {
      if (event.key === 'Enter' && !event.shiftKey) {
        event.preventDefault();
        done();
      } else if (event.key === 'Escape') {
        event.preventDefault();
        event.stopPropagation();
        field.value = picture.caption ?? '';
        field.blur();
      }
    });
    return field;
  }

  function tagList(may) {
    const list = element('ul', {className: 'tags', aria: {label: text.tags}});
    const change = async (tags, focus) => {
      if (await save({tags})) list.replaceWith(tagList(may));
      if (focus) place.querySelector('.tag-input')?.focus();
    };
    list.append(...picture.tags.map(tag => element('li', {className: 'tag'}, element('span', {}, tag), may
      ? element('button', {type: 'button', title: text.removeTag(tag), aria: {label: text.removeTag(tag)},
        onclick: () => change(picture.tags.filter(each => each !== tag), true)}, icon('i-close'))
      : null)));
    if (may) {
      const input = element('input', {className: 'tag-input', type: 'text', placeholder: text.addTag, aria: {label: text.addTag}, enterKeyHint: 'done'});
      const add = () => {
        const fresh = input.value.split(',').map(each => each.trim()).filter(each => each && !picture.tags.includes(each));
        input.value = '';
        if (fresh.length > 0) change([...picture.tags, ...new Set(fresh)], true);
      };
      input.addEventListener('keydown', event => {
        if (event.key === 'Enter' || event.key === ',') {
          event.preventDefault();
          add();
        } else if (event.key === 'Escape' && input.value) {
          event.preventDefault();
          event.stopPropagation();
          input.value = '';
        }
      });
      input.addEventListener('blur', () => { if (input.value.trim()) add(); });
      list.append(element('li', {}, input));
    } else if (picture.tags.length === 0) {
      list.hidden = true;
    }
    return list;
  }

  draw(false);
  place.lastElementChild.hidden = true;
  stats().then(({scopes}) => draw(scopes.includes('admin')), () => {});
  return place;
}
