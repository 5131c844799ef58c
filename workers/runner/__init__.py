"""The runner: a child process that trains one job with the engine. It knows no database and no broker."""
