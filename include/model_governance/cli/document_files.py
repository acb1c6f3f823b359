"""Where the documents of ``card`` and ``report`` go, and what the registry says of their subject; one way for both."""

from __future__ import annotations

import sys
from pathlib import Path

from model_governance.cli.terminal import say
from model_governance.cli.use_cases import refuse_unknown
from model_governance.documents.html import to_html
from model_governance.documents.page import Page
from model_governance.errors import RecordMissing, RequestRefused
from model_governance.hooks.installation import Installation
from model_governance.hooks.model_package import ModelPackage


def write_documents(page: Page, html: Path | None, pdf: Path | None) -> None:
    """Writes the page as the files that were asked for; as HTML on standard output where none was.

    Raises:
        RequestRefused: A file cannot be written.
    """
    if html is None and pdf is None:
        sys.stdout.buffer.write(to_html(page))
        sys.stdout.buffer.flush()
    if html is not None:
        _write(html, to_html(page))
    if pdf is not None:
        # Its library is loaded by those alone who want a PDF.
        from model_governance.documents.pdf import to_pdf

        _write(pdf, to_pdf(page))


def is_read_here(html: Path | None, pdf: Path | None) -> bool:
    """Whether a person sits at standard output and asked for no file: who is told the main points, not HTML."""
    return html is None and pdf is None and sys.stdout.isatty()


def find_version(known: Installation, use_case: str, version: int | None) -> ModelPackage:
    """The version, or the newest without a number.

    Raises:
        RecordMissing: There is no such use case or version.
    """
    versions = known.registry.versions(use_case) if known.registry.group_exists(use_case) else ()
    if not versions:
        refuse_unknown(known, use_case, known.ledger(use_case).entries())
        raise RecordMissing(f"{use_case} has no version yet: model-governance status {use_case} says where it stands")
    found = [each for each in versions if version in (None, each.version)]
    if not found:
        there = ", ".join(str(each.version) for each in versions)
        raise RecordMissing(f"{use_case} has no version {version}; it has {there}")
    return found[0]


def version_facts(package: ModelPackage) -> list[tuple[str, str]]:
    """What the registry says of a version, as names and values."""
    life_cycle = f"{package.stage} {package.stage_status}".strip()
    facts = [
        ("Model package", package.arn),
        ("Registration", package.registration_type or "not given"),
        ("Approval status", package.approval_status or "no approval status"),
        ("Approval description", package.approval_description),
        ("Life cycle", life_cycle or "not deployed"),
        ("Life cycle description", package.stage_description),
        ("Card status", package.card_status or "not given"),
        *sorted((name.replace("_", " ").capitalize(), value) for name, value in package.metadata.items()),
    ]
    return [(name, value) for name, value in facts if value]


def _write(file: Path, data: bytes) -> None:
    try:
        file.write_bytes(data)
    except OSError as fault:
        raise RequestRefused(f"{file} was not written: {fault.strerror or fault}") from None
    say(f"{len(data)} bytes in {file}")
