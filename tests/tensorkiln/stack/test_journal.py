import io
import re
from pathlib import Path

import pytest

from tensorkiln.stack.journal import Journal


class _Gone(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")


def test_a_line_names_its_process_in_the_file_and_on_the_terminal(tmp_path: Path) -> None:
    terminal = io.StringIO()
    journal = Journal(tmp_path / "kiln.log")
    journal.write("api", "before the terminal\n")
    journal.show_on(terminal, colour=False)
    journal.write("worker", "hello\r\n")
    journal.say("ready")
    journal.close()
    assert re.sub(r"(?m)^\d\d:\d\d:\d\d ", "", terminal.getvalue()) == "worker  | hello\nkiln    | ready\n"
    lines = (tmp_path / "kiln.log").read_text().splitlines()
    assert len(lines) == 3
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ", line) for line in lines)
    assert lines[0].endswith("api     | before the terminal")


def test_prefixes_are_coloured_where_that_is_wanted(tmp_path: Path) -> None:
    terminal = io.StringIO()
    journal = Journal(tmp_path / "kiln.log")
    journal.show_on(terminal, colour=True)
    journal.write("api", "hello")
    journal.close()
    assert re.fullmatch(r"\x1b\[36m\d\d:\d\d:\d\d api     \|\x1b\[0m hello\n", terminal.getvalue())
    assert "\x1b" not in (tmp_path / "kiln.log").read_text()


def test_escape_sequences_in_a_line_are_shown_not_obeyed(tmp_path: Path) -> None:
    terminal = io.StringIO()
    journal = Journal(tmp_path / "kiln.log")
    journal.show_on(terminal, colour=False)
    journal.write("api", "a\x1b[2Jb\x00c\td\u009bé")
    journal.close()
    assert terminal.getvalue()[9:] == "api     | a\\x1b[2Jb\\x00c\td\\x9bé\n"


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("2026-11-23 04:36:25,248 INFO    service", "INFO    service"),
        ("04:36:25 WARNING worker", "WARNING worker"),
        ("2026-11-23T04:36:25.248Z hello", "hello"),
        ("6847:M 23 Nov 2026 04:15:57.929 # User requested shutdown...", "User requested shutdown..."),
        ("04:36 is no time of a log", "04:36 is no time of a log"),
        ("took 04:36:25 in all", "took 04:36:25 in all"),
    ],
)
def test_a_line_has_one_time_and_it_is_ours(tmp_path: Path, line: str, kept: str) -> None:
    journal = Journal(tmp_path / "kiln.log")
    journal.write("api", line)
    journal.close()
    assert (tmp_path / "kiln.log").read_text().endswith(f"Z api     | {kept}\n")


def test_the_file_is_rotated_and_a_few_are_kept(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "kiln.log", max_bytes=1000, kept=2)
    for number in range(100):
        journal.write("api", f"line {number:03}")
    journal.close()
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["kiln.log", "kiln.log.1", "kiln.log.2"]
    assert all((tmp_path / name).stat().st_size <= 1000 for name in files)
    text = "".join((tmp_path / name).read_text() for name in reversed(files))
    numbers = [int(number) for number in re.findall(r"line (\d+)", text)]
    assert numbers == list(range(numbers[0], 100))


def test_a_log_that_is_there_is_gone_on_with(tmp_path: Path) -> None:
    for text in ("one", "two"):
        journal = Journal(tmp_path / "kiln.log", max_bytes=90)
        journal.say(text)
        journal.say(text)
        journal.close()
    assert "two" in (tmp_path / "kiln.log").read_text()
    assert (tmp_path / "kiln.log.1").exists()


def test_a_terminal_that_is_gone_stops_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "kiln.log")
    journal.show_on(_Gone(), colour=False)
    journal.say("one")
    journal.say("two")
    journal.close()
    assert "two" in (tmp_path / "kiln.log").read_text()


def test_an_endless_line_is_cut(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "kiln.log")
    journal.say("x" * 100_000)
    journal.close()
    assert 8000 < (tmp_path / "kiln.log").stat().st_size < 9000


def test_requests_and_checkpoints_are_for_the_file_alone(tmp_path: Path) -> None:
    terminal = io.StringIO()
    journal = Journal(tmp_path / "kiln.log")
    journal.show_on(terminal, colour=False)
    lines = [
        "INFO    service.access [req_1] GET /v1/jobs 200 3.1 ms",
        "INFO    job_1 attempt 1: started",
        "INFO    job_1 attempt 1: checkpoint at step 20",
        "WARNING service [req_1] the broker does not answer",
        "INFO    job_1 attempt 1: failed (non_finite): the loss is NaN",
        "worker: Warm shutdown (MainProcess)",
    ]
    for line in lines:
        journal.write("worker", line)
    journal.close()
    assert [line.partition("| ")[2] for line in terminal.getvalue().splitlines()] == [
        "job_1 attempt 1: started",
        "WARNING service [req_1] the broker does not answer",
        "job_1 attempt 1: failed (non_finite): the loss is NaN",
    ]
    assert [line.partition("| ")[2] for line in (tmp_path / "kiln.log").read_text().splitlines()] == lines
