"""Side-by-side measurements. `python3 dev.py bench VERB`; results go into benchmarks/README.md."""
