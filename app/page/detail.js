// SPDX-License-Identifier: MIT
// One peer, address or event, beside the page. The URL's fragment says which, so each has
// a link, and the browser's "back" works.

import {ban, banTimes, connectTo, disconnect, liftBan, ping} from './actions.js';
import {loadBans} from './bans.js';
import {eventItem, remembered} from './events.js';
import {$, ago, button, bytes, clock, clockOffset, copyButton, count, direction, el, facts, hostOf,
  instant, linkTo, moment, networkKind, seconds, services, UNKNOWN, words} from './format.js';
import {on, peers, status} from './live.js';
import {ask, call, Gone, isUnlocked} from './node.js';
import {choose, rowOf} from './peers.js';

const EVENTS = 100; // of one peer or address
let shown = null;   // {kind, key, document, trouble}
let opener = null;

const isOpen = (kind, key) => shown !== null && shown.kind === kind && shown.key === key;

// -- opening and closing --------------------------------------------------------------
const TITLES = {peer: key => `Peer ${key}`, address: key => key, event: key => `Event ${key}`};

function open(kind, key) {
  if (isOpen(kind, key)) return;
  if (shown === null) opener = document.activeElement;
  shown = {kind, key, document: null, trouble: null};
  choose(kind === 'peer' ? Number(key) : null);
  document.body.classList.add('with-detail');
  const panel = $('peer-detail');
  panel.hidden = false;
  const title = el('h2', {tabindex: -1}, TITLES[kind](key));
  panel.replaceChildren(el('div', {class: 'head'}, title, button('Close', close)), el('p', {class: 'do'}),
    el('div', {class: 'content'}, el('p', {class: 'empty'}, 'Asking the node …')));
  panel.scrollTop = 0;
  title.focus({preventScroll: true});
  load();
}

function close() {
  if (shown === null) return;
  const row = shown.kind === 'peer' ? rowOf(Number(shown.key)) : null;
  const inside = $('peer-detail').contains(document.activeElement);
  shown = null;
  $('peer-detail').hidden = true;
  document.body.classList.remove('with-detail');
  choose(null);
  if (location.hash) history.replaceState(null, '', location.pathname + location.search);
  const back = row || opener;
  if (inside && back && back.isConnected) back.focus();
}

/// Follows the URL's fragment.
function follow() {
  const [, kind, key] = /^#(peer|address|event)\/(.+)$/.exec(location.hash) || [];
  if (!kind) return close();
  try {
    open(kind, decodeURIComponent(key));
  } catch {
    close(); // no such link is made here
  }
}

export const openPeer = id => { location.hash = `peer/${id}`; };

// -- loading --------------------------------------------------------------------------
async function load() {
  const mine = shown;
  if (mine === null) return;
  if (mine.kind === 'peer') {
    try {
      mine.document = await ask(`peers/${mine.key}`);
      mine.trouble = null;
    } catch (error) {
      mine.trouble = error instanceof Gone ? 'gone' : 'unknown';
    }
  } else if (mine.kind === 'address') {
    const [bans, why] = await Promise.all([
      loadBans().catch(() => null), isUnlocked() ? explain(mine.key) : null]);
    mine.document = {bans, why, book: mine.document ? mine.document.book : undefined};
  }
  if (shown === mine) show();
}

/// What only a call tells; null where it fails.
async function explain(address) {
  const [why, whynot] = await Promise.all([
    call('why', [address]).catch(() => null),
    address.includes('/') ? null : call('whynot', [address]).catch(() => null)]);
  return {why, whynot};
}

// What somebody presses, or selects, is not replaced meanwhile.
let pressed = false;

function isInUse(panel) {
  const selection = getSelection();
  return pressed || !selection.isCollapsed && panel.contains(selection.anchorNode);
}

function show() {
  const panel = $('peer-detail');
  if (isInUse(panel)) return;
  const {actions, parts} = {peer: peerParts, address: addressParts, event: eventParts}[shown.kind](shown);
  const bar = panel.querySelector('.do');
  const key = JSON.stringify(actions.map(x => x[0]));
  if (bar.dataset.key !== key) { // the same buttons stay the same elements
    bar.dataset.key = key;
    bar.replaceChildren(...actions.map(([, make]) => make()));
  }
  const content = panel.querySelector('.content');
  const reachable = () => [...content.querySelectorAll('a, button')];
  const focused = reachable().indexOf(document.activeElement);
  const at = panel.scrollTop;
  content.replaceChildren(...parts);
  if (focused >= 0) reachable()[focused]?.focus({preventScroll: true});
  panel.scrollTop = at;
}

const titled = (name, ...parts) => [el('h3', {}, name), ...parts];

function eventList(all, omit) {
  return all.length ? el('ol', {class: 'stream'}, ...all.slice(0, EVENTS).map(x => eventItem(x, omit)))
    : el('p', {class: 'empty'}, 'Nothing is remembered.');
}

// Actions are pairs: what they are, by which a change is noticed, and what makes the control.
const act = (name, label, run) => [name, () => button(label, run, {'data-act': name})];

function banAction(address, peer) {
  return [`ban ${peer}`, () => {
    const times = banTimes();
    return el('span', {class: 'joined'}, times,
      button('Ban', () => ban(address, Number(times.value), peer), {'data-act': 'ban'}));
  }];
}

// -- a peer ---------------------------------------------------------------------------
function actorBox(actor) {
  return el('li', {'data-actor': actor.name}, el('b', {}, actor.name),
    el('span', {class: 'soft'}, `actor ${actor.id}, ${actor.mailbox ? `${count(actor.mailbox)} waiting` : 'mailbox empty'}`));
}

function peerTrouble(id, trouble) {
  if (trouble !== 'gone')
    return el('p', {class: 'empty'}, 'The node did not answer; this is what it said last.');
  const end = remembered(x => x.type === 'peer_left' && x.peer === id).pop();
  return el('p', {class: 'empty'}, end
    ? `This peer left at ${clock(end.time)}: ${words(end.reason || 'no reason given')}.`
    : 'This peer is gone.');
}

function peerActions(p, isGone) {
  if (!isGone) return [
    act('disconnect', 'Disconnect', () => disconnect(p.id)),
    act('ping', 'Ping', () => ping(p.id)), banAction(p.address, p.id)];
  const again = act('connect', 'Connect again', () => connectTo(p.address));
  return [...(p.direction === 'outbound' ? [again] : []), banAction(p.address, null)];
}

function peerFlow(p) {
  return facts([
    ['read credit', count((p.group || {}).credit)],
    ['requests', `${count(p.requests_in_flight)} in flight, ${count(p.requests_queued)} queued`],
    ['asked by the peer', `${count(p.inbound_backlog)} waiting for an answer`],
    ['unsent', bytes(p.unsent_bytes) + (p.reading_paused ? '; reading is paused' : '')],
    ['received', `${bytes(p.bytes_received)} in ${count(p.messages_received)} messages`],
    ['sent', `${bytes(p.bytes_sent)} in ${count(p.messages_sent)} messages`],
    ['ping', p.ping === null ? UNKNOWN : `${seconds(p.ping)}, lowest ${seconds(p.lowest_ping)}`],
    ['last received', p.last_received === null ? 'never' : `${ago(p.last_received)} ago`],
    ['last sent', p.last_sent === null ? 'never' : `${ago(p.last_sent)} ago`],
    ['last block', p.last_block === null ? 'none' : `${ago(p.last_block)} ago`],
    ['last transaction', p.last_transaction === null ? 'none' : `${ago(p.last_transaction)} ago`],
    ['ignored', Object.entries(p.ignored).map(([k, n]) => `${words(k)} ${count(n)}`).join(', ') || 'nothing'],
  ]);
}

function peerIdentity(p) {
  const offers = [p.relay && 'relay', p.wtxidrelay && 'wtxidrelay', p.addrv2 && 'addrv2'].filter(Boolean);
  return facts([
    ['address', linkTo('address', p.address, el('code', {}, p.address)), copyButton(p.address, 'the address')],
    ['our side', el('code', {}, p.local_address)],
    ['direction', direction(p)], ['network', networkKind(p.address)], ['state', p.state],
    ['user agent', p.user_agent || 'none', p.user_agent ? copyButton(p.user_agent, 'the user agent') : null],
    ['protocol', p.protocol_version],
    ['services', services(p.services).join(', ') || 'none'],
    ['offers', offers.join(', ') || 'nothing special'],
    ['height at start', count(p.start_height)], ['clock', clockOffset(p)],
    ['handshake', seconds(p.handshake_duration)],
    ['connected', `${moment(p.connected_since)}, ${ago(p.connected_since)} ago`],
  ]);
}

function peerParts({key, document: p, trouble}) {
  const id = Number(key);
  const parts = trouble ? [peerTrouble(id, trouble)] : [];
  if (p) {
    const group = p.group || {actors: []};
    if (!trouble) parts.push(...titled('Actor group', group.actors.length
      ? el('ul', {class: 'group'}, ...group.actors.map(actorBox))
      : el('p', {class: 'empty'}, 'No actors are known.')));
    parts.push(...titled('Identity', peerIdentity(p)), ...titled('Flow', peerFlow(p)));
  }
  const past = p && p.group && !trouble ? [...p.group.history].reverse()
    : remembered(x => x.peer === id).reverse();
  parts.push(...titled('History', eventList(past, 'peer')));
  if (p) parts.push(el('p', {class: 'soft'}, el('a', {href: `peers/${id}`, target: '_blank', rel: 'noopener'}, 'As JSON'),
    copyButton(() => JSON.stringify(p, null, 2), 'all of this as JSON')));
  return {actions: p ? peerActions(p, trouble === 'gone') : [], parts};
}

// -- an address or a range ------------------------------------------------------------
const ofOneHost = x => x.replace(/\/(32|128)$/, ''); // a range of one address is that address
const isRange = x => ofOneHost(x).includes('/');

/// Whether an address is the subject, or one of its ports if the subject has none.
function isOfSubject(address, subject) {
  if (!address) return false;
  const wanted = ofOneHost(subject);
  return hostOf(wanted) !== wanted ? address === wanted : hostOf(address) === wanted;
}

/// Whether a ban is of just this address, or of this very range.
const isBanOf = (range, subject) =>
  range === subject || ofOneHost(range) === hostOf(ofOneHost(subject));

function addressActions(address, bans) {
  const own = bans.find(x => isBanOf(x.range, address));
  return [
    ...(isRange(address) ? [] : [act('connect', 'Connect', () => connectTo(address))]),
    own ? act('lift', 'Lift the ban', () => liftBan(own.range)) : banAction(address, null),
    ['copy', () => copyButton(address, 'the address')],
  ];
}

function obstacleText(x) {
  if (x.possible) return 'nothing';
  return x.obstacles.map(o => o.detail || words(o.kind)).join('; ');
}

function bookFacts(x) {
  if (x === null) return el('p', {class: 'empty'}, 'The address book does not have it.');
  return facts([
    ['state', words(x.state)], ['services', services(x.services).join(', ') || 'none'],
    ['last seen', x.last_seen === null ? 'never' : `${ago(x.last_seen)} ago`],
    ['told by', x.source || 'nobody'], ['tried', x.tried ? 'yes' : 'no'],
    ['last attempt', x.last_attempt === null ? 'none' : `${ago(x.last_attempt)} ago`],
    ['last success', x.last_success === null ? 'none' : `${ago(x.last_success)} ago`],
  ]);
}

/// The whole book is a large document: it is asked for when somebody wants it.
function bookParts(own) {
  if (own.document.book !== undefined) return [bookFacts(own.document.book)];
  const look = button('Look it up', async () => {
    look.disabled = true;
    try {
      const all = await ask('addresses');
      own.document.book = all.find(x => isOfSubject(x.address, own.key)) || null;
      if (shown === own) show();
    } catch (error) {
      look.replaceWith(el('p', {class: 'empty'}, error.message));
    }
  });
  return [el('p', {}, look)];
}

function addressParts(own) {
  const {key: address, document: found} = own;
  const bans = found.bans || [];
  const here = (peers || []).filter(p => isOfSubject(p.address, address));
  const known = found.why && found.why.why
    ? [...found.why.why.history].reverse()
    : remembered(x => isOfSubject(x.address, address) || x.range && isBanOf(x.range, address)).reverse();
  const ban = bans.filter(x => isBanOf(x.range, address));
  const whynot = found.why && found.why.whynot;
  const parts = [
    facts([
      ['network', isRange(address) ? null : networkKind(address)],
      ['peers', ...(here.length ? here.flatMap((p, i) => [i ? ', ' : null, linkTo('peer', p.id, `peer ${p.id}`)])
        : ['none is connected'])],
      ['banned', ban.length ? ban.map(x => `${words(x.reason)}, until ${moment(x.until)}`).join('; ') : 'no'],
      ['score', found.why && found.why.why ? found.why.why.score : null],
      ['stops a dial', whynot ? obstacleText(whynot.dial) : null],
      ['stops an accept', whynot ? obstacleText(whynot.accept) : null],
    ]),
    ...(isRange(address) ? [] : titled('Address book', ...bookParts(own))),
    ...titled('Events', eventList(known, 'address')),
    isUnlocked() ? null : el('p', {class: 'soft'}, 'Unlocked, the page also shows older events, the score, and what would stop a connection.'),
  ].filter(Boolean);
  return {actions: addressActions(address, bans), parts};
}

// -- an event -------------------------------------------------------------------------
const TIMES = new Set(['time', 'deadline']);
const FIRST = ['seq', 'type', 'time', 'peer', 'address', 'range', 'reason'];

function eventFact([name, value]) {
  if (name === 'peer') return [name, linkTo('peer', value, `peer ${value}`)];
  if (name === 'address' || name === 'range')
    return [name, linkTo('address', value, el('code', {}, value)), copyButton(value, `the ${name}`)];
  if (TIMES.has(name)) return [name === 'deadline' ? 'until' : name, instant(value)];
  if (name === 'hash') return [name, el('code', {}, value), copyButton(value, 'the hash')];
  return [words(name), name === 'type' || name === 'reason' ? words(value) : value];
}

function eventParts({key}) {
  const [x] = remembered(e => e.seq === Number(key));
  if (!x) return {actions: [], parts: [el('p', {class: 'empty'}, `Event ${key} is not remembered here.`)]};
  const subject = x.address || x.range;
  const alike = remembered(e => e !== x && (x.peer ? e.peer === x.peer
    : subject && (isOfSubject(e.address, subject) || e.range && isBanOf(e.range, subject)))).reverse();
  const place = ([name]) => FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length;
  return {
    actions: [['copy', () => copyButton(() => JSON.stringify(x), 'this event as JSON')]],
    parts: [
      facts(Object.entries(x).sort((a, b) => place(a) - place(b)).map(eventFact)),
      ...(x.peer || subject
        ? titled(x.peer ? `Of peer ${x.peer}` : 'Of this address', eventList(alike, '')) : []),
    ],
  };
}

export function start() {
  addEventListener('hashchange', follow);
  $('peer-detail').addEventListener('pointerdown', () => { pressed = true; });
  for (const end of ['pointerup', 'pointercancel'])
    addEventListener(end, () => setTimeout(() => { pressed = false; }));
  document.addEventListener('keydown', event => {
    if (event.key === 'Escape') close();
  });
  let begun = false;
  on('peers', () => {
    if (!begun) { // a link from elsewhere is followed when there is something to show
      begun = true;
      follow();
    } else if (shown !== null && shown.kind !== 'event') {
      load();
    }
  });
  on('forget', () => { if (status !== null) close(); });
}
