import socket

import pytest

from tensorkiln.stack.address import Address, choose
from tensorkiln.stack.errors import BadSetting, PortTaken, StackError


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_port_0_takes_any_that_is_free() -> None:
    address = choose("127.0.0.1", 0)
    assert address.port > 0
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", address.port))


def test_a_port_that_is_taken_is_named_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"port {port} .*--port 0"):
            choose("127.0.0.1", port)


def test_without_a_port_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    port = _free_port()
    monkeypatch.setenv("KILN_PORT", str(port))
    assert choose("127.0.0.1", None).port == port
    for nonsense in ("http", "99999", "-1"):
        monkeypatch.setenv("KILN_PORT", nonsense)
        with pytest.raises(BadSetting, match="KILN_PORT"):
            choose("127.0.0.1", None)


def test_a_host_that_does_not_exist_is_named() -> None:
    with pytest.raises(StackError, match=r"nowhere\.invalid"):
        choose("nowhere.invalid", 0)


@pytest.mark.parametrize(
    ("host", "url", "is_exposed"),
    [
        ("127.0.0.1", "http://127.0.0.1:80", False),
        ("127.0.0.2", "http://127.0.0.2:80", False),
        ("localhost", "http://localhost:80", False),
        ("::1", "http://[::1]:80", False),
        ("0.0.0.0", "http://127.0.0.1:80", True),
        ("::", "http://[::1]:80", True),
        ("10.0.0.5", "http://10.0.0.5:80", True),
    ],
)
def test_the_url_is_one_that_this_machine_reaches(host: str, url: str, is_exposed: bool) -> None:
    address = Address(host, 80)
    assert (address.url, address.is_exposed) == (url, is_exposed)
