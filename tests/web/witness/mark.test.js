/** What operators see of who answers: each backend and each reason in plain words, refusals too. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { answerOf, json, shown, until, WEB } from "../surroundings.js";

const { ForceOld, Mark } = await import(new URL("witness/mark.js", WEB));
const { WORDS } = await import(new URL("page/words.js", WEB));
const { MARK_WORDS } = await import(new URL("witness/mark_words.js", WEB));

const marked = (answers, more = {}) =>
  shown(Mark, async () => answers.shift(), { props: { component: "dashboard" }, ...more });
const ask = ({ value }) => value.api.show("dashboard", {}, () => []).catch(() => {});

test("each reason has words in both languages, and its code name as a title", async () => {
  for (const language of ["de", "en"]) {
    const said = MARK_WORDS[language];
    for (const [reason, text] of Object.entries(said.reasons)) {
      const page = await marked([answerOf("new", reason, {})], { language });
      await ask(page);
      await until(() => page.root.textContent === `${said.backends.new}: ${text}`, reason);
      assert.equal(page.root.querySelector(".mark").title, reason);
    }
  }
});

test("the mark follows each answer, of either backend, and says which failed", async () => {
  const page = await marked([
    answerOf("new", "percentage_in", {}),
    answerOf("old", "blocked", {}),
    answerOf("new", "test_user", { detail: "away" }, 503),
    json({ detail: "too many" }, 429),
  ]);
  assert.equal(page.root.textContent, "");
  for (const text of [
    "New: within the percentage",
    "Old: this person is excluded",
    "New: this person tests (error 503)",
  ]) {
    await ask(page);
    await until(() => page.root.textContent === text, text);
  }
  await ask(page); // refused before a backend was chosen: the mark says who answered last
  assert.equal(page.root.textContent, "New: this person tests (error 503)");
});

test("an answer that came before the mark is marked, and a reason that nobody knows is shown unchanged", async () => {
  const page = await marked([answerOf("new", "a_new_one", {})], { props: { component: "energy_table" } });
  await page.value.api.show("energy_table", {}, () => []);
  const later = await shown(Mark, null, { props: { component: "energy_table" }, api: page.value.api });
  assert.equal(later.root.textContent, "New: a_new_one");
});

test("another component's answer changes nothing", async () => {
  const page = await marked([answerOf("new", "test_user", {})], { props: { component: "energy_table" } });
  await ask(page);
  assert.equal(page.root.textContent, "");
});

test("the switch says what it does, and may be taken back", async () => {
  const forced = [];
  const api = { forcesOld: false, force: (forces) => forced.push(forces) };
  const { root } = await shown(ForceOld, null, { props: { words: WORDS.en, api } });
  const flip = () => root.querySelector("[role=switch]").click();
  flip();
  await until(() => root.querySelector("[role=status]").textContent === MARK_WORDS.en.forced);
  flip();
  await until(() => root.querySelector("[role=status]").textContent === "");
  assert.deepEqual(forced, [true, false]);
});
