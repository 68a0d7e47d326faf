/** Somebody without readings: the ways on, and the demo, which answers like an application and keeps nothing. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { dashboard, json, newDocument, until, WEB } from "../surroundings.js";

const { html, render } = await import(new URL("vendor/preact.js", WEB));
const { Api, Problem } = await import(new URL("page/api.js", WEB));
const { Drafts } = await import(new URL("page/component.js", WEB));
const { Formats } = await import(new URL("page/formats.js", WEB));
const { Household } = await import(new URL("page/household.js", WEB));
const { WORDS } = await import(new URL("page/words.js", WEB));
const { demoApi } = await import(new URL("demo/demo_api.js", WEB));

const { DEMO_WORDS } = await import(new URL("demo/demo_words.js", WEB));

const EN = DEMO_WORDS.en;
const NOBODY = { lastReading: null };

/** The page of somebody; ``summary`` may be changed while it is open. */
async function opened(summary = NOBODY) {
  const root = await newDocument();
  const state = { summary, asked: [] };
  const fetch = async (url) => {
    state.asked.push(url);
    return json(String(url).includes("dashboard") ? dashboard(1, state.summary) : {});
  };
  const props = {
    words: WORDS.en,
    formats: new Formats("en"),
    api: new Api("", "t", () => {}, fetch),
    drafts: new Drafts(),
  };
  render(html`<${Household} ...${props} />`, root);
  return { root, state, props };
}

const named = (root, name) => [...root.querySelectorAll("button, a")].find((each) => each.textContent.trim() === name);

test("who has no readings is met by two ways on and a demo, not by empty frames", async () => {
  const { root } = await opened();
  await until(() => named(root, EN.record));
  assert.equal(named(root, EN.bring).getAttribute("href"), "#files");
  assert.equal(named(root, EN.look).getAttribute("href"), "#demo");
  assert.equal(root.querySelector("input[name=meter]"), null);
  assert.ok(root.querySelector("#dashboard").closest("[hidden]"));
});

test("the welcome does not take the focus, and speaks German as well", async () => {
  const { root } = await opened();
  await until(() => named(root, EN.record));
  assert.equal(root.contains(document.activeElement), false);
  assert.deepEqual(Object.keys(DEMO_WORDS.de), Object.keys(EN));
  assert.ok(
    Object.values(DEMO_WORDS.de).every((text, at) => text && (text === "Demo." || text !== Object.values(EN)[at])),
  );
});

test("the first way asks for the form of a new reading", async () => {
  const { root } = await opened();
  await until(() => named(root, EN.record));
  let asked = 0;
  document.addEventListener("add-reading", () => {
    asked += 1;
  });
  named(root, EN.record).click();
  assert.equal(asked, 1);
});

test("the first reading takes the place of the welcome", async () => {
  const { root, state, props } = await opened();
  await until(() => named(root, EN.record));
  state.summary = {};
  await props.api.write("POST", "/components/energy_forms", { json: {} }, () => [{ type: "power", sourceVersion: 1 }]);
  await until(() => !named(root, EN.record));
  assert.equal(root.querySelector("#dashboard").closest("[hidden]"), null);
  assert.ok(root.querySelector("input[name=meter]"));
});

const isBusy = (root) => root.querySelector("#dashboard").getAttribute("aria-busy") === "true";

test("the demo is marked, shows figures of its own and leads back", async () => {
  const { root, state } = await opened();
  await until(() => named(root, EN.look));
  const before = state.asked.length;
  location.hash = "demo";
  globalThis.document.defaultView.dispatchEvent(new Event("hashchange"));
  await until(() => root.querySelectorAll("#dashboard article").length === 10 && !isBusy(root), "the cards");
  assert.match(root.querySelector("aside").textContent, /made up/);
  assert.equal(named(root, EN.back).getAttribute("href"), "#overview");
  assert.doesNotMatch(root.querySelector("#dashboard").textContent, new RegExp(WORDS.en.noReading));
  assert.equal(state.asked.length, before, "the demo asks nobody");
});

test("an address that names no view leads to the overview", async () => {
  const { root } = await opened({});
  for (const hash of ["toString", "constructor", "unknown"]) {
    location.hash = hash;
    globalThis.document.defaultView.dispatchEvent(new Event("hashchange"));
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.ok(root.querySelector("#dashboard"), hash);
  }
});

const rowsOf = async (api, query) => (await api.send("GET", "/components/energy_table", { query })).body;

test("its table is filtered by meter and local days, sorted and given in pages", async () => {
  const api = demoApi(() => {});
  const all = await rowsOf(api, { limit: "500" });
  const gas = await rowsOf(api, { limit: "500", type: "gas" });
  assert.ok(all.readings.length > 100 && all.nextCursor === null);
  assert.ok(gas.readings.length > 40 && gas.readings.every((row) => row.type === "gas"));
  const january = await rowsOf(api, { type: "gas", from: "2024-01-01", to: "2024-02-01" });
  assert.deepEqual(
    january.readings.map((row) => row.date),
    ["2023-12-31T23:00:00.000Z", "2024-01-14T23:00:00.000Z", "2024-01-31T23:00:00.000Z"],
  );
  const seen = [];
  let cursor = null;
  do {
    const page = await rowsOf(api, { limit: "40", sort: "-date", ...(cursor && { cursor }) });
    seen.push(...page.readings.map((row) => row.id));
    cursor = page.nextCursor;
  } while (cursor);
  assert.deepEqual(seen, all.readings.map((row) => row.id).reverse());
});

test("its months and timeline are those of the meter and the year", async () => {
  const api = demoApi(() => {});
  const shown = async (component, query) => (await api.send("GET", `/components/${component}`, { query })).body;
  for (const type of ["power", "gas"]) {
    const { months, year } = await shown("monthly_charts", { type, year: "2025" });
    assert.ok(year === 2025 && months.length === 12 && months.every((month) => month.consumption > 0));
    assert.equal((await shown("timeline_slider", { type })).type, type);
    assert.equal((await shown("energy_forms", { type })).last.type, type);
  }
  const { months, year } = await shown("monthly_charts", { type: "gas", year: "1999" });
  assert.ok(year === 1999 && months.every((month) => month.consumption === null));
  const { months: exchanged } = await shown("monthly_charts", { type: "gas", year: "2025" });
  assert.deepEqual(exchanged[2].flags, ["exchange"]);
});

test("its timeline counts what lies in a range of local days", async () => {
  const api = demoApi(() => {});
  const counted = async (query) => {
    const asked = { type: "gas", buckets: "1", ...query };
    const { body } = await api.send("GET", "/components/timeline_slider", { query: asked });
    return body.buckets.map(({ count }) => count);
  };
  assert.deepEqual(await counted({ from: "2024-01-01", to: "2024-02-01T23:59:59.999" }), [3]);
  assert.deepEqual(await counted({ from: "2024-01-02", to: "2024-01-14T23:59:59.999" }), [0]);
  const { body } = await api.send("GET", "/components/timeline_slider", { query: { type: "gas", buckets: "60" } });
  const { readings } = await rowsOf(api, { limit: "500", type: "gas" });
  assert.equal(body.buckets.length, 60);
  assert.equal(
    body.buckets.reduce((all, { count }) => all + count, 0),
    readings.length,
  );
});

test("nothing can be written in it, and that is said", async () => {
  let told = 0;
  const api = demoApi(() => {
    told += 1;
  });
  api.onWritten(() => assert.fail("nothing was written"));
  for (const method of ["POST", "PUT", "DELETE"]) {
    await assert.rejects(
      api.write(method, "/components/energy_forms/demo1", { json: {} }, () => []),
      (error) => error instanceof Problem && error.code === "DEMO",
    );
  }
  assert.equal(told, 3);
});

test("what it does not know is not there", async () => {
  await assert.rejects(demoApi(() => {}).send("GET", "/components/unknown"), (error) => error.status === 404);
  await assert.rejects(
    demoApi(() => {}).send("GET", "/components/monthly_charts", { query: { type: "water", year: "2024" } }),
    (error) => error.status === 404,
  );
});
