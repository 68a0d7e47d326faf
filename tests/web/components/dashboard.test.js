/** The dashboard in each of its states. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { dashboard, shown as drawn, json, until, WEB } from "../surroundings.js";

const { WORDS } = await import(new URL("page/words.js", WEB));
const { Dashboard } = await import(new URL("components/dashboard.js", WEB));

const FAILED = () => json({ detail: "the database is away" }, 503);

async function shown(language, ...answers) {
  const asked = [];
  const fetch = async (url) => {
    asked.push(url);
    return answers.shift();
  };
  const { root } = await drawn(Dashboard, fetch, { language });
  return { root, asked };
}

/** What is read in an element, piece by piece. */
const piecesOf = (node) => (node.nodeType === 3 ? [node.textContent] : [...node.childNodes].flatMap(piecesOf));
const textOf = (element) => piecesOf(element).join(" ").replaceAll(/\s+/g, " ").replaceAll(" ,", ",").trim();
const cardsOf = (root, type) => [...root.querySelectorAll(`.meter.${type} article`)].map(textOf);
const isLoaded = (root) => () => root.querySelector("section").getAttribute("aria-busy") !== "true";

test("each figure is shown with how sure it is", async () => {
  const { root } = await shown("en", json(dashboard()));
  await until(isLoaded(root));
  assert.deepEqual(cardsOf(root, "power"), [
    "This month so far 1,234.6 kWh measured Whole month: about 400 kWh estimated",
    "Last month 300 kWh between two readings Same month last year: 250 kWh measured 20% more",
    "This year so far 900 kWh measured Last year to the same day: 1,000 kWh measured 10% less",
    "Average per day 10.26 kWh measured Over the last 30 days",
    "Last reading 51,234.567 kWh measured Feb 29, 2024, 15 days ago",
  ]);
});

test("it speaks German, and writes gas in m³", async () => {
  const body = dashboard();
  body.meters[1].summary = body.meters[0].summary;
  const { root } = await shown("de", json(body));
  await until(isLoaded(root));
  const [month] = cardsOf(root, "gas");
  assert.equal(month, "Dieser Monat bisher 1.234,6 m³ gemessen Ganzer Monat: etwa 400 m³ geschätzt");
});

test("a meter without readings says so, and shows no empty frames", async () => {
  const { root } = await shown("en", json(dashboard()));
  await until(isLoaded(root));
  assert.deepEqual(cardsOf(root, "gas"), []);
  assert.equal(root.querySelector(".meter.gas p")?.textContent, "No reading yet.");
});

for (const [ageDays, due] of [
  [29, false],
  [30, true],
]) {
  test(`after ${ageDays} days a reading is ${due ? "" : "not "}due`, async () => {
    const lastReading = { date: "2024-02-01T00:00:00Z", amount: 1, ageDays, quality: "measured" };
    const { root } = await shown("en", json(dashboard(7, { lastReading })));
    await until(isLoaded(root));
    assert.equal(textOf(root).includes(WORDS.en.due), due);
  });
}

test("no change is neither more nor less", async () => {
  const { root } = await shown("en", json(dashboard(7, { changePercent: { value: -0.04, quality: "measured" } })));
  await until(isLoaded(root));
  assert.match(cardsOf(root, "power")[1], /the same$/);
});

test("while it loads, the cards have their place and are not read out", async () => {
  const { root } = await shown("en", new Promise(() => {}));
  assert.equal(root.querySelectorAll(".skeleton article").length, 10);
  assert.ok([...root.querySelectorAll(".cards")].every((cards) => cards.getAttribute("aria-hidden") === "true"));
  assert.equal(textOf(root.querySelector("[role=status]")), WORDS.en.loading);
});

test("a failure offers to try again, and that works", async () => {
  const { root, asked } = await shown("en", FAILED(), json(dashboard()));
  await until(() => root.querySelector("button"));
  assert.equal(root.querySelectorAll("article").length, 0);
  assert.match(textOf(root), new RegExp(WORDS.en.failed));
  root.querySelector("button").click();
  await until(() => root.querySelectorAll("article").length === 5);
  assert.equal(root.querySelector("button"), null);
  assert.equal(asked.length, 2);
});

test("who comes back sees new figures, or the old ones marked as such", async () => {
  const { root } = await shown(
    "en",
    json(dashboard(7)),
    FAILED(),
    json(dashboard(8, { monthSoFar: { value: 5, quality: "measured" } })),
  );
  await until(isLoaded(root));
  document.dispatchEvent(new Event("visibilitychange"));
  await until(() => root.querySelector("button"), "the failure is said");
  assert.match(textOf(root), new RegExp(WORDS.en.notCurrent));
  assert.match(cardsOf(root, "power")[0], /1,234\.6/);
  document.dispatchEvent(new Event("visibilitychange"));
  await until(() => /so far 5 kWh/.test(cardsOf(root, "power")[0]), "the new figure is shown");
  assert.equal(root.querySelector("button"), null);
});

test("headings and sections are named for who listens", async () => {
  const { root } = await shown("en", json(dashboard()));
  await until(isLoaded(root));
  for (const section of root.querySelectorAll("section")) {
    assert.ok(root.querySelector(`#${section.getAttribute("aria-labelledby")}`));
  }
  assert.equal(root.querySelector("[style]"), null);
});

test("after a write it is asked for consistently at once, and an overtaken answer is not shown", async () => {
  const asked = [];
  const slow = Promise.withResolvers();
  const answers = [slow.promise, json(dashboard(8, { monthSoFar: { value: 5, quality: "measured" } }))];
  const fetch = async (url, { method }) => {
    if (method === "POST") return json({ type: "power", sourceVersion: 8 }, 201);
    asked.push(url);
    return answers.shift();
  };
  const { root, value } = await drawn(Dashboard, fetch);
  await until(() => asked.length === 1);
  await value.api.write("POST", "/components/energy_forms", { json: {} }, (body) => [body]);
  await until(() => textOf(root).includes("5 kWh"));
  slow.resolve(json(dashboard(8)));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(textOf(root).includes("5 kWh"));
  assert.deepEqual(asked, ["/components/dashboard", "/components/dashboard?consistent=true"]);
});

test("of another subject nothing is shown meanwhile, and nothing after it failed", async () => {
  const { html, useCallback } = await import(new URL("vendor/preact.js", WEB));
  const { useLoaded } = await import(new URL("page/component.js", WEB));
  const waits = Promise.withResolvers();
  const asked = [];
  const answers = { power: Promise.resolve("of power"), gas: waits.promise };
  const ask = (meter) => {
    asked.push(meter);
    return answers[meter];
  };
  const Probe = ({ meter }) => {
    const { body, failed } = useLoaded(
      useCallback(() => ask(meter), [meter]),
      [meter],
    );
    return html`<p>${meter}: ${body ?? (failed ? "failed" : "loading")}</p>`;
  };
  const props = { meter: "power" };
  const { root, value } = await drawn(Probe, async () => json({}), { props });
  await until(() => textOf(root).includes("of power"));
  props.meter = "gas";
  value.select({});
  await until(() => asked.includes("gas") && /gas ?: loading/.test(textOf(root)));
  waits.reject(new Error("offline"));
  await until(() => /gas ?: failed/.test(textOf(root)));
});

test("long after the last reading there is that one alone, not five times that nothing is known", async () => {
  const nothing = { value: null, quality: null };
  const changes = { monthSoFar: nothing, lastMonth: nothing, yearSoFar: nothing, averagePerDay: nothing };
  const { root } = await shown("en", json(dashboard(7, changes)));
  await until(isLoaded(root));
  assert.deepEqual(cardsOf(root, "power"), ["Last reading 51,234.567 kWh measured Feb 29, 2024, 15 days ago"]);
});
