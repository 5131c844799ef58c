"""A TCP proxy before a real server, which can be cut off, or lose just the answer to a COMMIT."""

import socket
import threading
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit, urlunsplit


class Proxy:
    """Between a client and the server of a URL; `url` leads through it. Use in a `with` block."""

    def __init__(self, server_url: str) -> None:
        self._parts = urlsplit(server_url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()
        self._is_cut = False
        self._lose_commit_answer = threading.Event()
        self.lost = threading.Event()  # an answer has been lost

    @property
    def url(self) -> str:
        credentials = self._parts.netloc.rpartition("@")[0]
        address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        return urlunsplit(self._parts._replace(netloc=f"{credentials}@{address}" if credentials else address))

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """End every connection, and every new one at once."""
        with self._lock:
            self._is_cut = True
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._is_cut = False

    def lose_commit_answer(self) -> None:
        """Let the next COMMIT reach the server, and cut its connection instead of passing on the answer."""
        self.lost.clear()
        self._lose_commit_answer.set()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._is_cut:
                    client.close()
                    continue
                server = socket.create_connection((self._parts.hostname or "", self._parts.port or 0))
                with self._lock:
                    self._pairs.append((client, server))
                awaited = threading.Event()  # the answer to a COMMIT that is to be lost
                for source, target, asks in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._pump, args=(source, target, asks, awaited)).start()

    def _pump(
        self, source: socket.socket, target: socket.socket, asks: bool, awaited: threading.Event
    ) -> None:
        with suppress(OSError):
            while block := source.recv(1 << 16):
                if asks and b"COMMIT" in block and self._lose_commit_answer.is_set():
                    self._lose_commit_answer.clear()
                    awaited.set()
                if not asks and awaited.is_set():
                    self.lost.set()
                    break
                target.sendall(block)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()
