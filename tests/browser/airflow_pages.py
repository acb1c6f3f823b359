"""Airflow's pages as a person uses them: signing in, starting a run by its form, marking a waiting task."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from playwright.sync_api import Browser, Locator, Page, TimeoutError, expect
from tests.running_stack import RunningStack

PATIENCE = 60_000  # milliseconds
CONFIRM_PATIENCE = 15_000
OPENINGS = 3
MIDDLE_IS_ITS_OWN = """box => {
    const { x, y, width, height } = box.getBoundingClientRect();
    return box.contains(document.elementFromPoint(x + width / 2, y + height / 2));
}"""


class DialogGone(Exception):
    """The dialog has closed before it was confirmed."""


@dataclass(frozen=True)
class AirflowPages:
    """One person's browser window.

    Attributes:
        stack: The stack that is looked at.
        page: The window.
        pictures: Where screenshots go.
    """

    stack: RunningStack
    page: Page
    pictures: Path

    @classmethod
    def signed_in(cls, person: str, stack: RunningStack, browser: Browser, pictures: Path) -> AirflowPages:
        """A window in which the person has signed in by Airflow's own form."""
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(f"{stack.airflow_url}/dags")
        page.locator("input[name=username]").fill(person)
        page.locator("input[name=password]").fill(stack.password(person))
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{stack.airflow_url}/dags")
        return cls(stack, page, pictures)

    def start_run(self, dag_id: str, reason: str) -> str:
        """Starts a run by the form of its Params; the run's id."""
        self.page.goto(f"{self.stack.airflow_url}/dags/{quote(dag_id)}")
        self.page.get_by_test_id("trigger-dag-button").click()
        dialog = self.page.get_by_role("dialog")
        dialog.locator("#element_reason").fill(reason)
        expect(dialog.get_by_text("Take the place of the declared ones")).to_be_visible()
        self.picture("form")
        dialog.get_by_test_id("trigger-dag-submit").click()
        self.page.wait_for_url(f"**/dags/{dag_id}/runs/**")
        return unquote(self.page.url.rpartition("/runs/")[2])

    def order(self, use_case: str, action: str, reason: str) -> str | None:
        """Fills in the form of production control; the id of the run that begins, None where none does."""
        self.page.goto(f"{self.stack.airflow_url}/dags/production_control")
        self.page.get_by_test_id("trigger-dag-button").click()
        dialog = self.page.get_by_role("dialog")
        dialog.locator("#element_action").click()
        self.page.get_by_role("option", name=action, exact=True).click()
        dialog.locator("#element_use_case").fill(use_case)
        dialog.locator("#element_reason").fill(reason)
        self.picture("control-form")
        with self.page.expect_response(
            lambda answer: answer.request.method == "POST" and _is_trigger(answer.url)
        ) as got:
            dialog.get_by_test_id("trigger-dag-submit").click()
        return str(got.value.json()["dag_run_id"]) if got.value.ok else None

    def open_task(self, dag_id: str, run_id: str, task_id: str) -> None:
        """Opens a task of a run."""
        run = f"{self.stack.airflow_url}/dags/{quote(dag_id)}/runs/{quote(run_id)}"
        self.page.goto(f"{run}/tasks/{quote(task_id)}")
        expect(self._mark_button).to_be_visible()

    def mark(self, state: str, note: str) -> int:
        """Marks the task that is open, with a note; the status of Airflow's answer.

        Airflow's page may close the dialog by itself as it refreshes what it shows: a person opens it again.
        """
        for _ in range(OPENINGS - 1):
            try:
                return self._mark(state, note)
            except DialogGone:
                self.page.reload()
        return self._mark(state, note)

    def _mark(self, state: str, note: str) -> int:
        self._mark_button.click()
        self.page.get_by_role("menuitem", name=state).click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_role("button", name="Note").click()
        dialog.get_by_text("Add a note...").click()
        dialog.get_by_test_id("notes-input").fill(note)
        with self.page.expect_response(lambda answer: answer.request.method == "PATCH" and _is_mark(answer.url)) as got:
            try:
                dialog.get_by_role("button", name="Confirm").click(timeout=CONFIRM_PATIENCE)
            except TimeoutError:
                raise DialogGone from None
        return got.value.status

    def confirm_again(self) -> None:
        """Confirms the dialog once more that a refusal has left open."""
        self.page.get_by_role("dialog").get_by_role("button", name="Confirm").click()

    def do_something_else(self) -> None:
        """Sends, from the page, a request that is no mark and changes something, or would."""
        self.page.evaluate("""() => {
            const request = new XMLHttpRequest();
            request.open("POST", "/api/v2/dags/~/dagRuns/list");
            request.send("{}");
        }""")

    @property
    def answer(self) -> Locator:
        """What the governance middleware answered, as the page shows it."""
        return self.page.locator("#model-governance-answer")

    def answer_can_be_read(self) -> bool:
        """Whether the answer stands inside the window, and nothing in front of it."""
        expect(self.answer).to_be_in_viewport(ratio=1)
        return bool(self.answer.evaluate(MIDDLE_IS_ITS_OWN))

    def answer_goes(self) -> None:
        """Waits until no answer is shown."""
        expect(self.answer).to_have_count(0)

    def picture(self, name: str) -> None:
        """Keeps what the window shows."""
        self.page.screenshot(path=self.pictures / f"{name}.png")

    @property
    def _mark_button(self) -> Locator:
        return self.page.get_by_role("button", name="Mark Task Instance as...")


def _is_mark(url: str) -> bool:
    return "/dry_run" not in url and "/taskInstances/" in url


def _is_trigger(url: str) -> bool:
    return url.endswith("/dagRuns")
