"""A full model card as HTML and as PDF: how long each takes, and what memory."""

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable

from tests.benchmarks.measure import Figure, at_most, percentile
from tests.model_governance.documents.literals import full_card

from model_governance.documents.html import to_html
from model_governance.documents.model_card import card_page
from model_governance.documents.page import Page
from model_governance.documents.pdf import to_pdf

_HTML_TIMES = 500
_PDF_TIMES = 40
_PEAK = """
from tests.model_governance.documents.literals import full_card
from model_governance.documents.html import to_html
from model_governance.documents.model_card import card_page
def most():
    # In MiB; not ru_maxrss, which a child takes over from its parent.
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
before = most()
{write}
print(most() - before)
"""
_WRITE_PDF = """
from model_governance.documents.pdf import to_pdf
for version in range(5):
    to_pdf(card_page(full_card(), title=f"version {version}"))
"""


def run() -> list[Figure]:
    """Wall times in this process, each of another card, after one that loads templates and fonts."""
    html, html_processor = _times(to_html, _HTML_TIMES)
    pdf, pdf_processor = _times(to_pdf, _PDF_TIMES)
    return [
        at_most("full card to HTML, p50", percentile(html, 0.5), "ms", 5),
        Figure("full card to HTML, fastest", min(html), "ms"),
        Figure("full card to HTML, p95", percentile(html, 0.95), "ms"),
        Figure("full card to HTML, processor time, p50", percentile(html_processor, 0.5), "ms"),
        at_most("full card to PDF, p50", percentile(pdf, 0.5), "ms", 300),
        Figure("full card to PDF, fastest", min(pdf), "ms"),
        Figure("full card to PDF, p95", percentile(pdf, 0.95), "ms"),
        Figure("full card to PDF, processor time, p50", percentile(pdf_processor, 0.5), "ms"),
        Figure("HTML: most memory that Python held besides", _python_memory(), "MiB"),
        Figure("PDF: growth of the process over five cards, library and fonts in it", _growth(_WRITE_PDF), "MiB"),
    ]


def _times(write: Callable[[Page], bytes], times: int) -> tuple[list[float], list[float]]:
    """Wall and processor times in ms, from the card's content to bytes."""
    content = full_card()
    write(card_page(content, title="first"))
    wall, processor = [], []
    for version in range(times):
        began, began_processor = time.perf_counter(), time.process_time()
        write(card_page(content, title=f"loan-approval, version {version}"))
        wall.append(1000 * (time.perf_counter() - began))
        processor.append(1000 * (time.process_time() - began_processor))
    return wall, processor


def _python_memory() -> float:
    content = full_card()
    tracemalloc.start()
    to_html(card_page(content, title="memory"))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 2**20


def _growth(write: str) -> float:
    """By how much a new process grows at most while it writes, in MiB."""
    told = subprocess.run([sys.executable, "-c", _PEAK.format(write=write)], capture_output=True, text=True, check=True)
    return float(told.stdout)
