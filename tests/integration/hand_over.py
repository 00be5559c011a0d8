#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Starts a program with sockets that are open already, as systemd does for socket
activation (sd_listen_fds(3)).

    hand_over.py [wait] NAME=ADDR:PORT|NAME=unix:PATH|NAME=udp... -- PROGRAM [ARGUMENT...]

With `wait`, when the first client has come to one of them.
"""

import os
import select
import socket
import sys

FIRST = 3  # SD_LISTEN_FDS_START


def open_socket(where):
    if where == "udp":
        result = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        result.bind(("127.0.0.1", 0))
        return result
    if where.startswith("unix:"):
        result = socket.socket(socket.AF_UNIX)
        result.bind(where.removeprefix("unix:"))
    else:
        host, _, port = where.rpartition(":")
        result = socket.socket(socket.AF_INET6 if "[" in host else socket.AF_INET)
        result.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        result.bind((host.strip("[]"), int(port)))
    result.listen()
    return result


def main():
    split = sys.argv.index("--")
    arguments = sys.argv[1:split]
    waits = arguments[0] == "wait"
    names, descriptors = [], []
    for argument in arguments[waits:]:
        name, _, where = argument.partition("=")
        names.append(name)
        descriptors.append(open_socket(where).detach())
    if waits:
        select.select(descriptors, [], [], 30)
    # First out of the way: the numbers may overlap.
    high = [os.dup(x) for x in descriptors]
    for number, descriptor in enumerate(high):
        while descriptor < FIRST + len(high):
            descriptor = os.dup(descriptor)
        high[number] = descriptor
    for number, descriptor in enumerate(high):
        os.dup2(descriptor, FIRST + number, inheritable=True)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(names)),
                      LISTEN_FDNAMES=":".join(names))
    os.execv(sys.argv[split + 1], sys.argv[split + 1:])


main()
