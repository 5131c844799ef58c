"""The Celery side: claim a job, train it in a child process, write what happens under its fence."""
