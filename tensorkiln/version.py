"""The version of what is installed, read from the package's own metadata."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("tensorkiln")
except PackageNotFoundError:  # run from a checkout that was never installed
    __version__ = "0+unknown"
