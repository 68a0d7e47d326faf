/** What the page measures: by component and backend, in bounded batches, and never in anybody's way. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { answerOf, json, newDocument, until, WEB } from "../surroundings.js";

const { Api } = await import(new URL("page/api.js", WEB));
const { measure } = await import(new URL("witness/measuring.js", WEB));

const EVERY_MS = 30_000;
const observers = [];

/** Reports the interactions that a test names, as a browser does. */
class Observer {
  static supportedEntryTypes = ["event"];

  constructor(callback) {
    this.callback = callback;
    this.pending = [];
    observers.push(this);
  }

  takeRecords() {
    return this.pending.splice(0);
  }

  observe(options) {
    this.options = options;
  }

  disconnect() {
    this.options = null;
  }

  tell(...entries) {
    this.callback({ getEntries: () => entries });
  }
}

/** A page that measures; ``app.answer`` answers its components, ``app.collect`` takes the batches. */
async function measuring(t, { lasts = EVERY_MS * 100, observer = Observer, before = async () => {} } = {}) {
  const root = await newDocument();
  globalThis.PerformanceObserver = observer;
  t.mock.timers.enable({ apis: ["setInterval"] });
  const app = { batches: [], calls: [], answer: () => answerOf("new", "test_user", {}), collect: () => json("", 202) };
  const fetch = async (url, options) => {
    if (!url.endsWith("/components/measurements")) return app.answer(url);
    app.calls.push(options);
    app.batches.push(JSON.parse(options.body).measurements);
    return app.collect();
  };
  const api = new Api("/api", "a-token", () => {}, fetch);
  await before(api);
  const stop = new AbortController();
  measure(api, Date.now() + lasts, stop.signal);
  const ask = (component = "dashboard") => api.show(component, {}, () => []).catch(() => {});
  const pass = async () => {
    t.mock.timers.tick(EVERY_MS);
    await new Promise((resolve) => setTimeout(resolve, 5));
  };
  return { root, app, api, stop, ask, pass };
}

const leave = (state) => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
};
const withoutTimes = (batch) => batch.map(({ elapsedMs, ...rest }) => rest);

test("answers, drawing, interactions and failures are measured, each by component and backend", async (t) => {
  const { root, app, api, ask, pass } = await measuring(t);
  await ask();
  api.notice({ kind: "drawn", component: "dashboard", at: performance.now(), elapsedMs: 12.34 });
  api.notice({ kind: "broke", component: "dashboard", error: "TypeError" });
  root.innerHTML = '<section data-component="dashboard"><button></button></section>';
  observers.at(-1).tell({ interactionId: 5, duration: 48, target: root.querySelector("button") });
  app.answer = () => answerOf("old", "blocked", { detail: "away" }, 503);
  await ask("energy_table");
  app.answer = () => Promise.reject(new TypeError("no network"));
  await ask();
  await pass();
  assert.deepEqual(withoutTimes(app.batches[0]), [
    { component: "dashboard", backend: "new", kind: "fetch" },
    { component: "dashboard", backend: "new", kind: "render" },
    { component: "dashboard", backend: "new", kind: "error", error: "TypeError" },
    { component: "dashboard", backend: "new", kind: "interaction" },
    { component: "energy_table", backend: "old", kind: "error", error: "Status5xx" },
    { component: "dashboard", backend: "new", kind: "error", error: "NoAnswer" },
  ]);
  assert.deepEqual(app.batches[0].map(({ elapsedMs }) => elapsedMs).slice(1), [12.3, 0, 48, 0, 0]);
});

test("what was noticed before the page began to measure counts too", async (t) => {
  const { app, pass } = await measuring(t, { before: (api) => api.show("dashboard", {}, () => []) });
  await pass();
  assert.equal(app.batches[0].length, 1);
});

test("an interaction counts once, as long as its longest event, where it happened", async (t) => {
  const { root, app, ask, pass } = await measuring(t);
  await ask();
  root.innerHTML = `<section data-component="dashboard"><b></b></section><i></i>
    <div class="made-up"><section data-component="dashboard"><u></u></section></div>`;
  const entry = (target, interactionId, duration) => ({ target: root.querySelector(target), interactionId, duration });
  observers.at(-1).tell(entry("b", 1, 40), entry("b", 1, 96), entry("b", 1, 56), entry("b", 0, 500));
  observers
    .at(-1)
    .tell(entry("b", 2, 44), entry("i", 3, 70), entry("u", 4, 80), { ...entry("b", 5, 80), target: null });
  await pass();
  assert.equal(observers.at(-1).options.durationThreshold, 40);
  const found = app.batches[0].filter(({ kind }) => kind === "interaction");
  assert.deepEqual(
    found.map(({ elapsedMs }) => elapsedMs),
    [96, 44],
  );
});

test("what was drawn while nobody could see it is not measured", async (t) => {
  const { app, api, ask, pass } = await measuring(t);
  await ask();
  const at = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 5));
  leave("hidden");
  leave("visible");
  await until(() => app.batches.length === 1);
  api.notice({ kind: "drawn", component: "dashboard", at, elapsedMs: 9_000 });
  await pass();
  assert.equal(app.batches.length, 1);
});

test("a browser that knows no interactions measures the rest", async (t) => {
  const { app, ask, pass } = await measuring(t, { observer: undefined });
  await ask();
  await pass();
  assert.equal(app.batches[0].length, 1);
});

test("nothing is measured of who has not answered, and nothing sent where nothing was measured", async (t) => {
  const { app, api, ask, pass } = await measuring(t);
  app.answer = () => json({});
  await ask();
  api.notice({ kind: "broke", component: "dashboard", error: "TypeError" });
  await pass();
  assert.deepEqual(app.batches, []);
});

test("who leaves sends what there is, so that it arrives although the page is gone", async (t) => {
  const { app, ask, root } = await measuring(t);
  await ask();
  root.innerHTML = '<section data-component="dashboard"><button></button></section>';
  observers.at(-1).pending.push({ interactionId: 5, duration: 48, target: root.querySelector("button") });
  leave("hidden");
  await until(() => app.batches.length === 1);
  leave("visible");
  assert.ok(
    app.batches[0].some(({ kind }) => kind === "interaction"),
    "what the browser has not reported yet is in it",
  );
  assert.equal(app.calls[0].keepalive, true);
  assert.equal(app.calls[0].headers.Authorization, "Bearer a-token");
});

test("a batch has a hundred at most, and of more than five hundred the oldest go", async (t) => {
  const { app, api, ask, pass } = await measuring(t);
  await ask();
  for (let turn = 1; turn <= 700; turn += 1) {
    api.notice({ kind: "drawn", component: "dashboard", at: performance.now(), elapsedMs: turn });
  }
  for (let turn = 0; turn < 8; turn += 1) await pass();
  assert.deepEqual(
    app.batches.map((batch) => batch.length),
    [100, 100, 100, 100, 100],
  );
  assert.deepEqual([app.batches[0][0].elapsedMs, app.batches[4][99].elapsedMs], [201, 700]);
});

for (const [what, collect] of [
  ["breaks", () => json({}, 500)],
  ["is away", () => Promise.reject(new TypeError("no network"))],
]) {
  test(`a batch for a collector that ${what} is sent again, and only once`, async (t) => {
    const { app, ask, pass } = await measuring(t);
    app.collect = collect;
    await ask();
    for (let turn = 0; turn < 4; turn += 1) await pass();
    assert.equal(app.batches.length, 2);
    assert.deepEqual(app.batches[1], app.batches[0]);
  });
}

test("a batch that is refused is not sent again", async (t) => {
  const { app, ask, pass } = await measuring(t);
  app.collect = () => json({}, 404);
  await ask();
  for (let turn = 0; turn < 3; turn += 1) await pass();
  assert.equal(app.batches.length, 1);
});

test("while a batch is under way no other one begins", async (t) => {
  const { app, ask, pass } = await measuring(t);
  const gates = [];
  app.collect = () => new Promise((resolve) => gates.push(resolve));
  await ask();
  await pass();
  await ask();
  await pass();
  assert.equal(app.batches.length, 1);
  gates[0](json("", 202));
  await new Promise((resolve) => setTimeout(resolve, 5));
  await pass();
  assert.equal(app.batches.length, 2);
});

test("nothing is sent when the token has ended, or when somebody has signed out", async (t) => {
  const ended = await measuring(t, { lasts: 0 });
  await ended.ask();
  await ended.pass();
  assert.deepEqual(ended.app.batches, []);
  t.mock.timers.reset();
  const out = await measuring(t);
  await out.ask();
  out.stop.abort();
  leave("hidden");
  leave("visible");
  await out.pass();
  assert.deepEqual(out.app.batches, []);
  assert.equal(observers.at(-1).options, null);
});
