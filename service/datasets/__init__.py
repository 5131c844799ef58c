"""Datasets: what can be trained on, and in what state it is."""
