// SPDX-License-Identifier: MIT
// What every part of the page uses: elements, and values as people read them. Everything
// that comes from the network is set as text, never as markup.

// -- elements -------------------------------------------------------------------------
export const $ = id => document.getElementById(id);

export function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {}))
    if (value !== null && value !== undefined) node.setAttribute(name, value);
  node.append(...children.filter(x => x !== null && x !== undefined));
  return node;
}

export function text(node, value) { // writes only what changed, to spare layout and screen readers
  value = String(value);
  if (node.textContent !== value) node.textContent = value;
}

export function button(label, act, attributes) {
  const node = el('button', {type: 'button', ...attributes}, label);
  node.addEventListener('click', act);
  return node;
}

/// A button that puts a text on the clipboard. `what` names it.
export function copyButton(value, what) {
  const node = button('copy', async event => {
    event.stopPropagation();
    let said = 'copied';
    try {
      await navigator.clipboard.writeText(typeof value === 'function' ? value() : value);
    } catch {
      said = 'not allowed';
    }
    text(node, said);
    setTimeout(() => text(node, 'copy'), 1500);
  }, {class: 'copy', 'aria-label': `Copy ${what}`, title: `Copy ${what}`});
  return node;
}

export function facts(pairs) {
  return el('dl', {class: 'facts'}, ...pairs.filter(x => x[1] !== null && x[1] !== undefined)
    .flatMap(([name, ...values]) => [el('dt', {}, name),
      el('dd', {}, ...values.filter(x => x !== null).map(x => x instanceof Node ? x : String(x)))]));
}

// -- links within the page: what has a place of its own has an address of its own --------
export const linkTo = (kind, key, ...label) =>
  el('a', {href: `#${kind}/${encodeURIComponent(key)}`}, ...label);

// -- numbers and times ----------------------------------------------------------------
export const UNKNOWN = '–';
export const count = x => Number.isFinite(x) ? x.toLocaleString('en') : UNKNOWN;
export const words = name => String(name).replaceAll('_', ' ');

export function bytes(x) {
  if (!Number.isFinite(x)) return UNKNOWN;
  if (x < 1000) return `${Math.round(x)} B`;
  let unit = 'kB';
  for (const next of ['MB', 'GB', 'TB']) {
    if (x < 999950) break;
    x /= 1000;
    unit = next;
  }
  x /= 1000;
  return `${x.toFixed(x < 9.95 ? 1 : 0)} ${unit}`;
}

export function seconds(x) { // how long something takes
  if (!Number.isFinite(x)) return UNKNOWN;
  if (x < 0.0000995) return `${Math.round(x * 1e6)} µs`;
  if (x < 0.00995) return `${(x * 1000).toFixed(1)} ms`;
  return x < 1 ? `${Math.round(x * 1000)} ms` : `${x.toFixed(1)} s`;
}

export function span(x) { // how long ago, in the largest unit that says enough
  if (!Number.isFinite(x)) return UNKNOWN;
  x = Math.max(0, Math.floor(x));
  if (x < 60) return `${x} s`;
  if (x < 3600) return `${Math.floor(x / 60)} min`;
  if (x < 86400) return `${Math.floor(x / 3600)} h ${Math.floor(x % 3600 / 60)} min`;
  return `${Math.floor(x / 86400)} d ${Math.floor(x % 86400 / 3600)} h`;
}

export const now = () => Date.now() / 1000;
export const ago = x => x === null || x === undefined ? UNKNOWN : span(now() - x);
export const clock = x => new Date(x * 1000).toLocaleTimeString('en-GB');
const date = (x, timeStyle) => new Date(x * 1000).toLocaleString('en-GB', {dateStyle: 'medium', timeStyle});
export const moment = x => date(x, 'short');
export const instant = x => date(x, 'medium');

// -- what peers say of themselves -----------------------------------------------------
const SERVICES = {
  0: 'network', 1: 'getutxo', 2: 'bloom', 3: 'witness', 6: 'compact filters',
  10: 'network limited', 11: 'p2p v2',
};

/// The names of the service bits, as in Bitcoin Core's protocol.h.
export function services(bits) {
  const names = [];
  let rest = BigInt(Math.max(0, Math.trunc(Number(bits) || 0)));
  for (let bit = 0; rest > 0n; ++bit, rest >>= 1n)
    if (rest & 1n) names.push(SERVICES[bit] || `bit ${bit}`);
  return names;
}

export function direction(peer) {
  if (peer.direction === 'inbound') return 'in';
  return `out, ${peer.connection_type.replace('outbound-', '').replaceAll('-', ' ')}`;
}

const GENESIS = 1231006505; // the first block: a clock from before is none

/// The peer's clock, as its version message told it.
export function clockOffset(peer) {
  const x = peer.time_offset;
  if (!Number.isFinite(x) || peer.connected_since + x < GENESIS) return 'not told';
  return x === 0 ? 'as ours' : `${span(Math.abs(x))} ${x > 0 ? 'ahead of' : 'behind'} ours`;
}

/// An address without its port: "127.0.0.1", "2001:db8::1".
export function hostOf(address) {
  const found = /^\[(.*)\](:\d+)?$/.exec(address) || /^([^:]*):\d+$/.exec(address);
  return found ? found[1] : address;
}

/// ipv4, ipv6, onion, i2p, cjdns, or local for what never leaves a site.
export function networkKind(address) {
  const host = hostOf(address).toLowerCase();
  if (host.endsWith('.onion')) return 'onion';
  if (host.endsWith('.i2p')) return 'i2p';
  if (host.includes(':')) {
    if (host.startsWith('fc')) return 'cjdns';
    return host === '::1' || /^(fd|fe[89ab])/.test(host) ? 'local' : 'ipv6';
  }
  return /^(127|10)\.|^192\.168\.|^172\.(1[6-9]|2\d|3[01])\.|^169\.254\./.test(host) ? 'local' : 'ipv4';
}

// -- CSV ------------------------------------------------------------------------------
function cell(value) {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  let x = typeof value === 'object' ? JSON.stringify(value) : String(value);
  if (/^[=+\-@\t\r]/.test(x)) x = `'${x}`; // strangers write this: no formula for a spreadsheet
  return /[",\n\r]/.test(x) ? `"${x.replaceAll('"', '""')}"` : x;
}

/// Saves objects as a file of comma-separated values, all fields of all of them.
export function saveCsv(name, entries) {
  const fields = [...new Set(entries.flatMap(Object.keys))];
  const lines = [fields, ...entries.map(x => fields.map(field => x[field]))];
  const file = new Blob([lines.map(x => x.map(cell).join(',') + '\r\n').join('')], {type: 'text/csv'});
  const link = el('a', {href: URL.createObjectURL(file), download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
