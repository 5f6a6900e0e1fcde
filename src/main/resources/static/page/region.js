// A part of a picture, drawn with the mouse, a finger or the keys.

import {element} from './dom.js';
import {text} from './texts.js';

const STEP = 0.02;
const LEAST = 0.04;

export class Region {
  #image;
  #layer;
  #frame;
  #area = {x: 0.25, y: 0.25, width: 0.5, height: 0.5};

  // `done` gets `x,y,width,height` in pixels of the picture.
  constructor(image, picture, done, ended) {
    this.#image = image;
    const search = () => {
      const {x, y, width, height} = this.#area;
      const at = [x * picture.width, y * picture.height].map(Math.floor);
      const span = [Math.max(1, Math.min(picture.width - at[0], Math.round(width * picture.width))),
        Math.max(1, Math.min(picture.height - at[1], Math.round(height * picture.height)))];
      done([...at, ...span].join());
    };
    this.#frame = element('div', {className: 'region-frame', tabIndex: 0, role: 'group', aria: {label: text.regionHint}});
    this.#layer = element('div', {className: 'region'}, this.#frame,
      element('div', {className: 'region-tools'},
        element('span', {}, text.regionHint),
        element('button', {type: 'button', className: 'primary', onclick: search}, text.regionSearch),
        element('button', {type: 'button', className: 'quiet', onclick: ended}, text.cancel)));
    this.#frame.addEventListener('keydown', event => {
      if (event.key === 'Enter') search();
      else if (!this.#move(event)) return;
      event.preventDefault();
      event.stopPropagation();
    });
    this.#drawing();
    image.parentElement.append(this.#layer);
    this.#show();
    this.resized = () => this.#show();
    addEventListener('resize', this.resized);
    this.#frame.focus();
  }

  end() {
    removeEventListener('resize', this.resized);
    this.#layer.remove();
  }

  #move(event) {
    const {x, y, width, height} = this.#area;
    const by = {ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP]}[event.key];
    if (!by) return false;
    const between = (value, low, high) => Math.max(low, Math.min(high, value));
    this.#area = event.shiftKey
      ? {x, y, width: between(width + by[0], LEAST, 1 - x), height: between(height + by[1], LEAST, 1 - y)}
      : {x: between(x + by[0], 0, 1 - width), y: between(y + by[1], 0, 1 - height), width, height};
    this.#show();
    return true;
  }

  // Where the picture itself is within its element, which may be wider or higher.
  #bounds() {
    return this.#image.getBoundingClientRect();
  }

  #drawing() {
    let start = null;
    const at = event => {
      const box = this.#bounds();
      const part = (value, from, length) => Math.max(0, Math.min(1, (value - from) / length));
      return {x: part(event.clientX, box.left, box.width), y: part(event.clientY, box.top, box.height)};
    };
    this.#layer.addEventListener('pointerdown', event => {
      if (event.target.closest('.region-tools')) return;
      event.preventDefault();
      event.stopPropagation();
      start = at(event);
      this.#layer.setPointerCapture(event.pointerId);
    });
    this.#layer.addEventListener('pointermove', event => {
      if (!start) return;
      const end = at(event);
      this.#area = {
        x: Math.min(start.x, end.x), y: Math.min(start.y, end.y), width: Math.abs(start.x - end.x), height: Math.abs(start.y - end.y),
      };
      this.#show();
    });
    this.#layer.addEventListener('pointerup', () => {
      start = null;
      if (this.#area.width < LEAST || this.#area.height < LEAST) this.#area = {x: 0.25, y: 0.25, width: 0.5, height: 0.5};
      this.#show();
      this.#frame.focus();
    });
  }

  #show() {
    const box = this.#bounds();
    const host = this.#image.parentElement.getBoundingClientRect();
    const {x, y, width, height} = this.#area;
    Object.assign(this.#frame.style, {
      left: `${box.left - host.left + x * box.width}px`, top: `${box.top - host.top + y * box.height}px`,
      width: `${width * box.width}px`, height: `${height * box.height}px`,
    });
  }
}
