/** "This looks wrong": asked first, sent once for each answer, without a figure; a failure may be tried again. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { answerOf, dashboard, json, shown, until, WEB } from "../surroundings.js";

const { Corner } = await import(new URL("witness/feedback.js", WEB));
const { FEEDBACK_WORDS } = await import(new URL("witness/feedback_words.js", WEB));
const { Dashboard } = await import(new URL("components/dashboard.js", WEB));

const EN = FEEDBACK_WORDS.en;
const button = (root, name) => [...root.querySelectorAll("button")].find((each) => each.textContent === name);

/** A dashboard with its corner; ``answers`` are given to what is reported, ``app.version`` is the meter's. */
async function opened({ answers = [], backend = "new", ...more } = {}) {
  const app = { version: 7, reports: [] };
  const fetch = async (url, { body }) => {
    if (!url.includes("/feedback"))
      return backend ? answerOf(backend, "test_user", dashboard(app.version)) : json(dashboard());
    app.reports.push(JSON.parse(body));
    return answers.shift() ?? json({ id: "1" }, 201);
  };
  const page = await shown(Dashboard, fetch, { Corner, ...more });
  await until(() => /1[,.]234[,.]6/.test(page.root.textContent), "the figures are there");
  return { ...page, app };
}

/** Ask about an answer; returns when what would be sent is shown. */
async function asked(root, words = EN) {
  await until(() => button(root, words.looksWrong), "there is an answer");
  button(root, words.looksWrong).click();
  await until(() => button(root, words.send));
}

test("one click shows what would be sent, a second one sends exactly that: no figures", async () => {
  const { root, app } = await opened();
  await asked(root);
  assert.deepEqual(app.reports, []);
  const announced = JSON.parse(root.querySelector(".feedback pre").textContent);
  button(root, EN.send).click();
  await until(() => root.textContent.includes(EN.thanks));
  const report = {
    component: "dashboard",
    query: {},
    backend: "new",
    reason: "test_user",
    meters: [
      { type: "power", sourceVersion: 7 },
      { type: "gas", sourceVersion: 0 },
    ],
  };
  assert.deepEqual(app.reports, [report]);
  assert.deepEqual(announced, report);
});

test("an answer is reported once, another answer may be reported again", async () => {
  const { root, app, value } = await opened();
  await asked(root);
  button(root, EN.send).click();
  await until(() => button(root, EN.reported));
  assert.ok(document.activeElement === button(root, EN.reported));
  button(root, EN.reported).click();
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(button(root, EN.send), undefined);
  app.version = 8;
  value.api.tell(new Set(["power"]));
  await until(() => button(root, EN.looksWrong) && !root.textContent.includes(EN.thanks), "another answer is shown");
  await asked(root);
  button(root, EN.send).click();
  await until(() => app.reports.length === 2);
  assert.equal(app.reports[1].meters[0].sourceVersion, 8);
});

test("who changes their mind sends nothing, by the button or by Escape, and is where they were", async () => {
  const { root, app } = await opened();
  await asked(root);
  await until(() => document.activeElement === root.querySelector(".feedback"), "the focus is where it goes on");
  button(root, EN.cancel).click();
  await until(() => !root.querySelector(".feedback"));
  assert.ok(document.activeElement === button(root, EN.looksWrong));
  await asked(root);
  root.querySelector(".feedback").dispatchEvent(Object.assign(new Event("keydown"), { key: "Escape" }));
  await until(() => !root.querySelector(".feedback"));
  assert.deepEqual(app.reports, []);
});

test("what was not sent says so and may be tried again", async () => {
  const { root, app } = await opened({ answers: [json({ detail: "away" }, 503)] });
  await asked(root);
  button(root, EN.send).click();
  await until(() => root.textContent.includes(EN.failed));
  assert.equal(button(root, EN.reported), undefined);
  button(root, "Try again").click();
  await until(() => button(root, EN.reported));
  assert.equal(app.reports.length, 2);
});

test("it speaks German", async () => {
  const { root } = await opened({ language: "de" });
  await asked(root, FEEDBACK_WORDS.de);
  assert.ok(root.textContent.includes(FEEDBACK_WORDS.de.about));
});

test("where nobody says who answered there is nothing to report", async () => {
  const { root } = await opened({ backend: null });
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(button(root, EN.looksWrong), undefined);
});
