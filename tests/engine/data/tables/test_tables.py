"""Tables: reading, encoding, and the census data."""

import numpy as np
import pytest

import engine
from engine.data import DataLoader
from engine.data.tables import Adult, Categories, Quantity, TableEncoder, read_csv
from engine.errors import CheckpointError, ShapeError


def test_columns_are_read_with_what_is_missing(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('age, job\n3, "smith, old"\n ?, \n\n5,baker\n', encoding="utf-8")
    assert read_csv(path) == {"age": ["3", None, "5"], "job": ["smith, old", None, "baker"]}
    assert read_csv(path, missing=()) == {"age": ["3", "?", "5"], "job": ["smith, old", "", "baker"]}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a,b\n1,2\n3\n", "line 3 has 1 values, and there are 2 columns"),
        ("", "begin with the names"),
        ("a,a\n", "all different"),
    ],
)
def test_a_file_that_is_no_table_says_so(tmp_path, text, complaint):
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CheckpointError, match=complaint):
        read_csv(path)
    with pytest.raises(CheckpointError, match="can't be read as a table"):
        read_csv(tmp_path / "other.csv")


def test_categories_are_numbered_from_one_and_unknown_ones_are_zero():
    categories = Categories(["b", None, "a", "b"])
    assert len(categories) == 3
    assert categories.encode(["a", "b", None, "z"]).tolist() == [1, 2, 0, 0]


def test_quantities_are_standardised_by_the_training_values():
    quantity = Quantity(["1", "3", None])
    assert (quantity.mean, quantity.std) == (2.0, 1.0)
    assert quantity.encode(["5", None, "2"]).tolist() == [3.0, 0.0, 0.0]
    assert Quantity(["4", "4"]).encode(["5"]).tolist() == [1.0]
    with pytest.raises(CheckpointError, match="age should hold numbers"):
        Quantity(["old"], "age")
    with pytest.raises(ShapeError, match="no values"):
        Quantity([None])


def test_a_table_is_encoded_column_by_column():
    encoder = TableEncoder({"x": ["1", "3"], "k": ["a", "b"], "unused": ["", ""]}, ["x"], ["k"])
    numbers, indices = encoder.encode({"x": ["2"], "k": ["b"]})
    assert (numbers.tolist(), indices.tolist(), encoder.sizes) == ([[0.0]], [[2]], [3])
    assert (numbers.dtype.name, indices.dtype.name) == ("float32", "int64")
    with pytest.raises(ShapeError, match="no column 'y'; it has x, k"):
        TableEncoder({"x": [], "k": []}, ["y"], [])


def test_the_test_table_is_encoded_by_training_statistics(tmp_path):
    header = ", ".join([*Adult.numeric, *Adult.categorical, "target"])
    rows = [
        ", ".join([str(age), *["1"] * 5, work, *["x"] * 7, label])
        for age, work, label in ((20, "Private", "<=50K"), (40, "State", ">50K"))
    ]
    test = ", ".join(["50", *["1"] * 5, "?", *["x"] * 7, ">50K."])
    (tmp_path / "adult.data").write_text("\n".join([header, *rows]), encoding="utf-8")
    (tmp_path / "adult.test").write_text("\n".join([header, test]), encoding="utf-8")
    train, held_out = Adult(tmp_path), Adult(tmp_path, train=False)
    assert train.numbers[:, 0].tolist() == [-1, 1]
    assert held_out.numbers[0].tolist() == [2, 0, 0, 0, 0, 0]
    assert held_out.categories[0].tolist() == [0, 1, 1, 1, 1, 1, 1, 1]
    assert (train.targets.tolist(), held_out.targets.tolist()) == ([0, 1], [1])
    assert train.encoder.sizes == [3, 2, 2, 2, 2, 2, 2, 2]
    numbers, categories, targets = next(iter(DataLoader(train, batch_size=2)))
    assert (numbers.shape, categories.shape, targets.tolist()) == ((2, 6), (2, 8), [0, 1])
    assert engine.equal(train[1][0], numbers[1])
    (tmp_path / "adult.test").write_text("\n".join([header, test.replace(">50K.", "rich")]), encoding="utf-8")
    with pytest.raises(CheckpointError, match="should hold <=50K and >50K, not rich"):
        Adult(tmp_path, train=False)


def test_the_public_census_is_the_one_described(public_data):
    train, test = Adult(public_data("adult")), Adult(public_data("adult"), train=False)
    assert (len(train), len(test)) == (32_561, 16_281)
    assert (int(train.targets.sum()), int(test.targets.sum())) == (7_841, 3_846)
    np.testing.assert_allclose(train.numbers.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(train.numbers.std(axis=0, dtype=np.float64), 1, atol=1e-5)
    assert (train.categories[:, 0] == 0).sum() == 1_836  # of workclass
