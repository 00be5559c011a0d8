// SPDX-License-Identifier: MIT
// The last 24 hours, as the node remembers them: a sample a minute.

import {condense, draw, most, niceTop} from './charts.js';
import {$, bytes, count, now, seconds, text, UNKNOWN} from './format.js';
import {on, status} from './live.js';
import {ask} from './node.js';

const LOAD_MS = 60000;
const MISSING_SECONDS = 150; // between two samples: the node was frozen, or asleep
const PLACES = 180;          // of a chart: more points would only be noise
const SPANS = [300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600];

let remembered = []; // samples; null where some are missing
let loadedAt = -Infinity, loading = false;

/// Until the node takes its next sample, the line ends at the status.
const withNow = samples => {
  const last = samples[samples.length - 1];
  if (!last || status === null || now() - last.time > MISSING_SECONDS) return samples;
  return [...samples, {time: now(), inbound: status.peers.inbound, outbound: status.peers.outbound,
    ready: status.peers.ready, received_per_second: null, sent_per_second: null, ping_median: null,
    dials_succeeded: null, dials_failed: null}];
};

async function load() {
  if (loading || performance.now() - loadedAt < LOAD_MS) return;
  loading = true;
  try {
    const found = await ask('history');
    remembered = [];
    for (const x of found) {
      const before = remembered[remembered.length - 1];
      if (before && (x.time - before.time > MISSING_SECONDS || x.time < before.time)) remembered.push(null);
      remembered.push(x);
    }
    loadedAt = performance.now();
    show();
  } catch {
    // The next status asks again.
  }
  loading = false;
}

const hour = time => new Date(time * 1000).toLocaleTimeString('en-GB', {hour: '2-digit', minute: '2-digit'});

function dayRange() {
  const end = now();
  const first = remembered.find(Boolean);
  const length = SPANS.find(s => first && end - first.time <= s) || (first ? SPANS[SPANS.length - 1] : SPANS[0]);
  const begin = end - length;
  return {begin, end, length, ticks: [0, 0.5, 1].map(k => [begin + k * length, hour(begin + k * length)])};
}

const dials = s => s.dials_failed === null ? null : s.dials_succeeded + s.dials_failed;
const whole = x => count(Math.round(x));
const few = x => x === null ? UNKNOWN : count(Math.round(x * 10) / 10);
const long = s => s < 3600 ? `${s / 60} minutes` : s === 3600 ? 'hour' : `${s / 3600} hours`;

export function show() {
  const range = dayRange();
  const samples = condense(withNow(remembered), range, PLACES);
  text($('history-title'), `The last ${long(range.length)}`);
  const at = s => `${hour(s.time)}: `;
  const known = samples.filter(Boolean);
  draw($('history-peers'), {samples, range, label: x => count(x),
    top: niceTop(most(known, s => s.inbound + s.outbound), 4),
    describe: s => `${at(s)}${whole(s.outbound)} out, ${whole(s.inbound)} in, ${whole(s.ready)} ready`,
    series: [
      {kind: 'ready', of: s => s.outbound, base: () => 0},
      {kind: 'other', of: s => s.outbound + s.inbound, base: s => s.outbound},
      {kind: 'out-line', of: s => s.outbound + s.inbound},
      {kind: 'ready-line', of: s => s.outbound},
    ]});
  draw($('history-traffic'), {samples, range, label: x => `${bytes(x)}/s`,
    top: niceTop(most(known, s => s.received_per_second, s => s.sent_per_second), 100),
    describe: s => `${at(s)}${bytes(s.received_per_second ?? NaN)}/s in, ${bytes(s.sent_per_second ?? NaN)}/s out`,
    series: [
      {kind: 'ready', of: s => s.received_per_second, base: () => 0},
      {kind: 'ready-line', of: s => s.received_per_second},
      {kind: 'out-line', of: s => s.sent_per_second},
    ]});
  draw($('history-ping'), {samples, range, label: seconds,
    top: niceTop(most(known, s => s.ping_median), 0.001),
    describe: s => `${at(s)}${seconds(s.ping_median ?? NaN)}`,
    series: [{kind: 'ready-line', of: s => s.ping_median}]});
  draw($('history-dials'), {samples, range, label: x => count(x),
    top: niceTop(most(known, dials), 4),
    describe: s => `${at(s)}${few(s.dials_succeeded)} made a peer, ${few(s.dials_failed)} failed`,
    series: [
      {kind: 'ready', of: s => s.dials_succeeded, base: () => 0},
      {kind: 'unready', of: dials, base: s => s.dials_succeeded},
      {kind: 'total-line', of: dials},
      {kind: 'ready-line', of: s => s.dials_succeeded},
    ]});
}

export function start() {
  on('status', () => {
    load();
    show();
  });
  on('forget', () => {
    remembered = [];
    loadedAt = -Infinity;
  });
  new ResizeObserver(show).observe($('history-peers'));
}
