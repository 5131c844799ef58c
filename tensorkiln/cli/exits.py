"""Exit statuses of `kiln`. The help text of `app.py` tells them to the user."""

OK = 0
FAILED = 1  # the job failed, the service said no, or the stack could not run
USAGE = 2  # the command line, the file or a setting is at fault
UNREACHABLE = 3  # no service answers
INTERRUPTED = 130  # Ctrl-C
