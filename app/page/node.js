// SPDX-License-Identifier: MIT
// Asks the node, and calls it with the cookie, which is in this file's memory only.

const ANSWER_MS = 10000;
const CALL_MS = 40000;

export class Gone extends Error {}      // a document that is no longer there
export class Silent extends Error {}    // somebody listens, but nobody answers
export class Refused extends Error {}   // the cookie is not, or no longer, the node's

async function exchange(path, options, patience) {
  const abort = new AbortController();
  const alarm = setTimeout(() => abort.abort(), patience);
  try {
    const answer = await fetch(path, {...options, signal: abort.signal, cache: 'no-store',
      credentials: 'omit'}); // else a 401 makes the browser ask for a password
    return {status: answer.status, ok: answer.ok, body: await answer.text()};
  } catch {
    throw abort.signal.aborted ? new Silent('The node does not answer.')
      : new Error('The node cannot be reached.');
  } finally {
    clearTimeout(alarm);
  }
}

function read(answer, path) {
  try {
    return JSON.parse(answer.body);
  } catch {
    throw new Error(`The node's answer to /${path} cannot be read.`);
  }
}

/// A document.
export async function ask(path) {
  const answer = await exchange(path, {}, ANSWER_MS);
  if (answer.ok) return read(answer, path);
  const kind = {404: Gone, 504: Silent}[answer.status] || Error;
  throw new kind(`The node answers ${answer.status} to /${path}.`);
}

// -- calls ----------------------------------------------------------------------------
let cookie = null;
let onLock = () => {};

export const isUnlocked = () => cookie !== null;

/// `act` is called whenever the page becomes locked or unlocked, with the reason.
export function watchLock(act) { onLock = act; }

export function lock(why) {
  if (cookie === null) return;
  cookie = null;
  onLock(why);
}

/// Throws if the node refuses it.
export async function unlock(given) {
  cookie = given.includes(':') ? given : `__cookie__:${given}`;
  try {
    await call('uptime', []);
  } catch (error) {
    cookie = null;
    throw error;
  }
  onLock('');
}

/// The result of a call. The reason of a failure is for people.
export async function call(method, params) {
  if (cookie === null) throw new Refused('The page is locked.');
  let token;
  try {
    token = btoa(cookie);
  } catch {
    throw new Refused('This is no cookie: it has characters that none has.');
  }
  const answer = await exchange('./', {
    method: 'POST',
    headers: {'Content-Type': 'application/json', Authorization: `Basic ${token}`},
    body: JSON.stringify({jsonrpc: '2.0', id: 1, method, params}),
  }, CALL_MS);
  if (answer.status === 401) {
    lock('The node has another cookie now: it was started anew.');
    throw new Refused('The node refuses this cookie.');
  }
  if (answer.status === 403) throw new Refused(read(answer, '').error || 'The node takes no calls.');
  const found = read(answer, '');
  if (found.error) throw new Error(found.error.message || String(found.error));
  return found.result;
}
