"""`redis-cli -p PORT ping` where Redis came in a wheel, which has no client: prints PONG."""

import os
import sys

import redis

with redis.Redis(
    port=int(sys.argv[sys.argv.index("-p") + 1]), password=os.environ.get("REDISCLI_AUTH")
) as server:
    print("PONG" if server.ping() else "no answer")
