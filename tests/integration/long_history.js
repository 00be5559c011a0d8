// SPDX-License-Identifier: MIT
// Runs before the page's own scripts: its /history is that of a node that has run for a day.
const realFetch = window.fetch;
window.fetch = async (path, ...more) => {
  if (path !== 'history') return realFetch(path, ...more);
  const now = Date.now() / 1000;
  return new Response(JSON.stringify(Array.from({length: 1440}, (_, i) => {
    const day = i / 1440 * 2 * Math.PI, wave = Math.sin(3 * day), noise = ((i * 7919) % 97) / 97;
    return {
      time: now - (1439 - i) * 60, outbound: Math.min(25, Math.floor(i / 2)),
      inbound: Math.round(60 + 25 * wave + 6 * noise), ready: Math.round(80 + 25 * wave),
      received_per_second: i ? Math.round(40000 * (1.2 + wave) + 9000 * noise) : null,
      sent_per_second: i ? Math.round(22000 * (1.1 + wave) + 4000 * noise) : null,
      ping_median: 0.08 + 0.03 * wave + 0.02 * noise,
      dials_succeeded: i < 30 ? 2 : Math.round(noise), dials_failed: i < 60 ? 12 : Math.round(3 * noise),
    };
  })), {headers: {'Content-Type': 'application/json'}});
};
