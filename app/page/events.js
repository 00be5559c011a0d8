// SPDX-License-Identifier: MIT
// The events: what they say, which are shown, and what is remembered of them here.

import {$, button, clock, count, el, linkTo, moment, saveCsv, text, words, now} from './format.js';
import {on} from './live.js';

const SHOWN = 300;
const KEPT = 2000; // so that a filter for something rare has something to show
const TYPES = {
  node_started: 'good', node_stopping: 'bad', network_active_changed: 'wait',
  dial_started: '', dial_failed: 'wait', connection_accepted: '', connection_refused: 'wait',
  handshake_failed: 'wait', peer_ready: 'good', peer_left: 'bad', misbehaviour: 'bad',
  ban_added: 'bad', ban_lifted: '', addresses_learned: 'other', block_announced: 'other',
};

let events = []; // oldest first
let paused = false, held = 0, waiting = [], timer = 0;
const hiddenTypes = new Set();

/// Those remembered here that `wanted` accepts, oldest first.
export const remembered = wanted => events.filter(wanted);

// -- what an event says ---------------------------------------------------------------
function whoStarted(x) {
  return x === 'user' || x === 'node' ? `the ${x}` : words(x);
}

/// The line of an event. Of one peer's or address's own list, what they share is left out.
export function eventItem(x, omit = '') {
  if (x.type === 'gap') {
    const missed = x.to - x.from + 1;
    return el('li', {class: 'gap', 'data-type': 'gap'}, el('time', {}, clock(x.time)),
      el('span', {class: 'type'}, 'gap'), el('span', {class: 'what'}, x.reset
        ? 'The node was restarted: its events begin again.'
        : `${count(missed)} ${missed === 1 ? 'event was' : 'events were'} missed, ${x.from} to ${x.to}.`));
  }
  const what = el('span', {class: 'what'});
  const say = (...more) => { if (what.childNodes.length) what.append(', '); what.append(...more); };
  const ofPeer = omit === 'peer';
  if (!ofPeer && x.peer) say(linkTo('peer', x.peer, `peer ${x.peer}`));
  if (x.reason) say(el('b', {}, words(x.reason)));
  if (!omit && x.address) say(linkTo('address', x.address, el('code', {}, x.address)));
  if (x.range) say(linkTo('address', x.range, el('code', {}, x.range)));
  if (x.direction && !ofPeer) say(x.direction);
  if (x.user_agent && !ofPeer) say(x.user_agent);
  if (x.count) say(x.type === 'addresses_learned' ? `${count(x.count)} new` : `${count(x.count)} times`);
  if (x.hash) say(el('code', {}, x.hash));
  if (x.score_after !== undefined) say(`score ${x.score_before ?? 0} → ${x.score_after}`);
  if (x.evidence) say(x.evidence);
  if (x.started_by) say(`by ${whoStarted(x.started_by)}`);
  if (x.deadline) say(`until ${x.deadline - x.time < 86000 ? clock(x.deadline) : moment(x.deadline)}`);
  const time = el('time', {}, clock(x.time));
  return el('li', {'data-type': x.type, 'data-seq': x.seq},
    x.seq ? el('a', {href: `#event/${x.seq}`, class: 'plain', title: `Event ${x.seq}, ${moment(x.time)}`}, time) : time,
    el('span', {class: 'type'}, el('span', {class: `dot ${TYPES[x.type] || ''}`}), words(x.type)), what);
}

// -- what is shown --------------------------------------------------------------------
const terms = () => $('event-filter').value.toLowerCase().split(/\s+/).filter(Boolean);

function isShown(x) {
  if (x.type === 'gap') return true;
  if (hiddenTypes.has(x.type)) return false;
  const wanted = terms();
  if (!wanted.length) return true;
  const all = [words(x.type), x.type, x.peer ? `peer ${x.peer}` : '', x.address, x.range, x.reason,
    x.reason && words(x.reason), x.direction, x.user_agent, x.evidence, x.hash, x.started_by,
    x.seq].filter(Boolean).join(' ').toLowerCase();
  return wanted.every(term => all.includes(term));
}

function keep(event) {
  events.push(event);
  if (events.length > KEPT + 200) events.splice(0, 200);
  if (paused) {
    held += 1;
    text($('events-held'), `${count(held)} held back`);
    return;
  }
  waiting.push(event);
  if (waiting.length > SHOWN) waiting.shift();
  timer ||= setTimeout(showWaiting, 50); // a frame would never come in a hidden page
}

function showWaiting() {
  timer = 0;
  const fresh = waiting.filter(isShown).map(x => eventItem(x)).reverse();
  waiting = [];
  const list = $('events');
  const before = list.scrollHeight, reading = list.scrollTop > 0;
  list.prepend(...fresh);
  if (reading) list.scrollTop += list.scrollHeight - before; // what is being read stays
  while (list.children.length > SHOWN) list.lastElementChild.remove();
  showEmpty();
}

function showAll() {
  waiting = [];
  $('events').replaceChildren(...events.filter(isShown).slice(-SHOWN).reverse().map(x => eventItem(x)));
  showEmpty();
}

function showEmpty() {
  const none = !$('events').children.length;
  $('events').hidden = none;
  $('events-empty').hidden = !none;
  text($('events-empty'), events.length ? 'No event fits the filter.' : 'Nothing has happened yet.');
}

function forget() {
  events = [];
  waiting = [];
  held = 0;
  text($('events-held'), paused ? 'paused' : '');
  $('events').replaceChildren();
  keep({type: 'gap', time: now(), reset: true});
}

// -- what people choose ---------------------------------------------------------------
function showTypes() {
  for (const choice of $('types').children)
    if (choice.dataset.type)
      choice.setAttribute('aria-pressed', String(!hiddenTypes.has(choice.dataset.type)));
  const all = Object.keys(TYPES).length;
  text($('types-summary'), hiddenTypes.size
    ? `${all - hiddenTypes.size} of ${all} types are shown` : 'All types are shown');
  showAll();
}

function addTypeChoices() {
  for (const type of Object.keys(TYPES))
    $('types').append(button(words(type), () => {
      if (!hiddenTypes.delete(type)) hiddenTypes.add(type);
      showTypes();
    }, {'data-type': type, 'aria-pressed': 'true'}));
  for (const [name, hide] of [['all', false], ['none', true]])
    $('types').append(button(name, () => {
      hiddenTypes.clear();
      if (hide) Object.keys(TYPES).forEach(type => hiddenTypes.add(type));
      showTypes();
    }));
}

function pause() {
  paused = !paused;
  $('pause').setAttribute('aria-pressed', String(paused));
  text($('pause'), paused ? 'Go on' : 'Pause');
  held = 0;
  text($('events-held'), paused ? 'paused' : '');
  if (!paused) showAll();
}

export function start() {
  addTypeChoices();
  $('pause').addEventListener('click', pause);
  $('event-filter').addEventListener('input', showAll);
  $('events-csv').addEventListener('click', () => saveCsv('events.csv', events.filter(isShown)));
  on('event', keep);
  on('forget', forget);
  showEmpty();
}
