// SPDX-License-Identifier: MIT
// What a person does to the node: each action is a call, and shows its events, or its
// error, as they come. Without the cookie none is possible.

import {$, button, el, hostOf, seconds, text} from './format.js';
import {eventItem} from './events.js';
import {lastSeq, link, on, status} from './live.js';
import {call, isUnlocked, lock, Refused, unlock, watchLock} from './node.js';

const EVENT_SECONDS = 30; // an action's events are awaited for so long after its answer
const SHOWN = 4;
const DONE_MS = 20000;    // what has gone well is shown for so long

export const BAN_TIMES = [['1 hour', 3600], ['1 day', 86400], ['1 week', 604800], ['30 days', 2592000]];

/// A choice of how long to ban.
export function banTimes() {
  const choice = el('select', {'aria-label': 'How long'},
    ...BAN_TIMES.map(([name, length]) => el('option', {value: length}, name)));
  choice.value = 86400;
  return choice;
}

// -- the lock -------------------------------------------------------------------------
const FOLDERS = {main: '', testnet: 'testnet3/', testnet4: 'testnet4/', signet: 'signet/', regtest: 'regtest/'};

function askForCookie(why) {
  $('unlock').hidden = false;
  text($('unlock-error'), why);
  text($('unlock-file'), `DATA_DIR/${FOLDERS[status ? status.network : 'main'] ?? ''}.cookie`);
  $('cookie').focus();
}

function showLock(why) {
  const open = isUnlocked();
  document.body.classList.toggle('unlocked', open);
  text($('lock'), open ? 'Lock' : 'Unlock');
  $('lock').setAttribute('aria-expanded', String(!$('unlock').hidden));
  text($('lock-state'), open ? 'unlocked' : '');
  if (open) $('unlock').hidden = true;
  else if (why) askForCookie(why);
}

async function tryCookie(event) {
  event.preventDefault();
  const given = $('cookie').value.trim();
  if (!given) return askForCookie('Paste what is in the file.');
  $('cookie').value = '';
  text($('unlock-error'), 'Asking the node …');
  try {
    await unlock(given);
  } catch (error) {
    askForCookie(error.message);
  }
}

function pressLock() {
  if (isUnlocked()) return lock('');
  if ($('unlock').hidden) askForCookie('');
  else $('unlock').hidden = true;
  showLock('');
}

/// Another run of the node may have another cookie.
async function checkCookie() {
  if (!isUnlocked()) return;
  await call('uptime', []).catch(() => {}); // locks the page if it is refused
}

// -- one action -----------------------------------------------------------------------
const underWay = new Set();

class Action {
  /// @param title  What is done, for people.
  /// @param wants  Whether an event is one of the action's.
  /// @param isOver Whether the events so far are all; null: it has none.
  constructor(title, {wants, isOver}) {
    this.wants = wants;
    this.isOver = isOver;
    this.since = lastSeq ?? 0;
    this.seen = [];
    this.said = el('p', {class: 'soft'}, 'Asking the node …');
    this.events = el('ol', {class: 'stream'});
    this.item = el('li', {'data-state': 'waiting', 'data-action': title},
      el('div', {class: 'head'}, el('h3', {}, title), button('Dismiss', () => this.item.remove(), {class: 'copy'})),
      this.said, this.events);
    $('actions').prepend(this.item);
    while ($('actions').children.length > SHOWN) $('actions').lastElementChild.remove();
  }

  say(state, what) {
    this.item.dataset.state = state;
    text(this.said, what);
    this.said.hidden = !what;
  }

  end(state, what) {
    underWay.delete(this);
    clearTimeout(this.alarm);
    this.say(state, what);
    if (state === 'done') setTimeout(() => this.leave(), DONE_MS);
  }

  leave() { // unless somebody reads it
    if (this.item.matches(':hover, :focus-within')) setTimeout(() => this.leave(), DONE_MS);
    else this.item.remove();
  }

  onEvent(x) {
    if (x.seq <= this.since || !this.wants(x, this.seen)) return;
    this.seen.push(x);
    this.events.append(eventItem(x));
    if (this.isOver(this.seen)) this.end('done', '');
  }

  async run(method, params, result) {
    if (this.isOver) underWay.add(this);
    try {
      const answer = await call(method, params);
      if (!this.isOver) return this.end('done', result(answer));
      if (!underWay.has(this)) return; // all its events came before the answer
      this.say('waiting', link.streaming ? 'Done; its event is awaited …' : 'Done; there are no events now.');
      this.alarm = setTimeout(() => this.end('done',
        this.seen.length ? '' : `Done; no event came within ${EVENT_SECONDS} s.`), EVENT_SECONDS * 1000);
    } catch (error) {
      this.end('failed', error.message);
      if (error instanceof Refused) askForCookie(error.message);
    }
  }
}

function act(title, kind, method, params, result) {
  if (!isUnlocked()) return askForCookie(`“${title}” needs the cookie.`);
  new Action(title, kind).run(method, params, result);
}

// -- all actions ----------------------------------------------------------------------
export function disconnect(id) {
  act(`Disconnect peer ${id}`, {
    wants: x => x.type === 'peer_left' && x.peer === id,
    isOver: seen => seen.length > 0,
  }, 'disconnectnode', {nodeid: id});
}

export function ping(id) {
  act(`Ping peer ${id}`, {isOver: null}, 'request', {peer: id, type: 'measure_latency'},
    answer => `It answered after ${seconds(answer.round_trip)}.`);
}

/// @param peer Its id, if it is connected: its end is shown as well.
export function ban(addressOrRange, length, peer = null) {
  const range = addressOrRange.includes('/') ? addressOrRange : hostOf(addressOrRange);
  act(`Ban ${range}`, {
    wants: x => x.type === 'ban_added' && (x.range === range || x.range.startsWith(`${range}/`)) ||
      x.type === 'peer_left' && x.peer === peer,
    isOver: seen => seen.some(x => x.type === 'ban_added') &&
      (peer === null || seen.some(x => x.type === 'peer_left')),
  }, 'setban', {subnet: range, command: 'add', bantime: length});
}

export function liftBan(range) {
  act(`Lift the ban of ${range}`, {
    wants: x => x.type === 'ban_lifted' && (x.range === range || x.range.startsWith(`${range}/`)),
    isOver: seen => seen.length > 0,
  }, 'setban', {subnet: range, command: 'remove'});
}

export function connectTo(address) {
  let dialed = null; // the address as the node writes it
  act(`Connect to ${address}`, {
    wants: (x, seen) => {
      if (!x.address) return false;
      if (dialed !== null) return x.address === dialed &&
        ['dial_failed', 'peer_ready', 'peer_left'].includes(x.type);
      const named = /^[\d.]+$/.test(address) ? hostOf(x.address) === address
        : x.address === address || x.started_by === 'user' && !/^[\d.:]+$/.test(address); // a name, or IPv6
      if (x.type !== 'dial_started' || !named || seen.length) return false;
      dialed = x.address;
      return true;
    },
    isOver: seen => seen.some(x => x.type !== 'dial_started'),
  }, 'addnode', {node: address, command: 'onetry'});
}

export function start() {
  watchLock(showLock);
  $('unlock').addEventListener('submit', tryCookie);
  $('lock').addEventListener('click', pressLock);
  $('connect').addEventListener('submit', event => {
    event.preventDefault();
    const address = $('connect-to').value.trim();
    if (address) connectTo(address);
  });
  on('event', x => { for (const action of [...underWay]) action.onEvent(x); });
  on('forget', () => {
    for (const action of [...underWay]) action.end('failed', 'The node was started anew meanwhile.');
    checkCookie();
  });
}
