// SPDX-License-Identifier: MIT
// The bans in force, and how to add and lift one.

import {ban, banTimes, liftBan} from './actions.js';
import {$, button, count, el, linkTo, moment, words} from './format.js';
import {on, status} from './live.js';
import {ask} from './node.js';

const SHOWN = 100;
let loading = false, again = false;

/// Those in force; see /schema/bans.
export const loadBans = () => ask('bans');

async function show() {
  if (!$('ban-details').open) return;
  if (loading) { again = true; return; }
  loading = true;
  again = false;
  try {
    const found = await loadBans();
    const items = found.slice(0, SHOWN).map(x => el('li', {'data-range': x.range},
      linkTo('address', x.range, el('code', {}, x.range)),
      el('span', {class: 'soft'}, `${words(x.reason)}, until ${moment(x.until)}`),
      button('Lift', () => liftBan(x.range), {'aria-label': `Lift the ban of ${x.range}`})));
    if (found.length > SHOWN)
      items.push(el('li', {class: 'soft'}, `and ${count(found.length - SHOWN)} more`));
    if (!found.length) items.push(el('li', {class: 'empty'}, 'Nobody is banned.'));
    $('ban-list').replaceChildren(...items);
  } catch {
    // What was shown stays.
  }
  loading = false;
  if (again) show();
}

export function start() {
  const times = banTimes();
  $('ban').insertBefore(times, $('ban').lastElementChild);
  $('ban').addEventListener('submit', event => {
    event.preventDefault();
    const range = $('ban-range').value.trim();
    if (range) ban(range, Number(times.value));
  });
  $('ban-details').addEventListener('toggle', show);
  let before = null;
  on('status', () => {
    if (status.bans !== before) show();
    before = status.bans;
  });
  on('event', x => { if (x.type === 'ban_added' || x.type === 'ban_lifted') show(); });
  on('forget', show);
}
