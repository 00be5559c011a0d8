// SPDX-License-Identifier: MIT
// The table of the peers: its order, its filter, and what is chosen in it.

import {$, ago, bytes, count, direction, el, networkKind, saveCsv, seconds, services, text,
  UNKNOWN} from './format.js';
import {on, peers, status} from './live.js';

const ROWS = 500;
const DOTS = {ready: 'good', unready: 'wait'};
const COLUMNS = [
  {name: 'id', of: p => p.id, show: p => p.id},
  {name: 'address', of: p => p.address, show: p => p.address, kind: 'address'},
  {name: 'user agent', of: p => p.user_agent, show: p => p.user_agent, kind: 'user-agent middle'},
  {name: 'direction', of: p => p.direction + p.connection_type, show: direction, kind: 'middle'},
  {name: 'ping', of: p => p.ping, show: p => p.ping === null ? UNKNOWN : seconds(p.ping), kind: 'number'},
  {name: 'received', of: p => p.bytes_received, show: p => bytes(p.bytes_received), kind: 'number wide'},
  {name: 'sent', of: p => p.bytes_sent, show: p => bytes(p.bytes_sent), kind: 'number wide'},
  {name: 'heard', of: p => p.last_received, show: p => ago(p.last_received), kind: 'number wide'},
  {name: 'connected', of: p => -p.connected_since, show: p => ago(p.connected_since), kind: 'number middle'},
];
const collator = new Intl.Collator('en', {numeric: true});
const table = document.querySelector('#peers tbody');
const rows = new Map(); // id → tr
let sortBy = COLUMNS[0], descending = false;
let chosen = null, cursor = null; // ids: the open peer, the row that Tab reaches
let open = () => {};

// -- the filter -----------------------------------------------------------------------
const WHOLE_WORDS = new Set(['in', 'out', 'ready', 'network', 'ipv4', 'ipv6']);
const PING_TERM = /^ping(<=?|>=?)(\d+)ms$/;

function pingMatches(peer, term) {
  const [, compare, limit] = PING_TERM.exec(term);
  if (peer.ping === null) return false;
  const ms = peer.ping * 1000;
  return {'<': ms < limit, '<=': ms <= limit, '>': ms > limit, '>=': ms >= limit}[compare];
}

function textOf(peer) {
  const way = peer.direction === 'inbound' ? 'in inbound' : 'out outbound';
  return `${peer.id} ${peer.address} ${peer.user_agent} ${way} ${peer.connection_type} ` +
    `${peer.state} ${networkKind(peer.address)} ${services(peer.services).join(' ')}`.toLowerCase();
}

function matches(peer, terms) {
  const all = textOf(peer).toLowerCase();
  const tokens = all.split(' ');
  return terms.every(term => PING_TERM.test(term) ? pingMatches(peer, term)
    : WHOLE_WORDS.has(term) ? tokens.includes(term) : all.includes(term));
}

const terms = () => $('filter').value.toLowerCase().split(/\s+/).filter(Boolean);

export function setFilter(value) {
  $('filter').value = value;
  show();
}

function compare(a, b) {
  const x = sortBy.of(a), y = sortBy.of(b);
  if (x === null || y === null) return (x === null) - (y === null) || a.id - b.id;
  const order = typeof x === 'string' ? collator.compare(x, y) : x - y;
  return (descending ? -order : order) || a.id - b.id;
}

const filtered = () => peers.filter(p => matches(p, terms())).sort(compare);

// -- rows -----------------------------------------------------------------------------
function makeRow(id) {
  const row = el('tr', {'data-id': id, tabindex: -1});
  row.cells_ = COLUMNS.map(column => {
    const cell = el('td', {class: column.kind || ''});
    if (column.name === 'id') {
      row.dot = el('span', {class: 'dot'});
      row.state = el('span', {class: 'unseen'});
      cell.append(row.dot);
    }
    const value = el('span');
    cell.append(value);
    if (column.name === 'id') cell.append(row.state);
    if (column.name === 'address') cell.append(row.agent = el('span', {class: 'agent'}));
    row.append(cell);
    return value;
  });
  return row;
}

function showHead() {
  for (const column of COLUMNS) {
    if (column === sortBy) column.head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
    else column.head.removeAttribute('aria-sort');
  }
}

function show() {
  showHead();
  if (peers === null) return;
  const wanted = filtered();
  const shown = wanted.slice(0, ROWS);
  const focused = document.activeElement && document.activeElement.closest('#peers tbody tr');
  const focusedAt = focused ? [...table.children].indexOf(focused) : -1;

  const keep = new Set(shown.map(p => p.id));
  for (const [id, row] of rows) if (!keep.has(id)) { row.remove(); rows.delete(id); }
  let place = table.firstChild;
  for (const peer of shown) {
    let row = rows.get(peer.id);
    if (!row) rows.set(peer.id, row = makeRow(peer.id));
    COLUMNS.forEach((column, i) => text(row.cells_[i], column.show(peer)));
    text(row.agent, peer.user_agent);
    row.cells_[2].parentNode.title = peer.user_agent;
    row.dot.className = `dot ${DOTS[peer.state] || ''}`;
    row.dot.title = peer.state;
    text(row.state, ` ${peer.state}`);
    if (row === place) place = place.nextSibling;
    else table.insertBefore(row, place);
  }
  if (focused) { // a moved row loses the focus, and a gone one leaves it to its successor
    const row = focused.isConnected ? focused : table.children[Math.min(focusedAt, table.children.length - 1)];
    if (row && document.activeElement !== row) row.focus({preventScroll: true});
  }
  if (!rows.has(cursor)) cursor = shown.length ? shown[0].id : null;
  mark();
  showCounts(wanted, shown);
}

function showCounts(wanted, shown) {
  text($('peers-shown'), wanted.length > shown.length
    ? `the first ${count(shown.length)}; ${count(wanted.length - shown.length)} more`
    : terms().length ? `${count(wanted.length)} of ${count(peers.length)}` : '');
  const empty = $('peers-empty');
  empty.hidden = wanted.length > 0;
  text(empty, peers.length ? `No peer matches “${$('filter').value.trim()}”.`
    : status && !status.network_active ? 'No peers: connections are switched off.'
    : status && status.dialing ? `No peers yet; ${count(status.dialing)} are being dialed.`
    : 'No peers.');
  document.querySelector('#peers').hidden = wanted.length === 0;
  $('peers-csv').disabled = wanted.length === 0;
}

function mark() {
  for (const [id, row] of rows) {
    row.tabIndex = id === cursor ? 0 : -1;
    if (id === chosen) row.setAttribute('aria-current', 'true');
    else row.removeAttribute('aria-current');
  }
}

/// Marks the peer that is looked at; null: none.
export function choose(id) {
  chosen = id;
  mark();
}

/// Its row, if it is shown.
export const rowOf = id => rows.get(id);

/// @param openPeer Called with the id of a peer that somebody wants to look at.
export function start(openPeer) {
  open = openPeer;
  for (const column of COLUMNS) {
    const head = el('button', {type: 'button'}, column.name);
    column.head = el('th', {scope: 'col', class: column.kind || ''}, head);
    head.addEventListener('click', () => {
      descending = sortBy === column ? !descending : false;
      sortBy = column;
      show();
    });
    document.querySelector('#peers thead tr').append(column.head);
  }
  table.addEventListener('click', event => {
    const row = event.target.closest('tr');
    if (row && !String(getSelection())) open(Number(row.dataset.id));
  });
  table.addEventListener('focusin', event => {
    cursor = Number(event.target.closest('tr').dataset.id);
    mark();
  });
  table.addEventListener('keydown', event => {
    const row = event.target.closest('tr');
    const next = {
      ArrowDown: () => row.nextElementSibling, ArrowUp: () => row.previousElementSibling,
      Home: () => table.firstElementChild, End: () => table.lastElementChild,
    }[event.key];
    if (event.key === 'Enter' || event.key === ' ') open(Number(row.dataset.id));
    else if (next) next() && next().focus();
    else return;
    event.preventDefault();
  });
  $('filter').addEventListener('input', show);
  $('peers-csv').addEventListener('click', () => saveCsv('peers.csv', filtered().map(p => ({
    ...p, services: services(p.services).join(' '), network: networkKind(p.address)}))));
  on('peers', show);
}
