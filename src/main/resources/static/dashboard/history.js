// The samples that the server keeps of one span, fetched once and then only the newer ones.

import {call} from '../page/api.js';

export class History {
  constructor(span, seconds) {
    this.span = span;
    this.seconds = seconds;
    this.times = [];
    this.series = {};
  }

  async update() {
    const last = this.times.at(-1) ?? 0;
    const newer = await call(`/stats/history?span=${this.span}&after=${last}`);
    this.interval = newer.intervalSeconds;
    for (const [name, values] of Object.entries(newer.series)) (this.series[name] ??= []).push(...values);
    this.times.push(...newer.times);
    const old = this.times.findIndex(time => time > Date.now() / 1000 - this.seconds - this.interval);
    if (old > 0) {
      this.times.splice(0, old);
      Object.values(this.series).forEach(values => values.splice(0, old));
    }
  }

  // After a restart of the server, what was before is not its own any more.
  forget() {
    this.times = [];
    this.series = {};
  }

  latest(name) {
    return this.series[name]?.at(-1) ?? null;
  }

  // The mean of the last samples that have a value.
  mean(name, samples) {
    const values = (this.series[name] ?? []).slice(-samples).filter(value => value !== null);
    return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null;
  }

  // Of a rate: how much there was in all.
  sum(name) {
    return (this.series[name] ?? []).reduce((sum, value, i) => sum + (value && i ? value * (this.times[i] - this.times[i - 1]) : 0), 0);
  }

  // How much a level has changed since the oldest sample, and in which time. Null if there is nothing to compare.
  growth(name, now) {
    const values = this.series[name] ?? [];
    const first = values.findIndex(value => value !== null);
    const seconds = Date.now() / 1000 - this.times[first];
    return first < 0 || seconds < 60 ? null : {by: now - values[first], seconds};
  }
}
