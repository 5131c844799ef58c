"""A file from the service: streamed, resumed where the line broke, checked, and only then named."""

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tensorkiln.errors import APIError, DownloadCorrupt, KilnError
from tensorkiln.retry import Patience
from tensorkiln.transport import Transport

if TYPE_CHECKING:
    from hashlib import _Hash

_CHUNK_BYTES = 1 << 18


def download(transport: Transport, url: str, target: Path, sha256: str, size_bytes: int) -> Path:
    """Fetch `url` into `target`, whose folder must exist; returns `target`.

    The bytes gather in a hidden file beside it, named after their sha256, so that a later call
    goes on where this one was cut off. `target` appears complete and verified, or not at all.
    Raises DownloadCorrupt, APIError, ConnectionFailed, OSError.
    """
    part = target.with_name(f".{target.name}.{sha256[:12]}.part")
    patience = Patience(transport.retry)
    while True:
        before = part.stat().st_size if part.exists() else 0
        try:
            digest = _continue(transport, url, part, sha256, size_bytes)
        except KilnError as fault:
            if part.exists() and part.stat().st_size > before:
                patience.forgive()
            patience.bear(fault)
            continue
        if digest != sha256:
            part.unlink()
            raise DownloadCorrupt(f"{url} has sha256 {digest}, the service promised {sha256}")
        os.replace(part, target)
        _sync_folder(target.parent)
        return target


def _continue(transport: Transport, url: str, part: Path, sha256: str, size_bytes: int) -> str:
    """Append what is missing to `part`, and return the sha256 of all of it."""
    digest = hashlib.sha256()
    with part.open("ab+") as file:
        held = _digest_into(digest, part)
        if held == size_bytes:
            return digest.hexdigest()
        if held > size_bytes:
            file.truncate(0)
            digest, held = hashlib.sha256(), 0
        headers = {"Accept-Encoding": "identity"}  # ranges and sizes count the file's own bytes
        if held:
            headers |= {"Range": f"bytes={held}-", "If-Range": f'"{sha256}"'}
        with transport.open("GET", url, headers=headers) as response:
            if held and response.status_code != 206:  # the whole file again: start over
                file.truncate(0)
                digest = hashlib.sha256()
            elif held and not response.headers.get("Content-Range", "").startswith(f"bytes {held}-"):
                raise APIError(
                    f"{url} was asked for bytes from {held} and sent "
                    f"{response.headers.get('Content-Range')!r}",
                    status=response.status_code,
                    code="wrong_range",
                )
            for chunk in response.iter_bytes():
                file.write(chunk)
                digest.update(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _digest_into(digest: "_Hash", path: Path) -> int:
    """Hash what `path` holds; returns its size in bytes."""
    size = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return size


def _sync_folder(folder: Path) -> None:
    """Make the new name durable. Windows cannot open folders, and needs no such thing."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
