// Elements, made without HTML: whatever people or servers say goes through textContent.

const SVG = 'http://www.w3.org/2000/svg';

export const $ = id => document.getElementById(id);

// An element with properties, of which `on…` are listeners, `data` and `aria` objects are attributes, and with children.
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (name === 'data') Object.assign(made.dataset, value);
    else if (name === 'aria') Object.entries(value).forEach(([key, said]) => made.setAttribute(`aria-${key}`, said));
    else if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter(child => child !== null && child !== undefined));
  return made;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#${name}`);
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(use);
  return svg;
}

export function iconButton(name, label, onclick, properties = {}) {
  return element('button', {type: 'button', className: 'icon-button', title: label, aria: {label}, onclick, ...properties}, icon(name));
}

// Calls at most once in so many milliseconds, and a last time after them.
export function throttled(millis, work) {
  let timer = 0;
  let last = -Infinity;
  return () => {
    if (timer) return;
    timer = setTimeout(() => {
      timer = 0;
      last = performance.now();
      work();
    }, Math.max(0, last + millis - performance.now()));
  };
}
