"""Blobs: files named by the SHA-256 of their bytes, in a local folder."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from service.store.errors import BlobMissing

_BLOCK_BYTES = 1 << 20
_INCOMING = "incoming-"


@dataclass(frozen=True)
class Blob:
    sha256: str
    size_bytes: int


class Blobs:
    """A content-addressed folder. A blob is complete or absent; writing one that is there changes nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str) -> Path:
        """Where the blob's bytes lie. Raises BlobMissing where they don't."""
        path = self._place(sha256)
        if not path.is_file():
            raise BlobMissing(f"blob {sha256} is not in {self.folder}")
        return path

    def put_file(self, source: Path) -> Blob:
        """Copy a file in."""
        with source.open("rb") as stream:
            return self.put(stream)

    def put(self, stream: BinaryIO) -> Blob:
        """Copy a stream in: a temporary file, fsync, rename, fsync of the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        descriptor, name = tempfile.mkstemp(prefix=_INCOMING, dir=self.folder)
        try:
            with os.fdopen(descriptor, "wb") as target:
                while block := stream.read(_BLOCK_BYTES):
                    digest.update(block)
                    target.write(block)
                target.flush()
                os.fsync(target.fileno())
                size_bytes = target.tell()
            place = self._place(digest.hexdigest())
            place.parent.mkdir(exist_ok=True)
            os.replace(name, place)
            for folder in (place.parent, self.folder):
                _fsync_folder(folder)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return Blob(digest.hexdigest(), size_bytes)

    def remove(self, sha256: str) -> None:
        """Delete a blob that no row names any more (see `references.drop`)."""
        self._place(sha256).unlink(missing_ok=True)

    def older(self, older_s: float) -> list[str]:
        """The blobs that were put longer ago."""
        return [path.name for path in self.folder.glob("??/*") if _age_s(path) > older_s]

    def remove_incoming(self, older_s: float) -> int:
        """Delete the temporary files that nobody has written to for so long. How many."""
        old = [path for path in self.folder.glob(f"{_INCOMING}*") if _age_s(path) > older_s]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _place(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0  # it has just got its name, or gone


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
