"""Finding and reading a dataset's text file."""

from pathlib import Path

from engine.errors import CheckpointError


def read_text(root: str | Path, name: str, folder: str) -> str:
    """The text of the file `name` in root, or in its folder; newlines are as they are in the file.

    Raises CheckpointError if there is none, or if it isn't UTF-8.
    """
    places = [Path(root) / name, Path(root) / folder / name]
    for path in places:
        if path.is_file():
            try:
                with path.open(encoding="utf-8", newline="") as file:
                    return file.read()
            except (OSError, UnicodeDecodeError) as error:
                raise CheckpointError(f"{path} can't be read: {error}") from None
    raise CheckpointError(f"there is no {name} in {places[0].parent} or {places[1].parent}")
