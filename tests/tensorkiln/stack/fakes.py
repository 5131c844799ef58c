"""Stand-ins for the service's processes: small, quick, and as ill-behaved as a test wants them.

They are found before the real ones through PYTHONPATH, as `service`, `workers` and `migrations`.
"""

import os
import sys
from pathlib import Path

API = """
import http.server, os, signal, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["KILN_REDIS_URL"].encode())
    def log_message(self, *_): pass
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("api pid", os.getpid(), flush=True)
http.server.HTTPServer((os.environ["KILN_HOST"], int(os.environ["KILN_PORT"])), Handler).serve_forever()
"""
WORKER = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("worker pid", os.getpid(), flush=True)
while True: time.sleep(60)
"""
STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("worker pid", os.getpid(), flush=True)
while True: time.sleep(60)
"""
MIGRATIONS = "print('database at revision 1')"
FAILING = "raise SystemExit('the very reason')"


def plant(folder: Path, api: str = API, worker: str = WORKER, migrations: str = MIGRATIONS) -> dict[str, str]:
    """Write the stand-ins; the environment in which `kiln up` runs them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in (("service", api), ("workers", worker), ("migrations", migrations)):
        (folder / f"{name}.py").write_text(source)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KILN_")}
    return {**kept, "PYTHONPATH": str(folder)}


def up(home: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "tensorkiln.cli", "up", "--port", "0", "--home", str(home), *arguments]
