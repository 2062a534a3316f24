"""Before `azd deploy`: says what to do if Azure builds with another Python, which no later hook can report."""

import sys
from pathlib import Path

if __name__ == "__main__":  # run as a program, by any Python in any folder
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from infra.hooks.commands import run

SENTENCE = (
    'If the build of the packages ends with "No matching distribution found", Azure took another Python than 3.13;'
    " finish with one command: python3 infra/prebuilt.py"
)

if __name__ == "__main__":
    run(lambda: print(SENTENCE))
