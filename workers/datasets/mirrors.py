"""Downloading MNIST's four files from its usual public mirrors, each checked against a known digest."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import httpx

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
FILES = {  # sha256 of the gzip files, as published
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
TIMEOUT = httpx.Timeout(20.0, connect=5.0)
SIZE_MOST_BYTES = 16 << 20  # the largest of the four is 9.9 MB

log = logging.getLogger("kiln.datasets")


class DownloadFailed(Exception):
    """No mirror gave a file whose digest is right."""


def download_mnist(folder: Path, mirrors: tuple[str, ...] = MIRRORS) -> None:
    """Put the four files into `folder`. Files that are there and right are kept. Raises DownloadFailed."""
    folder.mkdir(parents=True, exist_ok=True)
    with httpx.Client(timeout=TIMEOUT, follow_redirects=True) as client:
        for name, sha256 in FILES.items():
            target = folder / name
            if not (target.is_file() and hashlib.sha256(target.read_bytes()).hexdigest() == sha256):
                _download(client, mirrors, target, sha256)


def _download(client: httpx.Client, mirrors: tuple[str, ...], target: Path, sha256: str) -> None:
    failures = []
    for mirror in mirrors:
        try:
            content = _fetch(client, mirror + target.name)
        except (httpx.HTTPError, OSError) as error:
            failures.append(f"{httpx.URL(mirror).host}: {type(error).__name__}")
            continue
        if hashlib.sha256(content).hexdigest() == sha256:
            incoming = target.with_suffix(".incoming")
            incoming.write_bytes(content)
            incoming.replace(target)
            return
        failures.append(f"{httpx.URL(mirror).host}: the bytes are not those expected")
    raise DownloadFailed(f"{target.name} could not be downloaded ({'; '.join(failures)})")


def _fetch(client: httpx.Client, url: str) -> bytes:
    with client.stream("GET", url) as response:
        response.raise_for_status()
        content = bytearray()
        for block in response.iter_bytes():
            content += block
            if len(content) > SIZE_MOST_BYTES:
                raise httpx.DecodingError(f"{url} is larger than {SIZE_MOST_BYTES} bytes")
    return bytes(content)
