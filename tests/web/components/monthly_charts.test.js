/** The monthly charts: which months, how they are drawn, and that every figure can be read, heard and pointed at. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { shown as drawn, json, until, WEB } from "../surroundings.js";

const { axisOf, MonthlyCharts, periodOf } = await import(new URL("components/monthly_charts.js", WEB));
const { monthIndex } = await import(new URL("page/formats.js", WEB));
const { WORDS } = await import(new URL("page/words.js", WEB));

const FAILED = () => json({ detail: "the database is away" }, 503);
const NOTHING = { meterReading: null, consumption: null, quality: "none", consumptionQuality: null, flags: [] };

/** An entry of a month: known by a reading at local midnight after it (Berlin, in winter), if nothing else is said. */
function entry(month, changes = {}) {
  const sourceReadings = [{ date: "2024-01-31T23:00:00Z", amount: 1000 }];
  const entry = { month, meterReading: 1000, consumption: 100, quality: "measured", consumptionQuality: "measured" };
  return { ...entry, flags: [], calculationDetails: { sourceReadings }, ...changes };
}

const nothing = (month) => entry(month, { ...NOTHING, calculationDetails: { sourceReadings: [] } });

/** The answer for a year: ``months`` are changes by number of the month; ``rest`` makes the others. */
function year(type, number, months = {}, rest = (month) => entry(month), more = {}) {
  const all = Array.from({ length: 12 }, (_, at) => (months[at + 1] ? entry(at + 1, months[at + 1]) : rest(at + 1)));
  return { type, sourceVersion: 7, zone: "Europe/Berlin", year: number, months: all, ...more };
}

/** Draws the chart; ``answer`` gets type, year and whether it is asked consistently. */
async function shown({
  answer = (type, number) => json(year(type, number)),
  props = { lastDay: "2024-03-31" },
  ...more
}) {
  const asked = [];
  const fetch = async (url) => {
    const query = new URL(url, "http://localhost").searchParams;
    asked.push(`${query.get("type")} ${query.get("year")}${query.get("consistent") ? " consistent" : ""}`);
    return answer(query.get("type"), Number(query.get("year")), query.get("consistent") === "true");
  };
  const { root, value } = await drawn(MonthlyCharts, fetch, { props, ...more });
  return { root, asked, value };
}

async function loaded(options = {}) {
  const found = await shown(options);
  await until(() => found.root.querySelector(".chart:not(.skeleton, .pending)"), "the chart is loaded");
  return found;
}

const radios = (root) => [...root.querySelectorAll(".months input")];
const names = (root) => radios(root).map((radio) => radio.getAttribute("aria-label"));
const bars = (root, kind = "now") => [...root.querySelectorAll(`.drawing .bar.${kind}`)];
const number = (element, name) => Number.parseFloat(element.getAttribute(name));
const textOf = (element) => element.textContent.replaceAll(/\s+/g, " ").trim();
const facts = (root) => [...root.querySelectorAll(".month-facts p")].map(textOf);
const caption = (root) => textOf(root.querySelector("figcaption span"));
const button = (root, name) => root.querySelector(`button[aria-label="${name}"]`);
const fire = (element, type, more = {}) =>
  element.dispatchEvent(Object.assign(new Event(type, { bubbles: true }), more));

const months = (first, last) => ({ first: monthIndex(first), count: monthIndex(last) - monthIndex(first) + 1 });
const LATEST = "2024-03-31";
const PERIODS = [
  ["all there is: the year of the last reading", { from: null, to: null }, null, "2024-01", "2024-12"],
  ["a chosen year", { from: null, to: null }, 2011, "2011-01", "2011-12"],
  ["twelve months over two years", { from: "2023-04-01", to: "2024-03-31" }, null, "2023-04", "2024-03"],
  ["twelve months, whatever year was chosen", { from: "2023-04-01", to: "2024-03-31" }, 2011, "2023-04", "2024-03"],
  ["part of one month", { from: "2024-02-10", to: "2024-02-10" }, null, "2024-02", "2024-02"],
  ["thirteen months: the latest year", { from: "2023-03-31", to: "2024-03-01" }, null, "2024-01", "2024-12"],
  ["a choice before the range: its first year", { from: "2021-03-01", to: "2024-03-01" }, 2011, "2021-01", "2021-12"],
  ["a choice behind the range: its last year", { from: "2019-03-01", to: "2021-03-01" }, 2024, "2021-01", "2021-12"],
  ["the last year of a range before the last reading", { from: null, to: "2021-03-01" }, null, "2021-01", "2021-12"],
  ["an open end reaches to the last reading", { from: "2023-10-15", to: null }, null, "2023-10", "2024-03"],
  ["a range behind the last reading", { from: "2025-10-15", to: null }, null, "2025-10", "2025-10"],
];
for (const [what, selection, chosen, first, last] of PERIODS) {
  test(`the months shown: ${what}`, () => {
    const { years, ...period } = periodOf(selection, chosen, LATEST);
    assert.deepEqual(period, months(first, last));
    assert.equal(years === null, /month|open|behind the last reading/.test(what) && !/thirteen/.test(what));
  });
}

const SCALES = [
  [[0, 340.5], [0, 100, 200, 300, 400], 0],
  [[0, 1], [0, 0.2, 0.4, 0.6, 0.8, 1], 1],
  [[0, -35, 20], [-40, -20, 0, 20], 0],
  [[0, 0.043], [0, 0.01, 0.02, 0.03, 0.04, 0.05], 2],
  [[0, 12_345_678], [0, 5_000_000, 10_000_000, 15_000_000], 0],
  [[0], [0, 1], 0],
  [[0, null], [0, 1], 0],
  [[], [0, 1], 0],
  [[51_000, 51_000], [51_000, 51_001], 0],
  [[31_874, 41_241], [30_000, 32_000, 34_000, 36_000, 38_000, 40_000, 42_000], 0],
];
for (const [values, ticks, digits] of SCALES) {
  test(`a scale for ${JSON.stringify(values)} has round numbers`, () => {
    const axis = axisOf(values);
    assert.deepEqual(
      axis.ticks.map((tick) => Math.round(tick * 1e6) / 1e6),
      ticks,
    );
    assert.equal(axis.digits, digits);
    assert.deepEqual([axis.y(axis.ticks[0]), axis.y(axis.ticks[axis.ticks.length - 1])], [100, 0]);
  });
}

test("whatever the values, they lie on their scale", () => {
  for (let turn = 0; turn < 500; turn += 1) {
    const size = 10 ** (turn % 12) / 1000;
    const values = [0, Math.sin(turn) * size, Math.cos(turn * 7) * size];
    const axis = axisOf(values);
    assert.ok(axis.ticks.length >= 2 && axis.ticks.length <= 8, `${values}: ${axis.ticks}`);
    for (const value of values) assert.ok(axis.y(value) >= -1e-6 && axis.y(value) <= 100 + 1e-6, `${values}`);
  }
});

test("a year is drawn beside the year before, and each bar says everything", async () => {
  const { root, asked } = await loaded({
    answer: (type, number) =>
      json(
        year(type, number, {
          1: { consumption: number === 2024 ? 310.54 : 250, meterReading: number + 0.125 },
          2: {
            consumption: number === 2024 ? 90 : 100,
            consumptionQuality: "interpolated",
            quality: "interpolated",
            meterReading: 3000,
            flags: ["exchange", "dip"],
            calculationDetails: {
              sourceReadings: [
                { date: "2024-02-27T07:15:00Z", amount: 2990.5 },
                { date: "2024-03-03T23:00:00Z", amount: 3010 },
              ],
            },
          },
        }),
      ),
  });
  assert.deepEqual(asked, ["power 2023", "power 2024"]);
  assert.equal(caption(root), "Electricity in 2024, beside 2023");
  assert.equal(bars(root).length, 12);
  assert.equal(bars(root, "before").length, 12);
  assert.deepEqual(names(root)[1].replaceAll("\u00a0", " ").replaceAll("\u202f", " ").split("; "), [
    "February 2024: 90 kWh, between two readings",
    "February 2023: 100 kWh, between two readings",
    "10 kWh less (10%)",
    "At the beginning: 2,024.125 kWh, measured on Feb 1, 2024",
    "At the end: 3,000 kWh, between Feb 27, 2024, 8:15 AM (2,990.5 kWh) and Mar 4, 2024 (3,010 kWh)",
    "The meter was exchanged.",
    "One reading is a little lower than the one before it.",
  ]);
  assert.match(names(root)[0], /310\.5.kWh, measured; January 2023: 250.kWh, measured; 60\.5.kWh more \(24\.2%\)/);
});

test("it speaks German, and gas is counted in m³", async () => {
  const { root } = await loaded({
    language: "de",
    selection: { meter: "gas", from: null, to: null },
    answer: (type, number) => json(year(type, number, { 3: { consumption: number === 2024 ? 1234.5 : 1030 } })),
  });
  assert.equal(caption(root), "Gas 2024, daneben 2023");
  const [march] = names(root).slice(2, 3);
  assert.match(
    march,
    /^März 2024: 1\.234,5\sm³, gemessen; März 2023: 1\.030\sm³, gemessen; 204,5\sm³ mehr \(19,9\s%\)/,
  );
  assert.equal(textOf(root.querySelector(".scale text")), "m³");
  assert.ok([...root.querySelectorAll(".scale text")].some((tick) => tick.textContent === "1.500"));
});

for (const zone of ["Pacific/Kiritimati", "Pacific/Pago_Pago"]) {
  test(`dates are those of the household, with a browser in ${zone}`, async () => {
    const before = process.env.TZ;
    process.env.TZ = zone;
    try {
      const { root } = await loaded();
      assert.match(names(root)[0], /^January 2024: .* At the end: 1,000.kWh, measured on Feb 1, 2024$/);
    } finally {
      process.env.TZ = before ?? "";
    }
  });
}

test("what is not known is no bar, and no zero", async () => {
  const { root } = await loaded({
    answer: (type, number) =>
      json(year(type, number, { 1: { consumption: 0 }, 2: {} }, number === 2024 ? nothing : undefined)),
  });
  assert.equal(bars(root).length, 2);
  assert.equal(root.querySelectorAll(".drawing .missing").length, 10);
  assert.match(names(root)[0], /^January 2024: 0.kWh, measured; January 2023: 0.kWh, measured; the same/);
  assert.match(names(root)[2], /^March 2024: not known; March 2023: 100.kWh/);
  assert.doesNotMatch(names(root)[2], /more|less|the same/);
});

test("nothing to compare with is no difference, and none at zero has no percentage", async () => {
  const { root } = await loaded({
    answer: (type, number) => json(year(type, number, { 1: { consumption: number === 2024 ? 5 : 0 } })),
  });
  assert.match(names(root)[0], /; 5.kWh more; /);
  assert.doesNotMatch(root.innerHTML, /NaN|Infinity|undefined/);
});

test("what was fed in hangs below the axis", async () => {
  const { root } = await loaded({
    answer: (type, number) => json(year(type, number, { 2: { consumption: -50, flags: ["negative"] } })),
  });
  const zero = number(root.querySelector(".zero"), "y1");
  const [january, february] = bars(root);
  assert.ok(Math.abs(number(january, "y") + number(january, "height") - zero) < 0.01);
  assert.equal(number(february, "y"), zero);
  assert.ok(zero < 100);
  assert.match(names(root)[1], /February 2024: -50.kWh.*The meter shows less at the end than at the beginning\./);
});

test("a month's pattern shows how sure it is, and the legend says which is which", async () => {
  const { root } = await loaded({
    answer: (type, number) =>
      json(
        year(type, number, { 2: { consumptionQuality: "interpolated" }, 3: { consumptionQuality: "extrapolated" } }),
      ),
  });
  const fills = bars(root)
    .slice(0, 3)
    .map((bar) => bar.getAttribute("fill"));
  assert.equal(new Set(fills).size, 3);
  for (const fill of fills.slice(1)) assert.ok(root.querySelector(`pattern${fill.match(/#\w+/)[0]}`), fill);
  const legend = [...root.querySelectorAll(".legend li")].map((item) => [
    textOf(item).replace(/^– /, ""),
    item.querySelector("rect")?.getAttribute("fill"),
  ]);
  assert.deepEqual(legend.slice(2), [
    ["measured", fills[0]],
    ["between two readings", fills[1]],
    [WORDS.en.qualities.extrapolated, fills[2]],
    ["not known", undefined],
  ]);
  assert.deepEqual(
    legend.slice(0, 2).map(([text]) => text),
    ["2023", "2024"],
  );
});

test("it begins with this year where nobody knows of a reading: the household's, not the browser's", async () => {
  mock.timers.enable({ apis: ["Date"], now: Date.parse("2023-12-31T23:30:00Z") });
  try {
    const { root, asked } = await loaded({ props: {} });
    await until(() => caption(root) === "Electricity in 2024, beside 2023");
    assert.deepEqual(asked.slice(-2), ["power 2023", "power 2024"]);
  } finally {
    mock.timers.reset();
  }
});

test("one goes from year to year by buttons and by typing, and nothing but a year is taken", async () => {
  const { root, asked } = await loaded();
  button(root, "Previous year").click();
  await until(() => caption(root) === "Electricity in 2023, beside 2022");
  button(root, "Next year").click();
  await until(() => caption(root) === "Electricity in 2024, beside 2023");
  const field = root.querySelector("input[type=number]");
  field.value = "2019";
  fire(field, "change");
  await until(() => caption(root) === "Electricity in 2019, beside 2018");
  const before = asked.length;
  for (const wrong of ["", "20190"]) {
    field.value = wrong;
    fire(field, "change");
    assert.equal(field.value, "2019");
  }
  assert.equal(asked.length, before);
});

test("there is no way before the first year, nor beyond what the last reading reaches", async () => {
  const { root } = await loaded({
    answer: (type, number) => json(year(type, number, {}, number >= 2024 ? undefined : nothing)),
    props: { lastDay: "2024-09-30" },
  });
  assert.equal(button(root, "Previous year").disabled, true);
  assert.equal(button(root, "Next year").disabled, true);
});

test("a range ends the years before the last reading does", async () => {
  const { root } = await loaded({ selection: { meter: "power", from: "2020-01-01", to: "2022-06-30" } });
  assert.equal(caption(root), "Electricity in 2022, beside 2021");
  assert.equal(button(root, "Next year").disabled, true);
});

test("who goes back in haste is not held up by a year that is still loading", async () => {
  const { root } = await loaded({
    answer: (type, number) => (number < 2023 ? new Promise(() => {}) : json(year(type, number))),
  });
  button(root, "Previous year").click();
  await until(() => root.querySelector(".chart.pending"));
  assert.equal(button(root, "Previous year").disabled, false);
});

test("an estimate may reach into the next year", async () => {
  const { root } = await loaded({ props: { lastDay: "2024-10-01" } });
  assert.equal(button(root, "Previous year").disabled, false);
  assert.equal(button(root, "Next year").disabled, false);
});

test("months outside of the selection keep their place, without a bar", async () => {
  const selection = { meter: "power", from: "2022-05-20", to: "2024-03-02" };
  const { root } = await loaded({ selection });
  assert.equal(bars(root).length, 3);
  assert.equal(bars(root, "before").length, 3);
  assert.equal(root.querySelector(".months").querySelectorAll("input, span").length, 12);
  assert.deepEqual(
    names(root).map((name) => name.split(":")[0]),
    ["January 2024", "February 2024", "March 2024"],
  );
  assert.equal(button(root, "Next year").disabled, true);
  button(root, "Previous year").click();
  await until(() => bars(root).length === 12);
  button(root, "Previous year").click();
  await until(() => bars(root).length === 8);
  assert.equal(button(root, "Previous year").disabled, true);
});

test("up to twelve months are shown one by one, over a New Year too", async () => {
  const selection = { meter: "power", from: "2023-04-01", to: "2024-03-31" };
  const { root, asked } = await loaded({ selection });
  assert.deepEqual(asked, ["power 2022", "power 2023", "power 2024"]);
  assert.equal(caption(root), "Electricity, April 2023 to March 2024, beside the same months a year before");
  assert.deepEqual(
    [names(root)[0], names(root)[8], names(root)[9]].map((name) =>
      name.split(/[:;] /).filter((part) => /^\w+ 20/.test(part)),
    ),
    [
      ["April 2023", "April 2022"],
      ["December 2023", "December 2022"],
      ["January 2024", "January 2023"],
    ],
  );
  assert.ok(root.querySelector(".year-choice.absent"), "there is no year to choose");
});

test("a single month is named once", async () => {
  const { root, asked } = await loaded({ selection: { meter: "power", from: "2024-02-10", to: "2024-02-29" } });
  assert.deepEqual(asked, ["power 2023", "power 2024"]);
  assert.equal(caption(root), "Electricity in February 2024, beside February 2023");
  assert.deepEqual([...root.querySelectorAll(".legend li")].slice(0, 2).map(textOf), [
    "February 2023",
    "February 2024",
  ]);
  assert.ok(number(bars(root)[0], "width") <= 6, "a single bar is no wall");
});

test("arrows, Home and End lead from month to month, and no further", async () => {
  const { root } = await loaded();
  const press = (key) => fire(root.querySelector(".months"), "keydown", { key });
  const chosen = () => radios(root).findIndex((radio) => radio.checked);
  assert.equal(chosen(), 11, "the last month that is known");
  press("Home");
  await until(() => chosen() === 0);
  press("ArrowLeft");
  press("ArrowRight");
  await until(() => chosen() === 1);
  assert.equal(document.activeElement, radios(root)[1]);
  press("End");
  await until(() => chosen() === 11);
  press("ArrowDown");
  press("ArrowUp");
  await until(() => chosen() === 10);
  assert.match(facts(root)[0], /November 2024/);
});

test("a key counts from the month that was chosen, and the pointer that rests elsewhere does not matter", async () => {
  const { root } = await loaded();
  fire(radios(root)[3], "pointerenter", { pointerType: "mouse" });
  await until(() => facts(root)[0] === "April 2024");
  assert.ok(radios(root)[11].checked);
  fire(root.querySelector(".months"), "keydown", { key: "ArrowLeft" });
  await until(() => facts(root)[0] === "November 2024");
});

test("all months are one stop of the tab key", async () => {
  const { root } = await loaded();
  assert.equal(new Set(radios(root).map((radio) => radio.name)).size, 1);
  assert.equal(radios(root).filter((radio) => radio.checked).length, 1);
});

test("a month that is pointed at shows what it says, until the pointer leaves", async () => {
  const { root } = await loaded();
  fire(radios(root)[3], "pointerenter", { pointerType: "mouse" });
  await until(() => facts(root)[0] === "April 2024");
  fire(root.querySelector(".months"), "mouseleave");
  await until(() => facts(root)[0] === "December 2024");
  fire(radios(root)[3], "pointerenter", { pointerType: "touch" });
  radios(root)[4].click();
  await until(() => facts(root)[0] === "May 2024");
});

test("the screen shows what a screen reader says", async () => {
  const { root } = await loaded({
    answer: (type, number) =>
      json(year(type, number, { 12: { flags: ["reset", "rollover"], consumptionQuality: "extrapolated" } })),
  });
  radios(root)[11].click();
  await until(() => facts(root)[0] === "December 2024");
  const seen = facts(root).join(" ");
  for (const part of names(root)[11].split(/[;:,] /)) assert.ok(seen.includes(part.replaceAll(/\s/g, " ")), part);
});

test("at first it shows the last month that is more than an estimate", async () => {
  const { root } = await loaded({
    answer: (type, number) =>
      json(
        year(type, number, { 3: {}, 4: { consumptionQuality: "extrapolated" } }, number === 2024 ? nothing : undefined),
      ),
  });
  assert.equal(facts(root)[0], "March 2024");
});

test("the table says what the chart says", async () => {
  const { root } = await loaded({
    answer: (type, number) =>
      json(year(type, number, { 2: { consumption: 80 + (number - 2023), flags: ["exchange"] }, 5: NOTHING })),
  });
  const details = root.querySelector("details");
  assert.equal(root.querySelector("table"), null);
  details.open = true;
  fire(details, "toggle");
  await until(() => root.querySelector("table"));
  const rows = [...root.querySelectorAll("tbody tr")].map((row) => [...row.children].map(textOf));
  assert.equal(rows.length, 12);
  const heads = [...root.querySelectorAll("thead th")].map(textOf);
  assert.ok(rows.every((row) => row.length === heads.length));
  for (const [at, [month, used, before, difference, , notes]] of rows.entries()) {
    const name = names(root)[at].replaceAll(/\s/g, " ");
    const said = (text) => text.replace(/ (measured|between|estimated)/, ", $1");
    assert.ok(name.startsWith(`${month}: ${said(used)}; `), name);
    assert.ok(name.includes(`: ${said(before)}; ${difference}`), name);
    assert.ok(name.endsWith(notes), name);
  }
  assert.equal(rows[4][1], "not known");
  const region = root.querySelector("[role=region]");
  assert.deepEqual([region.getAttribute("tabindex"), region.getAttribute("aria-label")], ["0", "As a table"]);
});

test("the register is drawn as a line when somebody asks for it, with gaps where it is not known", async () => {
  const { root } = await loaded({
    answer: (type, number) =>
      json(year(type, number, { 5: NOTHING, 6: { meterReading: 2000, quality: "interpolated" } })),
  });
  assert.equal(root.querySelectorAll(".plot .register").length, 0);
  assert.equal(root.querySelectorAll(".scale").length, 1);
  root.querySelector("input[type=checkbox]").click();
  await until(() => root.querySelector(".plot .register"));
  assert.equal(root.querySelectorAll(".plot circle.register").length, 12, "thirteen month ends, one not known");
  assert.equal(root.querySelectorAll(".plot line.register").length, 10);
  assert.equal(root.querySelectorAll(".plot circle.register.interpolated").length, 1);
  assert.equal(root.querySelectorAll(".scale").length, 2);
  assert.ok(textOf(root.querySelector(".legend")).includes("meter reading at the end of a month"));
});

test("both years are of one version: the older answer is asked for again", async () => {
  const versions = { 2023: 7, 2024: 8 };
  const { asked } = await loaded({
    answer: (type, number, consistent) =>
      json(year(type, number, {}, undefined, { sourceVersion: consistent ? 8 : versions[number] })),
  });
  assert.deepEqual(asked, ["power 2023", "power 2024", "power 2023 consistent"]);
});

test("after a write it shows the new figures at once", async () => {
  let consumption = 100;
  const { root, value, asked } = await loaded({
    answer: (type, number) => json(year(type, number, { 1: { consumption } })),
  });
  value.api.fetch = (
    (ask) => async (url, options) =>
      options.method === "POST" ? json({ type: "power", sourceVersion: 7 }, 201) : ask(url, options)
  )(value.api.fetch);
  consumption = 150;
  await value.api.write("POST", "/components/energy_forms", { json: {} }, (body) => [body]);
  await until(() => /^January 2024: 150/.test(names(root)[0]));
  assert.deepEqual(asked.slice(-2), ["power 2023 consistent", "power 2024 consistent"]);
});

test("while it loads, everything has its place", async () => {
  const { root } = await shown({ answer: () => new Promise(() => {}) });
  assert.equal(root.querySelector("section").getAttribute("aria-busy"), "true");
  assert.ok(root.querySelector(".chart.skeleton .month-facts"));
  assert.equal(root.querySelectorAll(".legend li").length, 6);
  assert.ok(root.querySelector("details"));
});

test("a failure offers to try again, and that works", async () => {
  let isAway = true;
  const { root } = await shown({ answer: (type, number) => (isAway ? FAILED() : json(year(type, number))) });
  await until(() => /cannot be shown/.test(textOf(root)));
  assert.equal(root.querySelector(".chart"), null);
  isAway = false;
  root.querySelector("[role=status] button").click();
  await until(() => bars(root).length === 12);
});

test("where another year cannot be loaded, the chart says which year it still shows", async () => {
  const { root } = await loaded({ answer: (type, number) => (number < 2023 ? FAILED() : json(year(type, number))) });
  button(root, "Previous year").click();
  await until(() => /may be out of date/.test(textOf(root.querySelector("[role=status]"))));
  assert.equal(caption(root), "Electricity in 2024, beside 2023");
  assert.ok(root.querySelector(".chart.pending"));
  assert.equal(root.querySelector("input[type=number]").value, "2023");
});

test("another meter is drawn as itself, in its own unit", async () => {
  const { root, value } = await loaded();
  value.select({ meter: "gas" });
  await until(() => caption(root) === "Gas in 2024, beside 2023" && /m³/.test(names(root)[0]));
  assert.ok(root.querySelector(".chart.gas"));
});

test("where nothing is known at all, it says so", async () => {
  const { root } = await loaded({ answer: (type, number) => json(year(type, number, {}, nothing)) });
  assert.match(textOf(root.querySelector(".plot")), /Nothing is known about these months\./);
  assert.equal(bars(root).length, 0);
  assert.doesNotMatch(root.innerHTML, /NaN|Infinity|undefined/);
  assert.equal(root.querySelector("[style]"), null);
});

test("a year that is being typed outlives what is drawn meanwhile", async () => {
  const { root, value } = await loaded();
  const field = root.querySelector("input[type=number]");
  field.value = "2022";
  field.dispatchEvent(new Event("input", { bubbles: true }));
  value.select({});
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(field.value, "2022");
  field.dispatchEvent(new Event("change", { bubbles: true }));
  await until(() => caption(root) === "Electricity in 2022, beside 2021");
});
