# SPDX-License-Identifier: MIT
"""Checks our codec against python-bitcoinlib's, both ways.

    /usr/bin/python3 bitcoinlib_check.py CODEC_TOOL [ROUNDS [SEED]]

(a) Python generates and serialises; C++ decodes, re-encodes: same fields, same bytes.
(b) C++ generates and encodes; Python parses, re-serialises: same fields, same bytes. And
    C++ builds the same bytes from the fields that Python read.
What bitcoinlib does not know is packed and unpacked here by hand, straight from the BIPs.
"""

import json
import random
import socket
import struct
import subprocess
import sys
from io import BytesIO

import bitcoin
from bitcoin import messages as m
from bitcoin.core import (CBlock, CBlockHeader, COutPoint, CTransaction, CTxIn,
                          CTxInWitness, CTxOut, CTxWitness, Hash, b2lx, b2x, lx, x)
from bitcoin.core.script import CScript, CScriptWitness
from bitcoin.core.serialize import VarIntSerializer, VectorSerializer
from bitcoin.net import CAddress, CInv

U32, U64 = 0xffffffff, 0xffffffffffffffff


# -- workarounds for bitcoinlib --------------------------------------------------------

class Headers(m.MsgSerializable):
    """bitcoinlib's msg_headers leaves out the transaction count behind each header; a
    CBlock without transactions is exactly a header and that count."""
    command = b'headers'

    def __init__(self, entries=()):
        super().__init__()
        self.headers = list(entries)

    @classmethod
    def msg_deser(cls, f, protover=0):
        return cls(VectorSerializer.stream_deserialize(CBlock, f))

    def msg_ser(self, f):
        VectorSerializer.stream_serialize(CBlock, self.headers, f)


class Reject(m.msg_reject):
    """bitcoinlib's msg_reject does not know the optional data at the end (BIP 61)."""
    data = b''

    @classmethod
    def msg_deser(cls, f, protover=0):
        result = super().msg_deser(f)
        result.data = f.read()
        return result

    def msg_ser(self, f):
        super().msg_ser(f)
        f.write(self.data)


class ByHand(m.MsgSerializable):
    """A message that bitcoinlib does not have."""
    keys = ()

    def __init__(self, **fields):
        super().__init__()
        self.fields = fields

    @classmethod
    def msg_deser(cls, f, protover=0):
        return cls(**dict(zip(cls.keys, struct.unpack(cls.form, f.read()))))

    def msg_ser(self, f):
        f.write(struct.pack(self.form, *(self.fields[k] for k in self.keys)))


class SendHeaders(ByHand):  # BIP 130
    command, form = b'sendheaders', '<'


class WtxidRelay(ByHand):  # BIP 339
    command, form = b'wtxidrelay', '<'


class SendAddrV2(ByHand):  # BIP 155
    command, form = b'sendaddrv2', '<'


class SendCmpct(ByHand):  # BIP 152
    command, form, keys = b'sendcmpct', '<?Q', ('announce', 'version')


class FeeFilter(ByHand):  # BIP 133
    command, form, keys = b'feefilter', '<Q', ('rate',)


class AddrV2(ByHand):  # BIP 155
    command = b'addrv2'

    @classmethod
    def msg_deser(cls, f, protover=0):
        entries = []
        for _ in range(VarIntSerializer.stream_deserialize(f)):
            entry = {'time': struct.unpack('<I', f.read(4))[0],
                     'services': VarIntSerializer.stream_deserialize(f),
                     'network_id': f.read(1)[0]}
            entry['bytes'] = f.read(VarIntSerializer.stream_deserialize(f)).hex()
            entry['port'] = struct.unpack('>H', f.read(2))[0]
            entries.append(entry)
        return cls(entries=entries)

    def msg_ser(self, f):
        VarIntSerializer.stream_serialize(len(self.fields['entries']), f)
        for e in self.fields['entries']:
            f.write(struct.pack('<I', e['time']))
            VarIntSerializer.stream_serialize(e['services'], f)
            f.write(bytes([e['network_id']]))
            VarIntSerializer.stream_serialize(len(e['bytes']) // 2, f)
            f.write(bytes.fromhex(e['bytes']) + struct.pack('>H', e['port']))


for kind in (Headers, Reject, SendHeaders, WtxidRelay, SendAddrV2, SendCmpct, FeeFilter,
             AddrV2):
    m.messagemap[kind.command] = kind


# -- the fields of a bitcoinlib message, as codec_tool names them ----------------------

def address(a):
    packed = (socket.inet_pton(socket.AF_INET6, a.ip) if ':' in a.ip
              else a.pchReserved + socket.inet_pton(socket.AF_INET, a.ip))
    return {'services': a.nServices, 'ip': packed.hex(), 'port': a.port}


def header(h):
    return {'version': h.nVersion, 'previous': b2x(h.hashPrevBlock),
            'merkle_root': b2x(h.hashMerkleRoot), 'time': h.nTime, 'bits': h.nBits,
            'nonce': h.nNonce}


def inventory(msg):  # bitcoinlib reads the type as signed
    return {'entries': [{'type': i.type & U32, 'hash': b2x(i.hash)} for i in msg.inv]}


def locator(msg):
    return {'protocol': msg.locator.nVersion & U32, 'stop': b2x(msg.hashstop),
            'locator': [b2x(h) for h in msg.locator.vHave]}


def fields(msg):
    command = msg.command.decode()
    if isinstance(msg, ByHand):
        return msg.fields
    if command == 'version':
        return {'protocol': msg.nVersion, 'services': msg.nServices, 'time': msg.nTime,
                'receiver': address(msg.addrTo), 'sender': address(msg.addrFrom),
                'nonce': msg.nNonce, 'user_agent': b2x(msg.strSubVer),
                'start_height': msg.nStartingHeight, 'relay': bool(msg.fRelay)}
    if command in ('ping', 'pong'):
        return {'nonce': msg.nonce}
    if command == 'addr':
        return {'entries': [{'time': a.nTime, 'address': address(a)} for a in msg.addrs]}
    if command in ('inv', 'getdata', 'notfound'):
        return inventory(msg)
    if command in ('getheaders', 'getblocks'):
        return locator(msg)
    if command == 'headers':
        return {'entries': [header(h) for h in msg.headers]}
    if command == 'tx':
        return {'bytes': b2x(msg.tx.serialize())}
    if command == 'block':
        return {'bytes': b2x(msg.block.serialize())}
    if command == 'reject':
        return {'message': b2x(msg.message), 'code': msg.ccode[0],
                'reason': b2x(msg.reason), 'data': b2x(msg.data)}
    return {}  # verack, getaddr, mempool


def names(msg):
    """The identifiers that codec_tool computes from a message."""
    command = msg.command.decode()
    if command == 'tx':  # GetHash covers the witnesses
        return {'txid': b2lx(msg.tx.GetTxid()), 'wtxid': b2lx(msg.tx.GetHash())}
    if command == 'block':
        return {'hash': b2lx(msg.block.GetHash())}
    if command == 'headers' and msg.headers:
        return {'hashes': [b2lx(h.GetHash()) for h in msg.headers]}
    return {}


# -- messages that Python makes --------------------------------------------------------

class Generator:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def bits(self, count):
        return self.r.choice([0, 1, (1 << count) - 1, self.r.getrandbits(count)])

    def blob(self, count):
        return self.r.getrandbits(8 * count).to_bytes(count, 'little') if count else b''

    def many(self, make):
        count = self.r.choice([0, 1, 3, 252, 253, 254]) if self.r.random() < .2 else 2
        return [make() for _ in range(count)]

    def address(self):
        a = CAddress()
        a.nTime, a.nServices, a.port = self.bits(32), self.bits(64), self.bits(16)
        a.ip = (socket.inet_ntop(socket.AF_INET6, b'\x20\x01' + self.blob(14))
                if self.r.random() < .5 else socket.inet_ntop(socket.AF_INET, self.blob(4)))
        return a

    def inv(self):
        i = CInv()
        i.type, i.hash = self.r.choice([1, 2, 3, 4, 5, 1 << 30 | 1, 1 << 30 | 2, -7]), self.blob(32)
        return i

    def header(self, kind=CBlock, **more):
        return kind(nVersion=self.bits(32) - (1 << 31), hashPrevBlock=self.blob(32),
                    nTime=self.bits(32), nBits=self.bits(32), nNonce=self.bits(32), **more)

    def tx(self):
        vin = [CTxIn(COutPoint(self.blob(32), self.bits(32)), CScript(self.blob(self.r.choice([0, 25, 300]))),
                     self.bits(32)) for _ in range(self.r.randint(1, 4))]
        vout = [CTxOut(self.r.getrandbits(50), CScript(self.blob(self.r.choice([0, 25, 253]))))
                for _ in range(self.r.randint(1, 4))]
        wit = CTxWitness()
        if self.r.random() < .5:
            wit = CTxWitness(tuple(CTxInWitness(CScriptWitness([self.blob(n) for n in range(
                self.r.choice([0, 71, 254]), 255, 100)])) for _ in vin))
        return CTransaction(vin, vout, self.bits(32), self.r.choice([1, 2, -1]), wit)

    def message(self, command):
        msg = m.messagemap[command.encode()]()
        if command == 'version':
            msg.nVersion = self.r.randint(70001, 70020)
            msg.nServices, msg.nTime, msg.nNonce = self.bits(64), self.bits(63), self.bits(64)
            msg.addrTo, msg.addrFrom = self.address(), self.address()
            msg.strSubVer = self.blob(self.r.choice([0, 15, 252, 253, 256]))
            msg.nStartingHeight, msg.fRelay = self.bits(31), self.r.random() < .5
        elif command in ('ping', 'pong'):
            msg.nonce = self.bits(64)
        elif command == 'addr':
            msg.addrs = self.many(self.address)
        elif command in ('inv', 'getdata', 'notfound'):
            msg.inv = self.many(self.inv)
        elif command in ('getheaders', 'getblocks'):
            msg.locator.nVersion = self.r.getrandbits(31)
            msg.locator.vHave = [self.blob(32) for _ in range(self.r.choice([0, 1, 32, 101]))]
            msg.hashstop = self.blob(32)
        elif command == 'headers':
            msg.headers = self.many(lambda: self.header(hashMerkleRoot=self.blob(32)))
        elif command == 'tx':
            msg.tx = self.tx()
        elif command == 'block':
            msg.block = self.header(vtx=[self.tx() for _ in range(self.r.randint(1, 5))])
        elif command == 'reject':
            msg.message, msg.reason = self.blob(self.r.randint(0, 12)), self.blob(self.r.randint(0, 111))
            msg.ccode, msg.data = self.blob(1), self.r.choice([b'', self.blob(32)])
        elif command == 'sendcmpct':
            msg.fields = {'announce': self.r.random() < .5, 'version': self.bits(64)}
        elif command == 'feefilter':
            msg.fields = {'rate': self.bits(64)}
        elif command == 'addrv2':
            msg.fields = {'entries': self.many(lambda: {
                'time': self.bits(32), 'services': self.r.choice([0, 252, 253, 1 << 16, 1 << 32, U64]),
                'port': self.bits(16), **dict(zip(('network_id', 'bytes'), self.r.choice([
                    (n, self.blob(size).hex()) for n, size in
                    ((1, 4), (2, 16), (4, 32), (5, 32), (6, 16), (0xfe, 0), (0xfe, 512))])))})}
        return msg


# -- the comparison --------------------------------------------------------------------

class Tool:
    def __init__(self, path, network):
        self.process = subprocess.Popen([path, network], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(10) == 0


def same(ours, theirs, what):
    if ours != theirs:
        sys.exit(f'DIFFERENT: {what}\n  C++    {str(ours)[:600]}\n  Python {str(theirs)[:600]}')


def check_description(tool, answer, msg, what):
    same(answer.get('error'), None, what)
    same(answer['command'], msg.command.decode(), what)
    same(answer['fields'], fields(msg), what)
    same({k: answer.get(k) for k in names(msg)}, names(msg), what)
    rebuilt = tool.ask('encode ' + json.dumps({'command': answer['command'],
                                               'fields': fields(msg)}))
    same(rebuilt, {'hex': b2x(msg.to_bytes())}, what + ', encoded from fields')


def check(tool, rounds, seed, what):
    python = Generator(seed)
    for command in sorted(k.decode() for k in m.messagemap if k != b'alert'):
        for i in range(rounds):
            label = f'{what} {command} round {i} seed {seed}'
            made = python.message(command)
            answer = tool.ask('decode ' + b2x(made.to_bytes()))
            check_description(tool, answer, made, label + ' by Python')
            same(answer['hex'], b2x(made.to_bytes()), label + ' by Python, again')

            answer = tool.ask(f'random {seed * 100003 + i} {command}')
            read = m.MsgSerializable.from_bytes(x(answer['hex']))
            check_description(tool, answer, read, label + ' by C++')
            same(answer['hex'], b2x(read.to_bytes()), label + ' by C++, again')
    return len(m.messagemap) - 1


def check_known(tool):
    """Genesis block and header of the selected network, as bitcoinlib has them."""
    genesis = m.msg_block()
    genesis.block = bitcoin.params.GENESIS_BLOCK
    check_description(tool, tool.ask('decode ' + b2x(genesis.to_bytes())), genesis, 'genesis')
    list_of_one = Headers([CBlock(*(getattr(genesis.block, k) for k in CBlockHeader.__slots__))])
    answer = tool.ask('decode ' + b2x(list_of_one.to_bytes()))
    check_description(tool, answer, list_of_one, 'genesis header')
    same(answer['hashes'], [b2lx(genesis.block.GetHash())], 'genesis hash')
    coinbase = m.msg_tx()
    coinbase.tx = genesis.block.vtx[0]
    answer = tool.ask('decode ' + b2x(coinbase.to_bytes()))
    same(lx(answer['txid']), genesis.block.hashMerkleRoot, 'genesis coinbase')


def check_damage(tool):
    """C++ refuses messages that Python truncates (with the envelope made to fit)."""
    python = Generator(5)
    for command in ('ping', 'addr', 'addrv2', 'inv', 'getheaders', 'headers', 'feefilter'):
        body = python.message(command).to_bytes()[24:-1]
        whole = (bitcoin.params.MESSAGE_START + command.encode().ljust(12, b'\0') +
                 struct.pack('<I', len(body)) + Hash(body)[:4] + body)
        same(tool.ask('decode ' + b2x(whole)), {'error': 'malformed'}, 'truncated ' + command)


def main():
    path = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    for network, name in (('regtest', 'regtest'), ('main', 'mainnet'), ('testnet', 'testnet')):
        bitcoin.SelectParams(name)
        tool = Tool(path, network)
        types = check(tool, rounds, seed, network)
        check_known(tool)
        check_damage(tool)
        tool.close()
        print(f'{network}: {types} message types, {rounds} messages of each, both ways: same')


if __name__ == '__main__':
    main()
