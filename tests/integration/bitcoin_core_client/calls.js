// SPDX-License-Identifier: MIT
'use strict';

// Makes the calls on stdin with npm's bitcoin-core, one after the other, and prints what came
// of each: [{"result": ...} or {"error": {"code", "message"}}].
//
// stdin: {"host", "username", "password", "calls": [...]}, a call being one of
//   {"function": "getPeerInfo", "parameters": [...]}   a function of the client
//   {"method": "why", "parameters": [...]}             a method that it does not know
//   {"batch": [{"method", "parameters"}, ...]}         its result is a list of these

const Client = require('bitcoin-core');
const fs = require('fs');

const timeout = 20000; // ms

const failed = error => ({ error: { code: error.code, message: error.message } });

async function call(clients, what) {
  const parameters = what.parameters || [];
  try {
    if (what.batch) {
      const results = await clients.any.command(what.batch);
      return {
        result: results.map(x => (x instanceof Error ? failed(x) : { result: x }))
      };
    }
    if (what.function) {
      return { result: await clients.core[what.function](...parameters) };
    }
    return { result: await clients.any.command(what.method, ...parameters) };
  } catch (error) {
    return failed(error);
  }
}

async function main() {
  const { calls, ...options } = JSON.parse(fs.readFileSync(0, 'utf8'));
  // Told the version, it gives named parameters, but makes no calls that it does not know.
  const clients = {
    any: new Client({ ...options, timeout }),
    core: new Client({ ...options, timeout, version: '28.0.0' })
  };
  const answers = [];
  for (const what of calls) {
    answers.push(await call(clients, what));
  }
  process.stdout.write(JSON.stringify(answers));
}

main();
