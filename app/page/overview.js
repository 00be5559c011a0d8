// SPDX-License-Identifier: MIT
// The figures of the node as a whole, and its last ten minutes.

import {draw, most, niceTop} from './charts.js';
import {$, bytes, clock, count, el, now, span, text, UNKNOWN, words} from './format.js';
import {link, on, retry, status} from './live.js';
import {ask} from './node.js';

const CHART_SECONDS = 600;

// -- whether the node is there --------------------------------------------------------
const STATES = {connecting: 'connecting', connected: 'live', stale: 'not answering', gone: 'gone'};

function showLink() {
  const {state, streaming} = link;
  const began = state !== 'connecting';
  $('connection-state').dataset.state = state;
  text($('connection-text'), state === 'connected' && !streaming ? 'live, without events' : STATES[state]);
  document.body.classList.toggle('stale', state === 'stale' || state === 'gone');
  document.title = state === 'connected' && status ? `${count(status.peers.ready)} ready – peerage`
    : began ? `${STATES[state]} – peerage` : 'peerage';
  $('banner').hidden = !(state === 'stale' || state === 'gone');
  if ($('banner').hidden) return;
  $('banner').dataset.state = state;
  text($('banner-what'), state === 'stale'
    ? 'The node does not answer: it is frozen, or very busy.' : link.trouble);
  text($('banner-age'), status ? `What you see is from ${clock(link.heardAt)}.` : '');
  const wait = Math.ceil(link.nextTry - now());
  text($('banner-next'), state === 'stale' ? `Waiting for ${span(now() - link.heardAt)}`
    : wait > 0 ? `Next try in ${wait} s` : 'Trying …');
}

// -- figures --------------------------------------------------------------------------
function showStatus(x) {
  text($('ready'), count(x.peers.ready));
  text($('unready'), count(x.peers.unready));
  text($('total'), count(x.peers.total));
  text($('dialing'), count(x.dialing));
  text($('ways'), `${count(x.peers.outbound)} / ${count(x.peers.inbound)}`);
  const network = $('network');
  network.hidden = false;
  network.classList.toggle('off', !x.network_active);
  text(network, x.network_active ? x.network : `${x.network}: connections are off`);
  text($('node'), `${x.node.version}, up ${span(x.node.uptime)}`);
  text($('known'), count(x.address_book.total));
  text($('tried'), count(x.address_book.tried));
  text($('bans'), count(x.bans));
  text($('traffic-total'), `${bytes(x.traffic.bytes_received)} received and ` +
    `${bytes(x.traffic.bytes_sent)} sent since the start`);
  const asked = Object.values(x.outbound_requests).reduce((a, b) => a + b, 0);
  const where = x.node.listening.length ? `listens on ${x.node.listening.join(', ')}` : 'does not listen';
  text($('footer'), `${x.node.user_agent} process ${x.node.pid} ${where}. ` +
    `Actors: ${count(x.actors)}, handshakes under way: ${count(x.handshaking)}, ` +
    `requests sent to peers: ${count(asked)}.`);
  bars($('reasons'), x.exits, 'No peer has left.');
  bars($('failures'), x.failures, 'None failed.');
}

function bars(list, counts, nothing) {
  const entries = Object.entries(counts).filter(x => x[1] > 0).sort((a, b) => b[1] - a[1]);
  const key = JSON.stringify(entries);
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  if (!entries.length) return list.replaceChildren(el('li', {class: 'empty'}, nothing));
  list.replaceChildren(...entries.map(([name, n]) => {
    const bar = el('div');
    bar.style.width = `${100 * n / entries[0][1]}%`;
    return el('li', {'data-reason': name}, el('span', {}, words(name)), el('b', {}, count(n)),
      el('div', {class: 'track'}, bar));
  }));
}

// -- the last ten minutes -------------------------------------------------------------
let samples = []; // {time, ready, total, in, out}; null where nothing was known
let lastSample = null;

function addSample(x) {
  const sample = {time: now(), ready: x.peers.ready, total: x.peers.total, in: null, out: null,
    received: x.traffic.bytes_received, sent: x.traffic.bytes_sent};
  const before = lastSample;
  if (before && sample.time - before.rateTime < 1.5) { // rates of a moment would jump
    sample.in = before.in;
    sample.out = before.out;
    Object.assign(sample, {received: before.received, sent: before.sent, rateTime: before.rateTime});
  } else if (before) {
    const passed = sample.time - before.rateTime;
    sample.in = Math.max(0, sample.received - before.received) / passed;
    sample.out = Math.max(0, sample.sent - before.sent) / passed;
  }
  sample.rateTime ??= sample.time;
  lastSample = sample;
  samples.push(sample);
  const oldest = sample.time - CHART_SECONDS - 60;
  while (samples.length > 2400 || (samples[0] && samples[0].time < oldest)) samples.shift();
  if (samples[0] === null) samples.shift();
  text($('rate-in'), sample.in === null ? UNKNOWN : `${bytes(sample.in)}/s`);
  text($('rate-out'), sample.out === null ? UNKNOWN : `${bytes(sample.out)}/s`);
  drawCharts();
}

function breakCharts() {
  if (samples.length && samples[samples.length - 1] !== null) samples.push(null);
  lastSample = null;
}

/// What the node remembers of the time before the page was opened.
async function loadPast() {
  const oldest = now() - CHART_SECONDS;
  const past = (await ask('history')).filter(x => x.time > oldest).map(x => ({
    time: x.time, ready: x.ready, total: x.inbound + x.outbound,
    in: x.received_per_second, out: x.sent_per_second}));
  const first = samples.find(s => s !== null);
  samples = [...past.filter(x => !first || x.time < first.time), ...samples];
  drawCharts();
}

function lastMinutes() {
  const end = now();
  const first = samples.find(s => s !== null);
  const open = first ? end - first.time : 0;
  const shown = [60, 120, 300].find(s => open < s) || CHART_SECONDS;
  const name = s => s === 0 ? 'now' : s < 60 ? `${s} s ago` : `${s / 60} min ago`;
  return {begin: end - shown, end, ticks: [1, 0.5, 0].map(k => [end - k * shown, name(k * shown)])};
}

export function drawCharts() {
  const range = lastMinutes();
  const known = samples.filter(s => s !== null);
  const total = most(known, s => s.total);
  draw($('set-chart'), {samples, range, top: niceTop(total, 4), label: x => count(x),
    describe: s => `${clock(s.time)}: ${count(s.ready)} ready of ${count(s.total)}`,
    series: [
      {kind: 'ready', of: s => s.ready, base: () => 0},
      {kind: 'unready', of: s => s.total, base: s => s.ready},
      {kind: 'total-line', of: s => s.total},
      {kind: 'ready-line', of: s => s.ready},
    ]});
  const last = known[known.length - 1];
  if (last) $('set-chart').setAttribute('aria-label',
    `Peers over the last ten minutes: now ${last.ready} ready of ${last.total}, ` +
    `at least ${Math.min(...known.map(s => s.ready))} and at most ${total}`);
  draw($('traffic-chart'), {samples, range, top: niceTop(most(known, s => s.in, s => s.out), 100),
    label: x => `${bytes(x)}/s`,
    describe: s => `${clock(s.time)}: ${bytes(s.in ?? NaN)}/s in, ${bytes(s.out ?? NaN)}/s out`,
    series: [
      {kind: 'ready', of: s => s.in, base: () => 0},
      {kind: 'ready-line', of: s => s.in},
      {kind: 'out-line', of: s => s.out},
    ]});
}

export function start() {
  let past = false;
  on('status', x => {
    addSample(x);
    showStatus(x);
    showLink();
    if (!past) {
      past = true;
      loadPast().catch(() => { past = false; });
    }
  });
  on('link', () => {
    if (link.state !== 'connected') breakCharts();
    showLink();
  });
  on('forget', () => { lastSample = null; });
  $('retry').addEventListener('click', retry);
  setInterval(showLink, 500);
  new ResizeObserver(drawCharts).observe($('set-chart'));
}
