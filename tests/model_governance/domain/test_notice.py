"""What a notice says, and that nobody's words in it become a link, a mention, a header or a second line."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.model_governance.domain.literals import NOW, SUBJECT, evidence, request
from tests.model_governance.domain.test_waiting import people, person, waiting, wanting

from model_governance.domain.decision import Gate
from model_governance.domain.evidence import EvidenceKind, EvidenceVerdict
from model_governance.domain.gate import GateState, GateVerdict
from model_governance.domain.notice import (
    Fact,
    Notice,
    expiry_notice,
    gate_notice,
    in_words,
    reasons_without_data,
)
from model_governance.domain.notice_text import LONGEST_SUBJECT, as_html, as_line, as_slack, as_text, harmless, subject
from model_governance.domain.shortfall import MissingItem
from model_governance.domain.waiting import Addressee, NoticeKind

URL = "https://airflow.example.com"
WHO = people(person("first", "governance_officer", deputy="second"), person("second", "governance_officer"))
HOSTILE = [
    "<!channel> <@U123> <https://evil.example|click here>",
    "x\r\nBcc: everyone@example.com\r\n\r\n<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)><a href="javascript:alert(1)">',
    "see https://evil.example/login or www.evil.example or evil.example",
    "{{ conn.smtp_default.password }} {% raw %}",
    "\u202egnissorc\u2069 \u2028next line \x1b[2J\x00 \ud800",
    "*bold* `code` ```block``` @here @channel",
]


def notice_with(text: str) -> Notice:
    """A notice in which somebody's words stand wherever words can stand."""
    return Notice(
        kind=NoticeKind.OPENED,
        use_case="loan-approval",
        headline=text,
        addressees=(Addressee("first", "first@example.com"),),
        facts=(Fact("comment", text), Fact(text, "label")),
        page=f"{URL}/dags/d",
        commands=("model-governance approve loan-approval governance",),
    )


def facts(notice: Notice, label: str) -> list[str]:
    return [fact.text for fact in notice.facts if fact.label == label]


def test_the_first_notice_says_who_on_what_since_when_and_how() -> None:
    asked = request().model_copy(update={"run_id": "manual__2026-01-15T12:00:00+00:00", "version": 3})
    notice = gate_notice(NoticeKind.OPENED, waiting(WHO, asked=asked, hours=2.5), URL)
    assert notice.headline == "Governance gate of loan-approval version 3 waits for a decision"
    assert facts(notice, "for") == ["first, second"]
    assert facts(notice, "who may decide") == ["first, second (role governance_officer)"]
    assert facts(notice, "waits since") == ["2026-01-15 09:30 UTC, 2 h 30 min"]
    assert facts(notice, "asked in") == ["entry 7 of the ledger of loan-approval; risk tier High"]
    assert "data_quality pass" in facts(notice, "evidence")[0]
    assert notice.commands == (
        'model-governance approve loan-approval governance --version 3 --comment "why"',
        'model-governance reject loan-approval governance --version 3 --comment "why"',
    )
    assert notice.page == (
        f"{URL}/dags/model_lifecycle.loan-approval/runs/manual__2026-01-15T12%3A00%3A00%2B00%3A00/tasks/"
        "governance_approval.wait"
    )


def test_a_reminder_after_the_first_of_two_approvals_names_who_may_still_decide_and_what_was_said() -> None:
    who = people(person("first", "governance_officer"), person("second", "governance_officer"))
    notice = gate_notice(NoticeKind.REMINDER, waiting(who, "first", policy=wanting(2)), URL)
    assert [each.id for each in notice.addressees] == ["second"]
    assert facts(notice, "so far") == ["1 of 2 approvals, from 2 distinct groups"]
    assert facts(notice, "first (first)") == ["approved: the evidence holds"]


def test_an_escalation_says_whose_deputy_is_asked_and_how_long_it_has_waited() -> None:
    notice = gate_notice(NoticeKind.ESCALATION, waiting(WHO, hours=73), URL)
    assert notice.headline == "Escalation: governance gate of loan-approval has waited 3 d 1 h for a decision"
    assert facts(notice, "for") == ["second (deputy of first)"]


def test_rows_that_a_measurement_quotes_stay_behind() -> None:
    piece = evidence(EvidenceKind.DATA_QUALITY, EvidenceVerdict.WARNING)
    quoting = piece.measurements[0].model_copy(update={"detail": "row 17: income 4711, white 0"})
    asked = request(pieces=(piece.model_copy(update={"measurements": (quoting,)}),))
    notice = gate_notice(NoticeKind.OPENED, waiting(WHO, asked=asked), URL)
    assert facts(notice, "answer in the comment") == ["disparate_impact 0.7 (facet white) is below 0.8"]
    assert all("4711" not in text for text in (as_line(notice), as_text(notice), as_html(notice)))
    item = MissingItem(what="data_quality.x", reason="row 17: income 4711", owner="author", how="mend it")
    verdict = GateVerdict(state=GateState.BLOCKED, reasons=(item.sentence, "expired"), missing=(item,))
    assert reasons_without_data(verdict) == "expired; data_quality.x (owner: author; mend it)"


def test_an_owner_is_told_what_serves_why_it_should_not_and_what_to_do() -> None:
    owner = Addressee("model-owner", "model-owner@example.com", "owner of the use case")
    notice = expiry_notice("loan-approval", 3, "loan-approval", {Gate.PRODUCTION: "it expired"}, owner, URL)
    assert notice.headline == "Endpoint loan-approval serves loan-approval version 3 without standing approval"
    assert facts(notice, "production gate closed") == ["it expired"]
    assert notice.addressees == (owner,)


@pytest.mark.parametrize("text", HOSTILE)
def test_words_become_no_link_no_mention_and_no_markup_in_slack(text: str) -> None:
    message = as_slack(notice_with(text))
    assert set(re.findall(r"<[^>]*>", message["text"])) == set()
    assert "@here" not in message["text"]
    assert "https://evil" not in message["text"]
    *words, actions = message["blocks"]
    assert {block["text"]["type"] for block in words} == {"plain_text"}
    assert actions["text"]["text"].startswith(f"<{URL}/dags/d|Open in Airflow>")
    assert "evil" not in json.dumps(actions)
    json.dumps(message).encode("utf-8")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        self.links |= {value or "" for name, value in attrs if name not in ("style",)}


@pytest.mark.parametrize("text", HOSTILE)
def test_words_become_no_markup_and_no_link_in_a_mail(text: str) -> None:
    read = _Tags()
    body = as_html(notice_with(text))
    read.feed(body)
    assert read.found <= {"p", "b", "table", "tr", "td", "a", "pre"}
    assert read.links == {f"{URL}/dags/d"}
    shown = html.unescape(re.sub(r"<[^>]+>", " ", body.replace(f"{URL}/dags/d", "")))
    assert re.search(r"https?://|www\.|\bevil\.example", shown) is None


@pytest.mark.parametrize("text", HOSTILE)
def test_words_end_no_header_and_no_line(text: str) -> None:
    notice = notice_with(text)
    assert subject(notice).isascii()
    assert subject(notice).isprintable()
    assert len(subject(notice)) <= LONGEST_SUBJECT
    assert as_line(notice).isprintable() or " " in as_line(notice)
    assert len(as_line(notice).splitlines()) == 1
    assert len(as_text(notice).splitlines()) == 1 + 1 + 2 + 1 + 1 + 1


@given(st.text(max_size=700))
def test_any_text_is_one_bounded_line_that_survives_every_channel(text: str) -> None:
    shown = harmless(text)
    assert len(shown) <= 600
    assert "\n" not in shown
    assert shown.isprintable() or all(each == " " or each.isprintable() for each in shown)
    assert harmless(shown) == shown
    assert re.search(r"[A-Za-z]://", shown) is None
    shown.encode("utf-8")
    assert "<" not in as_slack(notice_with(text))["text"]
    assert subject(notice_with(text)).isprintable()


def test_a_notice_of_a_thousand_facts_stays_within_slacks_fifty_blocks() -> None:
    notice = notice_with("x")
    many = Notice(**{**vars(notice), "facts": tuple(Fact("finding", "y" * 5000) for _ in range(1000))})
    blocks = as_slack(many)["blocks"]
    assert len(blocks) <= 50
    assert all(len(block["text"]["text"]) <= 3000 for block in blocks)
    assert "960 more lines" in as_text(many)


@pytest.mark.parametrize(
    ("minutes", "words"), [(0, "0 min"), (59, "59 min"), (60, "1 h 0 min"), (1439, "23 h 59 min"), (1500, "1 d 1 h")]
)
def test_a_duration_reads_as_people_say_it(minutes: int, words: str) -> None:
    assert in_words(timedelta(minutes=minutes)) == words


def test_literals_are_what_these_tests_take_them_for() -> None:
    assert SUBJECT.endswith("/1")
    assert NOW.tzinfo is not None
