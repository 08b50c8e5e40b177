"""`python -m promptferry`: the command, with the arguments that it was given."""

import os
import sys

from ._command import binary

if __name__ == "__main__":
    path = binary()
    os.execv(path, [path, *sys.argv[1:]])
