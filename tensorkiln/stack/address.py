"""The address that the API listens on."""

import os
import socket
from dataclasses import dataclass

from tensorkiln.homes import DEFAULT_PORT
from tensorkiln.stack.errors import BadSetting, PortTaken, StackError

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_WILDCARD = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}


@dataclass(frozen=True)
class Address:
    host: str
    port: int

    @property
    def url(self) -> str:
        """Where a client on this machine reaches the API."""
        host = _WILDCARD.get(self.host, f"[{self.host}]" if ":" in self.host else self.host)
        return f"http://{host}:{self.port}"

    @property
    def is_exposed(self) -> bool:
        """Whether others than this machine may reach it."""
        return self.host not in _LOOPBACK and not self.host.startswith("127.")


def choose(host: str, port: int | None) -> Address:
    """The address to listen on. port: None for KILN_PORT or the default, 0 for any that is free.

    Raises PortTaken, BadSetting, StackError.
    """
    wanted = _default_port() if port is None else port
    try:
        family, kind, _, _, place = socket.getaddrinfo(host, wanted, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
            return Address(host, probe.getsockname()[1])
    except OSError as fault:
        if isinstance(fault, socket.gaierror):
            raise StackError(f"--host {host}: {fault.strerror}") from fault
        raise PortTaken(
            f"port {wanted} on {host} cannot be had ({(fault.strerror or str(fault)).lower()}); "
            "choose another with --port or KILN_PORT, or --port 0 for any that is free"
        ) from fault


def _default_port() -> int:
    text = os.environ.get("KILN_PORT") or str(DEFAULT_PORT)
    if not text.isdigit() or int(text) > 65535:
        raise BadSetting(f"KILN_PORT is {text!r}, not a port number")
    return int(text)
