"""Tables: CSV files, columns as numbers, and a dataset."""

from engine.data.tables.adult import Adult
from engine.data.tables.columns import Categories, Quantity, TableEncoder
from engine.data.tables.files import read_csv

__all__ = ["Adult", "Categories", "Quantity", "TableEncoder", "read_csv"]
