#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Many peers in one process, for chaos.py: some dial the node, others wait to be dialed. They
shake hands, answer pings, and come back whenever the node ends them. Ends when its standard
input does."""

import argparse
import asyncio
import contextlib
import struct
import sys

from peerage_harness import MAGIC, encode, frame

REDIAL_SECONDS = 0.2
LONGEST_PAYLOAD = 4_000_000


async def converse(reader, writer, dialed):
    """One connection, up to its end."""
    def send(command, payload=b""):
        writer.write(frame(command, payload))

    def introduce():
        send("version", encode("version", user_agent="/crowd/"))

    try:
        if dialed:
            introduce()
        while True:
            magic, command, size = struct.unpack("<4s12sI4x", await reader.readexactly(24))
            if magic != MAGIC["regtest"] or size > LONGEST_PAYLOAD:
                raise ValueError(f"this is no message: {magic!r} {command!r} {size}")
            payload = await reader.readexactly(size)
            if command.startswith(b"version\0"):
                if not dialed:
                    introduce()
                send("verack")
            elif command.startswith(b"ping\0"):
                send("pong", payload)
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def stay_connected(node, source):
    """Dials the node from this address, again and again."""
    host, _, port = node.rpartition(":")
    while True:
        with contextlib.suppress(OSError):
            streams = await asyncio.open_connection(host, int(port), local_addr=(source, 0))
            await converse(*streams, dialed=True)
        await asyncio.sleep(REDIAL_SECONDS)


async def run(options):
    """The whole process."""
    servers = [await asyncio.start_server(
        lambda reader, writer: converse(reader, writer, dialed=False), host, options.port)
        for host in options.listen]
    tasks = [asyncio.create_task(stay_connected(options.node, source))
             for source in options.dial_from]
    print("ready", flush=True)
    lifeline = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lifeline), sys.stdin)
    end = asyncio.create_task(lifeline.read())
    # A peer that fails by itself ends all of them: that is to be seen.
    done, _ = await asyncio.wait([end, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()
    for server in servers:
        server.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("node", help="its address for peers, ADDR:PORT")
    parser.add_argument("--dial-from", nargs="*", default=[], metavar="IP",
                        help="a peer for each, which dials the node from there")
    parser.add_argument("--listen", nargs="*", default=[], metavar="IP",
                        help="addresses where it waits to be dialed")
    parser.add_argument("--port", type=int, default=0, help="of these addresses")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
