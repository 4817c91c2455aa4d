#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints what appears and vanishes, and goes on where it was after a lost connection.

usage: follow.py [ws://127.0.0.1:8770]     needs websockets (Debian: python3-websockets)
"""
import asyncio
import json
import sys

import websockets

SERVER = (sys.argv[1] if len(sys.argv) > 1 else "ws://127.0.0.1:8770").rstrip("/")


async def follow():
    log, sequence = None, 0
    while True:
        address = f"{SERVER}/api/v1/events?type=appeared,standing,vanished,stream"
        if log:
            address += f"&log={log}&after={sequence}"
        try:
            async with websockets.connect(address) as socket:
                async for text in socket:
                    message = json.loads(text)
                    sequence = message.get("seq", sequence)
                    if message["type"] == "hello":
                        log = message["log"]
                        print("connected; on screen:", ", ".join(e["object"] for e in message["exposures"]) or "nothing")
                    elif message["type"] == "missed":
                        print(f"missed {message['count']} events")
                    elif message["type"] == "stream":
                        print(f"{message['stream']} is {message['state']}", message.get("reason", ""))
                    else:
                        print(f"{message['utc']} {message['type']:9} {message['object']} on {message['stream']}")
                    sys.stdout.flush()
        except (OSError, websockets.WebSocketException) as problem:
            print(f"no connection: {problem!r}", file=sys.stderr)
        await asyncio.sleep(1)


asyncio.run(follow())
