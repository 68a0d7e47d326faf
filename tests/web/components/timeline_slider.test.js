/** The timeline: two handles, presets, and how many readings lie between. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { shown as drawn, json, until, WEB } from "../surroundings.js";

const { TimelineSlider } = await import(new URL("components/timeline_slider.js", WEB));

const FAILED = () => json({ detail: "the database is away" }, 503);
const RANGES = {
  power: { min: "2022-12-31T23:30:00Z", max: "2024-03-15T10:00:00Z" }, // the first one is January in Berlin
  gas: { min: "2023-06-01T00:00:00Z", max: "2023-08-31T00:00:00Z" },
};

beforeEach(() => mock.timers.enable({ apis: ["Date"], now: Date.parse("2024-03-15T23:30:00Z") }));
afterEach(() => mock.timers.reset());

/** Sixty bars of which three hold readings, or as many as ``counted`` says for one range. */
function timeline(query, { counted = 5, counts = [1, 10, 2], more = {} } = {}) {
  const type = query.get("type");
  const isOne = query.get("buckets") === "1";
  const buckets = isOne ? [{ count: counted }] : Array.from({ length: 60 }, (_, at) => ({ count: counts[at] ?? 0 }));
  const dateRange = isOne ? { min: "1900-01-01T00:00:00Z", max: "2999-01-01T00:00:00Z" } : RANGES[type];
  return { type, sourceVersion: 7, zone: "Europe/Berlin", buckets, maxCount: 10, dateRange, ...more };
}

async function shown({ answer = (query) => json(timeline(query)), ...more } = {}) {
  const asked = [];
  const fetch = async (url) => {
    const query = new URL(url, "http://localhost").searchParams;
    asked.push(Object.fromEntries(query));
    return answer(query);
  };
  const { root, value } = await drawn(TimelineSlider, fetch, more);
  return { root, asked, value };
}

async function loaded(options) {
  const found = await shown(options);
  await until(() => found.root.querySelector(".timeline:not(.skeleton)"));
  return found;
}

const handles = (root) => [...root.querySelectorAll("input[type=range]")];
const spoken = (root) => handles(root).map((handle) => handle.getAttribute("aria-valuetext"));
const textOf = (element) => element.textContent.replaceAll(/\s+/g, " ").trim();
const said = (root) => textOf(root.querySelector(".range-said"));
const status = (root) => textOf(root.querySelector(".range-said [role=status]"));
const preset = (root, name) => [...root.querySelectorAll("button")].find((button) => textOf(button) === name);
const fire = (element, type, more = {}) =>
  element.dispatchEvent(Object.assign(new Event(type, { bubbles: true, cancelable: true }), more));
const settled = () => new Promise((resolve) => setTimeout(resolve, 20));
const selected = ({ selection: { from, to } }) => [from, to];

function drag(handle, ...places) {
  for (const place of places) {
    handle.value = String(place);
    fire(handle, "input");
  }
}

test("at first everything is chosen, from the household's first day to its last", async () => {
  const { root, asked } = await loaded();
  await until(() => status(root));
  assert.deepEqual(asked, [{ type: "power", buckets: "60" }]);
  assert.deepEqual(spoken(root), ["Jan 1, 2023", "Mar 15, 2024"]);
  assert.equal(status(root), "Jan 1, 2023 to Mar 15, 2024: 13 readings");
  assert.deepEqual(
    handles(root).map((handle) => handle.getAttribute("aria-label")),
    ["From", "To"],
  );
});

test("each bar is as high as its count, and a single reading can be seen", async () => {
  const { root } = await loaded({
    answer: (query) => json(timeline(query, { counts: [1, 0, 100], more: { maxCount: 100 } })),
  });
  const heights = [...root.querySelectorAll("rect:not(.veil)")].map((bar) => Number(bar.getAttribute("height")));
  assert.deepEqual(heights.slice(0, 3), [4, 0, 100]);
});

test("while a handle is dragged it says the dates; when released it chooses them", async () => {
  const { root, asked, value } = await loaded();
  const [from, to] = handles(root);
  drag(from, 10, 31);
  await until(() => said(root) === "Feb 1, 2023 to Mar 15, 2024");
  assert.equal(from.getAttribute("aria-valuetext"), "Feb 1, 2023");
  assert.deepEqual(selected(value), [null, null]);
  fire(from, "change");
  await until(() => status(root) === "Feb 1, 2023 to Mar 15, 2024: 5 readings");
  assert.deepEqual(selected(value), ["2023-02-01", null]);
  assert.deepEqual(asked.at(-1), { type: "power", from: "2023-02-01", to: "2999-01-01T23:59:59.999", buckets: "1" });
  drag(to, 58);
  fire(to, "change");
  await until(() => /^Feb 1, 2023 to Feb 28, 2023/.test(status(root)));
  assert.deepEqual(selected(value), ["2023-02-01", "2023-02-28"]);
  assert.equal(asked.filter(({ buckets }) => buckets === "60").length, 1, "the bars are not loaded again");
});

test("a handle does not pass the other one", async () => {
  const selection = { meter: "power", from: "2023-02-01", to: "2023-02-28" };
  const { root, value } = await loaded({ selection });
  const [from, to] = handles(root);
  drag(from, 400);
  assert.equal(from.value, "58");
  fire(from, "change");
  await until(() => value.selection.from === "2023-02-28");
  drag(to, 0);
  assert.equal(to.value, "58");
  fire(to, "change");
  await settled();
  assert.deepEqual(selected(value), ["2023-02-28", "2023-02-28"]);
});

test("at the ends of the line the range is open", async () => {
  const selection = { meter: "power", from: "2023-02-01", to: "2023-02-28" };
  const { root, value } = await loaded({ selection });
  const [from, to] = handles(root);
  drag(from, 0);
  fire(from, "change");
  await until(() => value.selection.from === null);
  drag(to, 439);
  fire(to, "change");
  await until(() => value.selection.to === null);
  assert.equal(to.getAttribute("max"), "439");
});

test("a key that is held moves the handle, and chooses when it is let go", async () => {
  const { root, value } = await loaded();
  const changes = [];
  const select = value.select;
  value.select = (change) => {
    changes.push(change);
    select(change);
  };
  value.select({});
  await settled();
  const [from] = handles(root);
  changes.length = 0;
  for (const place of [1, 2, 3]) {
    fire(from, "keydown", { key: "ArrowRight" });
    drag(from, place);
    fire(from, "change");
  }
  await settled();
  assert.deepEqual(changes, []);
  fire(from, "keyup", { key: "ArrowRight" });
  await until(() => changes.length);
  assert.deepEqual(changes, [{ from: "2023-01-04" }]);
});

test("after a key was let go, the pointer works as before", async () => {
  const { root, value } = await loaded();
  const [from] = handles(root);
  fire(from, "keydown", { key: "ArrowRight" });
  fire(from, "keyup", { key: "ArrowRight" });
  drag(from, 31);
  fire(from, "change");
  await until(() => value.selection.from === "2023-02-01");
});

test("going on by the tab key chooses nothing, wherever the range lies", async () => {
  const changes = [];
  const { root } = await loaded({
    selection: { meter: "gas", from: "2025-01-01", to: "2025-12-31" },
    select: (change) => changes.push(change),
  });
  for (const handle of handles(root)) {
    fire(handle, "keydown", { key: "Tab" });
    fire(handle, "blur");
  }
  await settled();
  assert.deepEqual(changes, []);
});

const PAGES = [
  ["from", "PageUp", "2023-02-10", "2023-03-01"],
  ["from", "PageDown", "2023-02-10", "2023-02-01"],
  ["from", "PageDown", "2023-02-01", null],
  ["from", "PageUp", "2023-12-01", "2024-01-01"],
  ["to", "PageUp", "2023-02-10", "2023-02-28"],
  ["to", "PageUp", "2023-02-28", "2023-03-31"],
  ["to", "PageDown", "2023-03-31", "2023-02-28"],
  ["to", "PageDown", "2023-03-30", "2023-02-28"],
  ["to", "PageUp", "2024-01-31", "2024-02-29"],
  ["to", "PageUp", "2024-03-01", null],
];
for (const [end, key, before, after] of PAGES) {
  test(`${key} leads the ${end} handle from ${before} to ${after ?? "the end of the line"}`, async () => {
    const selection = { meter: "power", from: null, to: null, [end]: before };
    const { root, value } = await loaded({ selection });
    const handle = handles(root)[end === "from" ? 0 : 1];
    const press = Object.assign(new Event("keydown", { bubbles: true, cancelable: true }), { key });
    handle.dispatchEvent(press);
    assert.ok(press.defaultPrevented);
    fire(handle, "keyup", { key });
    await until(() => value.selection[end] === after);
  });
}

const PRESETS = [
  ["This year", "2024-01-01", "2024-12-31"],
  ["Last 12 months", "2023-04-01", "2024-03-31"],
  ["All", null, null],
];
for (const [name, from, to] of PRESETS) {
  test(`a button chooses: ${name}`, async () => {
    const { root, value } = await loaded({ selection: { meter: "power", from: "2023-02-02", to: null } });
    assert.ok([...root.querySelectorAll("[aria-pressed=true]")].length === 0);
    preset(root, name).click();
    await until(() => preset(root, name).getAttribute("aria-pressed") === "true");
    assert.deepEqual(selected(value), [from, to]);
    assert.equal(root.querySelectorAll("[aria-pressed=true]").length, 1);
  });
}

test("this year is the household's, not the browser's and not Greenwich's", async () => {
  mock.timers.setTime(Date.parse("2024-12-31T23:30:00Z"));
  const { root, value } = await loaded();
  preset(root, "This year").click();
  await until(() => value.selection.from);
  assert.deepEqual(selected(value), ["2025-01-01", "2025-12-31"]);
});

test("another meter keeps the range, and its handles stay on its line", async () => {
  const selection = { meter: "power", from: "2023-02-01", to: "2024-02-01" };
  const { root, value, asked } = await loaded({ selection });
  await until(() => status(root));
  value.select({ meter: "gas" });
  await until(() => root.querySelector(".timeline.gas") && status(root));
  assert.deepEqual(selected(value), ["2023-02-01", "2024-02-01"]);
  const [from, to] = handles(root);
  assert.deepEqual([from.value, to.value, to.getAttribute("max")], ["0", "91", "91"]);
  assert.equal(status(root), "Feb 1, 2023 to Feb 1, 2024: 5 readings");
  assert.deepEqual(asked.at(-1).type, "gas");
});

test("a range beside all readings is shown as that", async () => {
  const selection = { meter: "gas", from: "2025-01-01", to: "2025-12-31" };
  const { root } = await loaded({ selection, answer: (query) => json(timeline(query, { counted: 0 })) });
  await until(() => status(root));
  assert.equal(status(root), "Jan 1, 2025 to Dec 31, 2025: 0 readings");
  const [left, right] = root.querySelectorAll(".veil");
  assert.deepEqual([left.getAttribute("width"), right.getAttribute("width")], ["60", "0"]);
  assert.equal(handles(root)[0].className, "above");
});

test("it speaks German, and of one reading as of one", async () => {
  const range = { min: "2024-03-01T10:00:00Z", max: "2024-03-01T10:00:00Z" };
  const one = { counts: [1], more: { maxCount: 1, dateRange: range } };
  const { root } = await loaded({ language: "de", answer: (query) => json(timeline(query, one)) });
  await until(() => status(root));
  assert.equal(status(root), "01.03.2024 bis 01.03.2024: 1 Zählerstand");
  assert.doesNotMatch(root.innerHTML, /NaN|Infinity|undefined/);
});

test("a meter without readings says so", async () => {
  const { root } = await loaded({
    answer: (query) => json(timeline(query, { more: { buckets: [], maxCount: 0, dateRange: null } })),
  });
  assert.equal(textOf(root.querySelector(".timeline")), "No reading yet.");
});

test("while it loads it keeps its place, and offers no handle", async () => {
  const { root } = await shown({ answer: () => new Promise(() => {}) });
  assert.ok(root.querySelector(".timeline.skeleton svg"));
  assert.deepEqual(handles(root), []);
  assert.equal(root.querySelector("section").getAttribute("aria-busy"), "true");
});

test("a failure offers to try again, and that works", async () => {
  let isAway = true;
  const { root } = await shown({ answer: (query) => (isAway ? FAILED() : json(timeline(query))) });
  await until(() => /cannot be shown/.test(textOf(root)));
  isAway = false;
  root.querySelector("[role=status] button").click();
  await until(() => handles(root).length === 2);
});

test("where only the count cannot be had, the range stays and one may try again", async () => {
  let isAway = true;
  const { root } = await loaded({
    selection: { meter: "power", from: "2023-02-01", to: null },
    answer: (query) => (isAway && query.get("buckets") === "1" ? FAILED() : json(timeline(query))),
  });
  await until(() => /may be out of date/.test(textOf(root)));
  assert.equal(said(root), "Feb 1, 2023 to Mar 15, 2024");
  isAway = false;
  root.querySelector("[role=status] button").click();
  await until(() => status(root) === "Feb 1, 2023 to Mar 15, 2024: 5 readings");
});

test("after a write the count is the new one", async () => {
  let counts = [1, 10, 2];
  const { root, value } = await loaded({ answer: (query) => json(timeline(query, { counts })) });
  await until(() => /: 13 readings/.test(status(root)));
  const ask = value.api.fetch;
  value.api.fetch = async (url, options) =>
    options.method === "POST" ? json({ type: "power", sourceVersion: 7 }, 201) : ask(url, options);
  counts = [1, 10, 3];
  await value.api.write("POST", "/components/energy_forms", { json: {} }, (body) => [body]);
  await until(() => /: 14 readings/.test(status(root)));
});
