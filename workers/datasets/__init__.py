"""Built-in datasets: found or downloaded, checked, and stored as blobs that every runner can read."""
