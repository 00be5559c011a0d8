// SPDX-License-Identifier: MIT
// Draws charts over time into an svg element.

function svg(tag, attributes, content) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (content !== undefined) node.textContent = content;
  return node;
}

/// 1, 2 or 5 times a power of ten, or a multiple in between, not below x.
export function niceTop(x, least) {
  x = Math.max(x, least);
  const step = 10 ** Math.floor(Math.log10(x));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map(k => k * step).find(y => y >= x * 0.999);
}

/// The largest value of some functions over the samples; 0 if there is none.
export const most = (samples, ...of) => Math.max(0, ...samples.filter(Boolean)
  .flatMap(s => of.map(f => f(s) ?? 0)));

/// Fewer samples, as many as can be told apart: each the mean of some, or null.
export function condense(samples, range, places) {
  const length = (range.end - range.begin) / places;
  const groups = [];
  for (const sample of samples) {
    if (sample === null) { groups.push(null); continue; }
    if (sample.time < range.begin) continue;
    const place = Math.floor((sample.time - range.begin) / length);
    const last = groups[groups.length - 1];
    if (last && last.place === place) last.all.push(sample);
    else groups.push({place, all: [sample]});
  }
  return groups.map(group => group && mean(group.all));
}

function mean(all) {
  if (all.length === 1) return all[0];
  return Object.fromEntries(Object.keys(all[0]).map(name => {
    const known = all.map(x => x[name]).filter(Number.isFinite);
    return [name, known.length ? known.reduce((a, b) => a + b) / known.length : null];
  }));
}

const hover = new WeakMap(); // svg → where its samples are, and what they say

/// @param samples  Objects with a `time`, in order; null where nothing was known.
/// @param range    {begin, end, ticks: [[time, label], …]}
/// @param label    Makes a text of a value of the axis.
/// @param series   {kind, of, base}: its class, its value (null: none); with a base, an area.
/// @param describe Makes a text of a sample, shown under the pointer.
export function draw(chart, {samples, range, top, label, series, describe}) {
  const width = chart.clientWidth, height = chart.clientHeight;
  if (!width) return;
  const left = 4, right = 4, bottom = 18, up = 14;
  const x = time => left + (width - left - right) *
    (time - range.begin) / Math.max(1e-9, range.end - range.begin);
  const y = value => up + (height - up - bottom) * (1 - value / top);
  chart.setAttribute('viewBox', `0 0 ${width} ${height}`);
  const nodes = [], texts = []; // texts come last: they stay readable
  for (const part of [0, 0.5, 1]) {
    const at = Math.round(y(top * part)) + 0.5;
    nodes.push(svg('line', {class: 'grid', x1: left, x2: width - right, y1: at, y2: at}));
    if (part) texts.push(svg('text', {x: left, y: at - 3}, label(top * part)));
  }
  for (const [time, name] of range.ticks) {
    const at = x(time);
    const anchor = at < width * 0.15 ? 'start' : at > width * 0.85 ? 'end' : 'middle';
    texts.push(svg('text', {x: at.toFixed(1), y: height - 3, 'text-anchor': anchor}, name));
  }
  const runs = [[]];
  for (const sample of samples) {
    if (sample === null) runs.push([]);
    else if (sample.time >= range.begin) runs[runs.length - 1].push(sample);
  }
  for (const run of runs) for (const {kind, of, base} of series) {
    const points = run.filter(s => of(s) !== null && of(s) !== undefined);
    if (!points.length) continue;
    const at = (s, value) => `${x(s.time).toFixed(1)},${y(Math.min(value, top)).toFixed(1)}`;
    const upper = points.map(s => at(s, of(s)));
    if (!base) {
      if (upper.length === 1) { // a line of one point is not seen
        const [cx, cy] = upper[0].split(',');
        nodes.push(svg('circle', {class: `${kind} point`, cx, cy, r: 2}));
      } else {
        nodes.push(svg('polyline', {class: kind, points: upper.join(' ')}));
      }
      continue;
    }
    const lower = points.map(s => at(s, base(s))).reverse();
    nodes.push(svg('polygon', {class: kind, points: upper.concat(lower).join(' ')}));
  }
  const mark = svg('line', {class: 'mark', y1: up, y2: height - bottom, visibility: 'hidden'});
  const said = svg('text', {class: 'said', x: width - right, y: 10, 'text-anchor': 'end'}, '');
  chart.replaceChildren(...nodes, ...texts, mark, said);
  if (!hover.has(chart)) watchPointer(chart);
  hover.set(chart, {runs, x, mark, said, describe, width});
}

function watchPointer(chart) {
  chart.addEventListener('pointermove', event => {
    const {runs, x, mark, said, describe} = hover.get(chart);
    const at = event.clientX - chart.getBoundingClientRect().left;
    let best = null;
    for (const sample of runs.flat())
      if (!best || Math.abs(x(sample.time) - at) < Math.abs(x(best.time) - at)) best = sample;
    if (!best) return;
    mark.setAttribute('x1', x(best.time));
    mark.setAttribute('x2', x(best.time));
    mark.setAttribute('visibility', 'visible');
    said.textContent = describe(best);
  });
  chart.addEventListener('pointerleave', () => {
    const {mark, said} = hover.get(chart);
    mark.setAttribute('visibility', 'hidden');
    said.textContent = '';
  });
}
