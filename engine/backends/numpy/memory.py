"""What becomes of the memory of arrays that are gone."""

import ctypes
import sys

# of glibc's mallopt(3)
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_MIB = 1 << 20


def keep_freed_memory() -> None:
    """Let the C library keep up to 256 MiB of what was freed for the arrays to come, where it can be told so.

    By itself glibc gives memory back to the system as soon as 128 KiB are free at the end of its heap, and
    takes larger arrays from the system each time: every page is then faulted in and zeroed again. A training
    step makes and drops the same arrays over and over, and took half as long again, or twice as long, by
    what happened to lie at the end of the heap. 32 MiB is as far as glibc moves the bound itself.
    """
    if sys.platform == "linux":
        library = ctypes.CDLL(None)
        if hasattr(library, "mallopt"):
            library.mallopt(_MMAP_THRESHOLD, 32 * _MIB)
            library.mallopt(_TRIM_THRESHOLD, 256 * _MIB)


def give_back_freed_memory() -> None:
    """Have the C library give to the system what it keeps, where it can be told so."""
    if sys.platform == "linux":
        library = ctypes.CDLL(None)
        if hasattr(library, "malloc_trim"):
            library.malloc_trim(0)
