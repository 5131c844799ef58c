"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        help="Address of the service. Default: KILN_URL, else the kiln that runs on KILN_HOME, "
        "else http://127.0.0.1:8712.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
JobId = Annotated[str, typer.Argument(metavar="ID", help="The job's id.")]
Home = Annotated[
    Path | None,
    typer.Option(
        help="Folder of database, weights, datasets and logs. Default: KILN_HOME, else ~/.kiln.",
        show_default=False,
    ),
]
