// SPDX-License-Identifier: MIT
'use strict';

// A bcoin regtest full node, driven by JSON lines on stdin and stdout. See README.md for the commands and events.

process.env.NODE_BACKEND = 'js'; // bcoin reads it when it is first required: the native parts are not built

// stdout carries JSON lines and nothing else: whatever a library prints goes to stderr.
const writeOut = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);

const net = require('net');
const readline = require('readline');
const bcoin = require('bcoin');
const Peer = require('bcoin/lib/net/peer');
const NetAddress = require('bcoin/lib/net/netaddress');
const {services} = require('bcoin/lib/net/common');

const FEE = 20000;
const STOP_DEADLINE_MS = 3000;

function say(object) {
  writeOut(JSON.stringify(object) + '\n');
}

process.stdout.on('error', () => process.exit(1)); // the reader is gone

function fail(message) {
  process.stderr.write(`node.js: ${message}\n`);
  process.exit(2);
}

function isLoopback(host) {
  return host === '::1' || (net.isIPv4(host) && host.startsWith('127.'));
}

function display(hash) { // bcoin keeps hashes as hex in wire order
  return Buffer.from(hash, 'hex').reverse().toString('hex');
}

function seconds(milliseconds) {
  return milliseconds > 0 ? milliseconds / 1000 : null;
}

function parseArguments(words) {
  const values = {
    'host': '127.0.0.1',
    'port': '',
    'listen': 'true',
    'prefix': '',
    'max-inbound': '1000',
    'max-outbound': '100',
    'inv-interval': '5',
    'ping-interval': '30',
    'log-level': 'none'
  };

  for (let i = 0; i < words.length; i += 2) {
    const name = words[i].replace(/^--/, '');
    if (!words[i].startsWith('--') || !(name in values))
      fail(`unknown option ${words[i]}`);
    if (i + 1 === words.length)
      fail(`option ${words[i]} needs a value`);
    values[name] = words[i + 1];
  }

  const number = (name, low, high) => {
    const value = Number(values[name]);
    if (values[name] === '' || !(value >= low && value <= high))
      fail(`option --${name}: '${values[name]}' is not between ${low} and ${high}`);
    return value;
  };

  if (!isLoopback(values.host))
    fail(`option --host: '${values.host}' is not a loopback address`);
  if (!['true', 'false'].includes(values.listen))
    fail(`option --listen: '${values.listen}' is neither true nor false`);

  return {
    host: values.host,
    port: number('port', 1, 65535),
    listen: values.listen === 'true',
    prefix: values.prefix,
    maxInbound: number('max-inbound', 1, 100000),
    maxOutbound: number('max-outbound', 1, 100000),
    invInterval: number('inv-interval', 0.01, 3600),
    pingInterval: number('ping-interval', 0.01, 3600),
    logLevel: values['log-level']
  };
}

function createNode(options) {
  Peer.INV_INTERVAL = options.invInterval * 1000;
  Peer.PING_INTERVAL = options.pingInterval * 1000;

  const settings = {
    'network': 'regtest',
    'memory': true,
    'workers': false,
    'log-level': options.logLevel,
    'log-console': options.logLevel !== 'none',
    'listen': options.listen,
    'host': options.host,
    'port': options.port,
    'max-inbound': options.maxInbound,
    'max-outbound': options.maxOutbound,
    'bip37': true,
    'upnp': false,
    'seeds': [],
    'persistent-mempool': false,
    'create-socket': (port, host) => {
      if (!isLoopback(host))
        throw new Error(`refused to dial ${host}: loopback only`);
      return net.connect(port, host);
    }
  };

  if (options.prefix)
    settings.prefix = options.prefix;

  return new bcoin.FullNode(settings);
}

// Everything in a full node that would reach beyond this machine, or ban it, is switched off here.
function keepToLoopback(node) {
  const {pool} = node;

  node.http.open = async () => {};
  node.http.close = async () => {};

  pool.discoverGateway = async () => false;
  pool.discoverExternal = async () => {}; // asks DNS for the public address otherwise
  pool.discoverSeeds = async () => {};
  pool.hosts.local.clear(); // the addresses of this machine's interfaces, which it would advertise

  // Only what `connect` named is dialled, never what an addr message brought.
  pool.getHost = () => pool.hosts.nodes.find(address => !pool.peers.has(address.hostname)) || null;

  // A ban would shut out every later peer of a test, for all of them are 127.0.0.1: only the one peer ends.
  pool.hosts.isBanned = () => false;
  pool.hosts.ban = () => {};
}

// The script's key and the coinbases paid to it: odd heights pay to P2PKH, even heights to P2WPKH.
class Purse {
  constructor(node) {
    this.node = node;
    const key = bcoin.KeyRing.generate().getPrivateKey();
    this.rings = [false, true].map((witness) => {
      const ring = bcoin.KeyRing.fromPrivate(key);
      ring.witness = witness;
      return ring;
    });
    this.coins = []; // {hash, height, witness}, oldest first

    node.on('connect', (entry, block) => this.add(entry, block));
    node.on('disconnect', entry => this.remove(entry));
  }

  ring(witness) {
    return this.rings[witness ? 1 : 0];
  }

  add(entry, block) {
    const coinbase = block.txs[0];
    const hash = coinbase.outputs[0].getHash('hex');
    if (hash !== this.rings[0].getHash('hex') && hash !== this.rings[1].getHash('hex'))
      return;
    const witness = coinbase.outputs[0].script.isProgram();
    this.coins.push({hash: coinbase.hash('hex'), height: entry.height, witness});
  }

  remove(entry) {
    this.coins = this.coins.filter(coin => coin.height !== entry.height);
  }

  async spend(witness) {
    const {chain} = this.node;
    if (witness && !chain.state.hasWitness())
      throw new Error(`segwit is not active at height ${chain.height}; it is from height 432 on`);

    const mature = chain.height + 1 - bcoin.consensus.COINBASE_MATURITY;
    const index = this.coins.findIndex(coin => coin.witness === witness && coin.height <= mature);
    if (index === -1)
      throw new Error('no mature coinbase is left; mine more blocks (maturity is 100)');

    const [{hash}] = this.coins.splice(index, 1);
    const coin = await chain.getCoin(hash, 0);
    if (!coin)
      throw new Error('the coinbase is spent already');

    const mtx = new bcoin.MTX();
    mtx.addCoin(coin);
    mtx.addOutput(bcoin.KeyRing.generate().getAddress(), coin.value - FEE);
    if (mtx.sign(this.ring(witness)) !== 1)
      throw new Error('the transaction could not be signed');
    return mtx.toTX();
  }
}

class Commands {
  constructor(node) {
    this.node = node;
    this.purse = new Purse(node);
    this.anyServices = new Set(); // hostnames dialled with {"any_services":true}
    this.relaxServices();
  }

  // bcoin drops an outbound peer whose version lacks NETWORK (and WITNESS once segwit is active) inside handleVersion.
  relaxServices() {
    const {pool} = this.node;
    const createOutbound = pool.createOutbound.bind(pool);

    pool.createOutbound = (address) => {
      const peer = createOutbound(address);
      if (this.anyServices.has(address.hostname)) {
        const handleVersion = peer.handleVersion.bind(peer);
        peer.handleVersion = async (packet) => {
          const offered = packet.services;
          packet.services |= services.NETWORK | services.WITNESS;
          await handleVersion(packet);
          packet.services = offered;
          peer.services = offered;
        };
      }
      return peer;
    };
  }

  async mine({count = 1}) {
    const {chain, miner} = this.node;
    for (let i = 0; i < count; i++) {
      const witness = (chain.height + 1) % 2 === 0;
      const block = await miner.cpu.mineBlock(chain.tip, this.purse.ring(witness).getAddress());
      if (!await chain.add(block))
        throw new Error('the mined block did not connect');
      await new Promise(setImmediate); // let the sockets have a turn
    }
    return {height: chain.height, tip: display(chain.tip.hash)};
  }

  async hashes({from = 0, to}) {
    const {chain} = this.node;
    const last = to === undefined ? chain.height : to;
    const hashes = [];
    for (let height = from; height <= last; height++) {
      const hash = await chain.getHash(height);
      if (!hash)
        throw new Error(`no block at height ${height}`);
      hashes.push(display(hash));
    }
    return {hashes};
  }

  async block({height}) {
    const {chain} = this.node;
    const hash = await chain.getHash(height);
    if (!hash)
      throw new Error(`no block at height ${height}`);
    return {hash: display(hash), raw: (await chain.getRawBlock(hash)).toString('hex')};
  }

  async spend({witness = false}) {
    const tx = await this.purse.spend(witness);
    return {txid: tx.txid(), wtxid: tx.wtxid(), raw: tx.toRaw().toString('hex')};
  }

  async announce_tx({witness = false}) {
    const tx = await this.purse.spend(witness);
    const missing = await this.node.mempool.addTX(tx);
    if (missing)
      throw new Error('the mempool took it for an orphan');
    return {txid: tx.txid(), wtxid: tx.wtxid(), raw: tx.toRaw().toString('hex')};
  }

  async mempool() {
    return {txids: [...this.node.mempool.map.keys()].map(display)};
  }

  address({host, port}) {
    if (!isLoopback(host))
      throw new Error(`'${host}' is not a loopback address`);
    return NetAddress.fromHost(host, port, this.node.network);
  }

  // Names the address as one to stay connected to: the pool dials it now, and again 3 s after every end.
  async connect({host, port, any_services: anyServices = false}) {
    const {pool} = this.node;
    const address = this.address({host, port});
    if (anyServices)
      this.anyServices.add(address.hostname);
    else
      this.anyServices.delete(address.hostname);
    if (!pool.hosts.nodes.some(node => node.hostname === address.hostname))
      pool.hosts.nodes.push(address);
    pool.fillOutbound();
    return {dialing: pool.peers.has(address.hostname)};
  }

  // Forgets an address named by connect, and ends the peer with this remote address if there is one.
  async disconnect({host, port}) {
    const {pool} = this.node;
    const {hostname} = this.address({host, port});
    pool.hosts.removeNode(hostname);
    const peer = pool.peers.get(hostname);
    if (peer)
      peer.destroy();
    return {found: Boolean(peer)};
  }

  async peers() {
    const peers = [];
    for (let peer = this.node.pool.peers.head(); peer; peer = peer.next) {
      peers.push({
        id: peer.id,
        host: peer.address.host,
        port: peer.address.port,
        outbound: peer.outbound,
        connected: peer.connected,
        handshake: peer.handshake,
        version: peer.version,
        services: peer.services,
        agent: peer.agent,
        height: peer.height,
        relay: !peer.noRelay,
        prefer_headers: peer.preferHeaders,
        ban_score: peer.banScore,
        last_ping: seconds(peer.lastPing),
        last_pong: seconds(peer.lastPong),
        min_ping: peer.minPing >= 0 ? peer.minPing / 1000 : null
      });
    }
    return {peers};
  }
}

function reportEvents(node) {
  const {chain, mempool, pool} = node;
  const place = peer => ({id: peer.id, host: peer.address.host, port: peer.address.port, outbound: peer.outbound});
  const causes = new WeakMap();

  pool.on('peer open', peer => say({event: 'peer', ...place(peer), agent: peer.agent, services: peer.services}));
  pool.on('peer close', (peer, connected) => say({
    event: 'peer_closed',
    ...place(peer),
    connected,
    handshake: peer.handshake,
    cause: causes.get(peer) || null
  }));
  pool.on('ban', peer => say({event: 'ban', ...place(peer)}));

  const bindPeer = pool.bindPeer.bind(pool);
  pool.bindPeer = (peer) => {
    bindPeer(peer);
    peer.on('error', error => causes.set(peer, error.message)); // the last one counts: many do not end the peer
  };

  mempool.on('tx', tx => say({event: 'tx', txid: tx.txid()}));
  chain.on('tip', entry => say({event: 'block', hash: entry.rhash(), height: entry.height}));
}

async function answer(commands, line) {
  const names = ['mine', 'hashes', 'block', 'spend', 'announce_tx', 'mempool', 'connect', 'disconnect', 'peers'];
  let id;
  try {
    const request = JSON.parse(line);
    id = request.id;
    if (!names.includes(request.cmd))
      throw new Error(`unknown command '${request.cmd}'`);
    say({ok: true, id, ...await commands[request.cmd](request)});
  } catch (error) {
    say({ok: false, id, error: error.message});
  }
}

async function main() {
  const options = parseArguments(process.argv.slice(2));
  const node = createNode(options);
  const {pool} = node;
  keepToLoopback(node);

  let stopping = false;
  const stop = async (request) => {
    if (stopping)
      return;
    stopping = true;
    setTimeout(() => process.exit(1), STOP_DEADLINE_MS).unref();
    await node.disconnect();
    await node.close();
    if (request)
      say({ok: true, id: request.id});
    process.exit(0);
  };

  node.on('error', error => process.stderr.write(`node.js: ${error.stack}\n`));
  process.on('SIGTERM', () => stop());
  process.on('SIGINT', () => stop());

  await node.open();
  reportEvents(node);
  const commands = new Commands(node);
  await node.connect();
  node.startSync(); // without it blocks announced by peers are ignored

  say({
    event: 'ready',
    host: options.host,
    port: options.port,
    listen: options.listen,
    agent: pool.options.agent,
    version: pool.options.version,
    services: pool.options.services,
    genesis: display(node.network.genesis.hash),
    pid: process.pid
  });

  // Commands are answered one after another, in the order they came.
  let last = Promise.resolve();
  const lines = readline.createInterface({input: process.stdin, crlfDelay: Infinity});
  lines.on('line', (line) => {
    if (line.trim() === '')
      return;
    last = last.then(() => {
      let request = null;
      try {
        request = JSON.parse(line);
      } catch (error) {
        // answered as an error below
      }
      if (request && request.cmd === 'stop')
        return stop(request);
      return stopping ? undefined : answer(commands, line);
    });
  });
  lines.on('close', () => {
    last = last.then(() => stop());
  });
}

main().catch(error => fail(error.code ? error.message : error.stack)); // a code is the system's: say, the port is in use
