"""`kiln doctor`"""

import dataclasses

import typer
from rich.console import Console
from rich.text import Text

from tensorkiln.cli import exits
from tensorkiln.cli.checks import examine
from tensorkiln.cli.options import Home, Json, Url
from tensorkiln.cli.output import data_json

_SIGNS = {"ok": ("✓", "green"), "info": ("·", "dim"), "warn": ("!", "bold yellow"), "fail": ("✗", "bold red")}


def doctor(home: Home = None, json: Json = False, url: Url = None) -> None:
    """Look at everything that Tensorkiln needs here; say what is amiss and what to do about it.

    Exit status 1 if something cannot work; warnings alone are 0.
    """
    console = Console(highlight=False, soft_wrap=True)
    findings = []
    for finding in examine(url, home):
        findings.append(finding)
        if not json:
            sign, style = _SIGNS[finding.verdict]
            line = Text.assemble((sign, style), f" {finding.verdict:<5}{finding.name:<10}{finding.detail}")
            console.print(line)
            if finding.advice and finding.verdict != "ok":
                console.print(Text(f"{'':<17}-> {finding.advice}", "dim"))
    if json:
        data_json([dataclasses.asdict(finding) for finding in findings])
    if any(finding.verdict == "fail" for finding in findings):
        raise typer.Exit(exits.FAILED)
