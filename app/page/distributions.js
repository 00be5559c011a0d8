// SPDX-License-Identifier: MIT
// How the peers are distributed. A bar, when pressed, filters the table.

import {$, count, el, networkKind, services, text} from './format.js';
import {on, peers} from './live.js';
import {setFilter} from './peers.js';

const LONGEST = 8; // bars of one kind; the rest is one more
const PING_BOUNDS = [1, 10, 50, 100, 200, 500]; // ms

function pingKind(peer) {
  if (peer.ping === null) return null;
  const ms = peer.ping * 1000;
  const i = PING_BOUNDS.findIndex(bound => ms < bound);
  const [from, to] = i === 0 ? [null, PING_BOUNDS[0]]
    : i < 0 ? [PING_BOUNDS[PING_BOUNDS.length - 1], null] : [PING_BOUNDS[i - 1], PING_BOUNDS[i]];
  return {
    name: from === null ? `below ${to} ms` : to === null ? `${from} ms and more` : `${from} to ${to} ms`,
    filter: [from !== null && `ping>=${from}ms`, to !== null && `ping<${to}ms`].filter(Boolean).join(' '),
    order: from ?? 0,
  };
}

// Each makes, of a peer, what it counts as: [{name, filter, order}].
const KINDS = {
  'dist-agent': p => [{name: p.user_agent || 'none', filter: p.user_agent}],
  'dist-services': p => services(p.services).map(name => ({name, filter: name})),
  'dist-ping': p => [pingKind(p) || {name: 'not yet', filter: '', order: Infinity}],
  'dist-direction': p => p.direction === 'inbound' ? [{name: 'inbound', filter: 'in'}]
    : [{name: `outbound, ${p.connection_type.replace('outbound-', '').replaceAll('-', ' ')}`,
      filter: `out ${p.connection_type}`}],
  'dist-network': p => [{name: networkKind(p.address), filter: networkKind(p.address)}],
};

function distribution(of) {
  const counts = new Map();
  for (const peer of peers) for (const x of of(peer)) {
    const found = counts.get(x.name);
    if (found) found.n += 1;
    else counts.set(x.name, {...x, n: 1});
  }
  const all = [...counts.values()].sort((a, b) =>
    a.order !== undefined ? a.order - b.order : b.n - a.n || a.name.localeCompare(b.name));
  if (all.length <= LONGEST) return all;
  const rest = all.slice(LONGEST - 1);
  return [...all.slice(0, LONGEST - 1),
    {name: `${rest.length} others`, filter: null, n: rest.reduce((sum, x) => sum + x.n, 0)}];
}

function bar(x, total) {
  const filled = el('div');
  filled.style.width = `${100 * x.n / total}%`;
  const name = x.filter ? el('button', {type: 'button', class: 'link', title: `Show these peers: ${x.filter}`}, x.name)
    : el('span', {}, x.name);
  if (x.filter) name.addEventListener('click', () => {
    setFilter(x.filter);
    $('peers-panel').scrollIntoView({block: 'start', behavior: 'smooth'});
  });
  return el('li', {'data-name': x.name}, name, el('b', {}, count(x.n)), el('div', {class: 'track'}, filled));
}

function show() {
  $('dist-panel').hidden = peers.length === 0;
  for (const [id, of] of Object.entries(KINDS)) {
    const found = distribution(of);
    const key = JSON.stringify(found);
    const list = $(id);
    if (list.dataset.key === key) continue;
    list.dataset.key = key;
    list.replaceChildren(...found.map(x => bar(x, peers.length)));
  }
  text($('dist-count'), `of ${count(peers.length)} peers`);
}

export function start() {
  on('peers', show);
}
