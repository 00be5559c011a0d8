// SPDX-License-Identifier: MIT
// Follows the node: /status every second tells that it is there, the stream what happens,
// and /peers is asked when something did. Other parts of the page listen with `on`.

import {ask, Silent} from './node.js';
import {now} from './format.js';

const PULSE_MS = 800;
const STALE_MS = 1500;       // an answer that takes longer: the node is frozen, or very busy
const HIDDEN_MS = 20000;     // between questions while nobody looks
const PEERS_MS = 2000;
const AFTER_EVENT_MS = 250;  // one question for a burst of events
const OPEN_MS = 10000;
const RETRY_MS = [500, 1000, 2000, 4000, 8000];
const EVENTS_AT_START = 100;
const CHANGES_THE_SET = new Set(['peer_ready', 'peer_left', 'dial_started', 'dial_failed',
  'connection_accepted', 'handshake_failed', 'ban_added', 'ban_lifted',
  'network_active_changed']);

const listeners = {link: [], status: [], peers: [], event: [], forget: []};

/// What can be listened to: `link` (the state below has changed), `status` and `peers` (a
/// new document), `event`, `forget` (another run of the node: ids and numbers begin again).
export const on = (what, act) => listeners[what].push(act);
const tell = (what, value) => listeners[what].forEach(act => act(value));

/// state: connecting; connected; stale (somebody listens, but nobody answers); gone.
export const link = {state: 'connecting', streaming: false, trouble: '', nextTry: 0, heardAt: 0};
export let status = null;
export let peers = null;
export let lastSeq = null;

function become(state, trouble = '') {
  const changed = link.state !== state || link.trouble !== trouble;
  Object.assign(link, {state, trouble});
  if (changed) tell('link', link);
}

// -- the pulse ------------------------------------------------------------------------
let pulseTimer = 0, pulsing = false, again = false, askedAt = 0, failures = 0;

function pulseIn(wait) {
  clearTimeout(pulseTimer);
  pulseTimer = setTimeout(pulse, wait);
}

async function pulse() {
  if (pulsing) { again = true; return; }
  clearTimeout(pulseTimer);
  pulsing = true;
  again = false;
  askedAt = performance.now();
  let wait = 0;
  try {
    takeStatus(await ask('status'));
    failures = 0;
    wait = document.hidden ? HIDDEN_MS : PULSE_MS;
  } catch (error) {
    wait = RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)] * (0.8 + 0.4 * Math.random());
    link.nextTry = now() + wait / 1000;
    lose(error);
  }
  pulsing = false;
  pulseIn(again && link.state === 'connected' ? AFTER_EVENT_MS : wait);
}

function lose(error) {
  if (error instanceof Silent) return become('stale');
  closeStream();
  // What a stop has said is better than what a missing node says.
  become('gone', link.state === 'gone' && link.trouble || error.message);
}

function takeStatus(found) {
  const restarted = status !== null &&
    (found.node.pid !== status.node.pid || found.node.uptime < status.node.uptime);
  if (restarted) forget();
  status = found;
  link.heardAt = now();
  become('connected');
  tell('status', found);
  openStream();
  if (performance.now() - peersAt > Math.max(PEERS_MS, 10 * peersCost)) loadPeers();
}

function forget() {
  lastSeq = null;
  tell('forget');
}

setInterval(() => {
  // Timers of a hidden page are late by themselves.
  if (pulsing && !document.hidden && link.state === 'connected' &&
      performance.now() - askedAt > STALE_MS) become('stale');
}, 250);

// -- the peers ------------------------------------------------------------------------
// Thousands of peers are a large document: it is asked for less often if it takes longer.
let peersAt = -Infinity, peersCost = 0, loading = false;

async function loadPeers() {
  if (loading) return;
  loading = true;
  const began = performance.now();
  try {
    peers = await ask('peers');
    tell('peers', peers);
  } catch {
    // The pulse tells what is wrong.
  }
  loading = false;
  peersAt = performance.now();
  peersCost = peersAt - began;
}

/// Something has changed, or somebody looks: asks the node soon.
export function refresh(wait = 0) {
  peersAt = Math.min(peersAt, performance.now() - PEERS_MS - 1);
  if (link.state === 'connected') {
    if (pulsing) again = true;
    else pulseIn(wait);
  }
}

export function retry() {
  failures = 0;
  if (!pulsing) pulse();
}

// -- the stream -----------------------------------------------------------------------
let socket = null, streamFailures = 0, streamTimer = 0;

function openStream() {
  if (socket || streamTimer) return;
  const from = lastSeq !== null ? lastSeq + 1
    : Math.max(status.events.first, status.events.next - EVENTS_AT_START);
  const url = new URL(`events?from=${from}`, location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  const mine = socket = new WebSocket(url);
  const alarm = setTimeout(() => mine.close(), OPEN_MS);
  mine.onopen = () => {
    clearTimeout(alarm);
    if (mine !== socket) return;
    streamFailures = 0;
    link.streaming = true;
    tell('link', link);
  };
  mine.onmessage = message => { if (mine === socket) take(message.data); };
  mine.onclose = event => {
    clearTimeout(alarm);
    if (mine !== socket) return;
    closeStream();
    if (event.code === 1001 && link.state !== 'connecting') become('gone', 'The node has stopped.');
    tell('link', link);
    // The next answer to /status opens it again, after a pause if it does not work.
    const pause = RETRY_MS[Math.min(streamFailures++, RETRY_MS.length - 1)];
    streamTimer = setTimeout(() => { streamTimer = 0; }, pause);
    refresh();
  };
}

function closeStream() {
  const mine = socket;
  socket = null;
  link.streaming = false;
  if (mine) mine.close();
}

function take(data) {
  let event;
  try { event = JSON.parse(data); } catch { return; }
  if (event.type === 'gap' && event.reset) return forget();
  if (event.type === 'gap') return tell('event', {...event, time: now()});
  if (Number.isFinite(event.seq)) lastSeq = event.seq;
  tell('event', event);
  if (CHANGES_THE_SET.has(event.type)) refresh(AFTER_EVENT_MS);
}

// -- begin ----------------------------------------------------------------------------
export function start() {
  addEventListener('online', retry);
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return;
    if (link.state === 'connected') refresh(); else retry();
  });
  pulse();
}
