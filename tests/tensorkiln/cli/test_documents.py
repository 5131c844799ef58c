import io
from pathlib import Path

import pytest

from tensorkiln import Problem
from tensorkiln.cli.documents import BadDocument, Document, place, read_document

TEXT = """{"name": "first",
 "model": {"layers": [{"type": "Flatten"},
                      {"type": "Linear", "in_features": 100}]},
 "a/b": {"~": [1, 2]},
 "optimizer": {"lr": -1}}
"""


@pytest.mark.parametrize(
    ("pointer", "begins"),
    [
        ("", '{"name"'),
        ("/name", '"first"'),
        ("/model/layers", "[{"),
        ("/model/layers/1/in_features", "100}"),
        ("/a~1b/~0/1", "2]"),
        ("/optimizer/lr", "-1}"),
        ("/optimizer/momentum", '{"lr": -1}'),  # not there: its nearest surroundings
        ("/model/layers/7/type", "[{"),
        ("/name/deeper", '"first"'),
    ],
)
def test_a_pointer_leads_to_its_place_in_the_text(pointer: str, begins: str) -> None:
    assert TEXT[place(TEXT, pointer) :].startswith(begins)


def test_a_complaint_shows_line_column_pointer_and_the_line_itself() -> None:
    problem = Problem("/model/layers/1/in_features", "is 100, the layer before gives 128")
    head, line, caret = Document("job.json", TEXT, {}).complaints([problem])
    assert head == "job.json:3:57: /model/layers/1/in_features: is 100, the layer before gives 128"
    assert line.strip() == '{"type": "Linear", "in_features": 100}]},'
    assert line[caret.index("^") :].startswith("100}")


def test_a_complaint_about_a_parameter_has_no_place_in_the_file() -> None:
    assert Document("job.json", TEXT, {}).complaints([Problem("", "too long", "Idempotency-Key")]) == [
        "Idempotency-Key: too long"
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"epochs": 1,\n "seed" 2}', "job.json:2:9: not JSON: expecting ':' delimiter"),
        ("", "job.json:1:1: not JSON"),
        ('{"lr": NaN}', "NaN is not JSON"),
        ('{"lr": 1, "lr": 2}', "'lr' stands twice"),
        ("[1]", "a JSON object is expected"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_json_object_is_refused_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("job.json").write_text(text)
    with pytest.raises(BadDocument) as raised:
        read_document("job.json")
    assert told in str(raised.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadDocument, match="no such file"):
        read_document(str(tmp_path / "none.json"))
    (tmp_path / "binary").write_bytes(b"\x80")
    with pytest.raises(BadDocument, match="UTF-8"):
        read_document(str(tmp_path / "binary"))


def test_a_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"epochs": 1}'))
    document = read_document("-")
    assert (document.name, document.content) == ("<stdin>", {"epochs": 1})
