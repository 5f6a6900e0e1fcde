// Lines over time, with uPlot. Each chart has its latest values in words, for those who do not see it.

/* global uPlot */

import {element} from '../page/dom.js';
import {compact, number, rate, seconds, shortSize, size, text, timeOfAxis, timeOfDay} from './texts.js';

const HEIGHT = 160;
const LEAST_SECONDS = 300;

const specs = [
  {name: 'rates', series: ['searches', 'uploads'], format: rate},
  {name: 'search', series: ['searchP50', 'searchP95', 'searchP99'], format: seconds},
  {name: 'upload', series: ['uploadP50', 'uploadP95', 'uploadP99'], format: seconds},
  {name: 'encoder', series: ['encoded', 'encoderQueue'], format: rate},
  {name: 'pictures', series: ['pictures'], format: number, axis: compact, isLevel: true},
  {name: 'bucket', series: ['classA', 'classB', 'free'], format: rate, ofBucket: true},
  {name: 'memory', series: ['heap'], format: size, axis: shortSize},
  {name: 'failures', series: ['failures'], format: rate},
];

const cssColor = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

class Chart {
  constructor(spec) {
    this.spec = spec;
    this.plot = null;
    this.place = element('div', {className: 'plot', aria: {hidden: 'true'}});
    this.said = element('p', {className: 'fine'});
    this.figure = element('figure', {}, element('figcaption', {}, text.chart[spec.name]), this.place, this.said);
    new ResizeObserver(() => {
      const width = this.place.clientWidth;
      if (this.plot && width && width !== this.plot.width) this.plot.setSize({width, height: HEIGHT});
    }).observe(this.place);
  }

  options(history) {
    const {format, axis, series, isLevel} = this.spec;
    const soft = cssColor('--soft');
    const line = cssColor('--line');
    const frame = {stroke: soft, grid: {stroke: line, width: 1}, ticks: {stroke: line, width: 1}, font: '12px system-ui, sans-serif'};
    return {
      width: this.place.clientWidth || 320,
      height: HEIGHT,
      cursor: {sync: {key: 'time'}, points: {size: 6}, drag: {x: false, y: false}},
      scales: {
        x: {range: () => this.timesShown(history)},
        y: {range: (plot, min, max) => isLevel ? [Math.max(0, min - 1), max + 1] : [0, max > 0 ? max * 1.1 : 1]},
      },
      axes: [{...frame, space: 60, size: 32, values: (plot, times) => times.map(timeOfAxis)}, {...frame, size: 62, space: 34, values: (plot, values) => values.map(value => (axis ?? format)(value))}],
      series: [
        {label: text.at, value: (plot, at) => at === null ? '–' : timeOfDay(at * 1000)},
        ...series.map((name, i) => ({
          label: text.series[name], stroke: cssColor(`--series-${i + 1}`), width: 2, value: (plot, value) => value === null ? '–' : format(value),
          points: {show: history.times.length < 3, size: 5},
        })),
      ],
    };
  }

  // All of the span, or of a server that has just begun what it knows, and some minutes at least.
  timesShown(history) {
    const now = Date.now() / 1000;
    return [Math.max(now - history.seconds, Math.min(history.times[0] ?? now, now - LEAST_SECONDS)), now];
  }

  show(history) {
    const {series, format} = this.spec;
    const data = [history.times, ...series.map(name => history.series[name] ?? [])];
    // Points are for the first samples, of which there are no lines yet.
    if (this.plot && this.history === history && this.hadLines === history.times.length >= 3) {
      this.plot.setData(data);
    } else {
      this.clear();
      this.plot = new uPlot(this.options(history), data, this.place);
      this.history = history;
      this.hadLines = history.times.length >= 3;
    }
    this.said.textContent = text.now(series.filter(name => history.latest(name) !== null)
      .map(name => `${series.length > 1 ? `${text.series[name]} ` : ''}${format(history.latest(name))}`));
  }

  clear() {
    this.plot?.destroy();
    this.plot = null;
  }
}

export class Charts {
  constructor(host) {
    this.all = specs.map(spec => new Chart(spec));
    host.append(...this.all.map(chart => chart.figure));
    const redraw = () => {
      this.all.forEach(chart => chart.clear());
      if (this.history) this.show(this.history, this.hasBucket);
    };
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  }

  show(history, hasBucket) {
    this.history = history;
    this.hasBucket = hasBucket;
    for (const chart of this.all) {
      chart.figure.hidden = chart.spec.ofBucket && !hasBucket;
      if (!chart.figure.hidden) chart.show(history);
    }
  }
}
