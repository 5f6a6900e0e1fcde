// Short messages at the foot of the page, above everything, with at most one thing to do.

import {element, $} from './dom.js';
import {text} from './texts.js';

const SHOWN_MILLIS = 10_000;

// Stays while the pointer or the keyboard is on it. Inside an open dialog, where alone it can be used then.
export function notice(message, {action, onaction, isError = false, millis = SHOWN_MILLIS} = {}) {
  const host = document.querySelector('dialog[open]') ?? document.body;
  const place = $('notices');
  if (place.parentElement !== host) host.append(place);
  let timer = 0;
  const end = () => {
    clearTimeout(timer);
    const hadFocus = made.contains(document.activeElement);
    made.remove();
    if (hadFocus) (document.querySelector('dialog[open] button') ?? $('text')).focus();
  };
  const start = () => {
    clearTimeout(timer);
    timer = setTimeout(end, millis);
  };
  const made = element('div', {className: isError ? 'notice error' : 'notice', onmouseenter: () => clearTimeout(timer), onmouseleave: start,
    onfocusin: () => clearTimeout(timer), onfocusout: start},
  element('span', {}, message),
  action ? element('button', {type: 'button', className: 'text-button', onclick: () => { end(); onaction(); }}, action) : null,
  element('button', {type: 'button', className: 'icon-button small', aria: {label: text.close}, onclick: end}, '×'));
  place.append(made);
  while (place.children.length > 3) place.firstElementChild.remove();
  start();
  return end;
}

// When a dialog closes, what is still said goes back to the page.
export function bringBack() {
  if ($('notices').parentElement !== document.body) document.body.append($('notices'));
}
