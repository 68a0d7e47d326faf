/** The view of the meters: zone, registers, and exchanges with what is asked back about them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { json, shown, until, WEB } from "../surroundings.js";

const { MeterSettings } = await import(new URL("meters/meter_settings.js", WEB));
const { Drafts } = await import(new URL("page/component.js", WEB));
const { METER_WORDS } = await import(new URL("meters/meter_words.js", WEB));
const { FORM_WORDS } = await import(new URL("components/form_words.js", WEB));
const { WORDS } = await import(new URL("page/words.js", WEB));

const EN = METER_WORDS.en;
const SETTINGS = {
  zone: "Europe/Berlin",
  moduli: { power: 100000, gas: null },
  runsBackwards: { power: false, gas: false },
};
const EXCHANGE = {
  id: "x/1",
  type: "power",
  date: "2023-03-19T23:00:00.000Z",
  finalOld: 45678.5,
  initialNew: 3,
  revision: 2,
};
const CHANGED = { meters: [{ type: "power", sourceVersion: 4 }] };

async function drawn({ answers = [], exchanges = [EXCHANGE], settings = SETTINGS, ...more } = {}) {
  const app = { exchanges, settings, writes: [], loads: 0 };
  const fetch = async (url, { method, body, headers }) => {
    const [path, query] = url.split("?");
    if (method === "GET" && path === "/v2/settings") {
      app.loads += 1;
      return json(app.settings);
    }
    if (method === "GET") return json({ exchanges: query === "type=power" ? app.exchanges : [] });
    app.writes.push({ method, path, json: body && JSON.parse(body), match: headers["If-Match"] });
    return answers.shift();
  };
  const { root, value } = await shown(MeterSettings, fetch, more);
  await until(() => root.querySelector("form.settings"), "it is loaded");
  return { root, value, app };
}

const removed = () => new Response(null, { status: 204, headers: { "X-Source-Version": "8" } });
const recorded = () => json({ exchange: EXCHANGE, meter: { type: "power", sourceVersion: 5 } }, 201);
const plain = (text) => text.replaceAll(/[\s\u00a0\u202f]+/g, " ").trim();
const saying = (root, text) => () => plain(root.textContent).includes(text);
const button = (root, name) =>
  [...root.querySelectorAll("button")].find((each) => plain(each.textContent).startsWith(name));
const isFocused = (element) => () => document.activeElement === element();
const exchangeForm = (root) => root.querySelector("form.reading");
const field = (root, name) => exchangeForm(root)?.querySelector(`[name=${name}]`);
const submit = (form) => form.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));

function choose(control, value) {
  control.value = value;
  control.dispatchEvent(new Event("change", { bubbles: true }));
}

async function type(root, values) {
  for (const [name, text] of Object.entries(values)) {
    field(root, name).value = text;
    field(root, name).dispatchEvent(new Event("input", { bubbles: true }));
    await until(() => field(root, name).value === text);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test("it shows what is set, and explains each with an example", async () => {
  const { root } = await drawn();
  assert.equal(root.querySelector("[name=zone]").value, "Europe/Berlin");
  assert.equal(root.querySelector("[name=digits-power]").value, "100000");
  assert.equal(root.querySelector("[name=digits-gas]").value, "");
  assert.equal(root.querySelector("[name=backwards-power]").checked, false);
  for (const text of [EN.zoneExplained, EN.digitsExplained, EN.backwardsExplained, EN.exchangeExplained]) {
    assert.ok(saying(root, text)());
  }
});

test("only what was changed is sent, beside the zone", async () => {
  const { root, app, value } = await drawn({ answers: [json(CHANGED)] });
  const told = [];
  value.api.onWritten((written) => told.push(...written));
  choose(root.querySelector("[name=digits-gas]"), "10000");
  await until(() => value.drafts.kept.settings?.moduli.gas === 10000);
  await until(() => root.querySelector("[name=digits-gas]").value === "10000");
  submit(root.querySelector("form.settings"));
  await until(saying(root, EN.saved));
  assert.deepEqual(app.writes, [
    {
      method: "PUT",
      path: "/v2/settings",
      json: { zone: "Europe/Berlin", moduli: { gas: 10000 }, runsBackwards: {} },
      match: undefined,
    },
  ]);
  assert.deepEqual(told, ["power"]);
  assert.equal(value.drafts.has("settings"), false);
  await until(() => app.loads === 2);
});

test("zone, unknown digits and running backwards", async () => {
  const { root, app } = await drawn({ answers: [json(CHANGED)] });
  choose(root.querySelector("[name=zone]"), "Europe/London");
  await until(() => root.querySelector("[name=zone]").value === "Europe/London");
  choose(root.querySelector("[name=digits-power]"), "");
  await new Promise((resolve) => setTimeout(resolve, 10));
  root.querySelector("[name=backwards-power]").click();
  await new Promise((resolve) => setTimeout(resolve, 10));
  submit(root.querySelector("form.settings"));
  await until(() => app.writes.length);
  assert.deepEqual(app.writes[0].json, {
    zone: "Europe/London",
    moduli: { power: null },
    runsBackwards: { power: true },
  });
});

test("a register that is too small is refused in the page's words", async () => {
  const refused = json({ detail: "is not above", errors: [{ where: "moduli.power", reason: "is not above" }] }, 422);
  const { root } = await drawn({ answers: [refused] });
  submit(root.querySelector("form.settings"));
  await until(saying(root, FORM_WORDS.en.refused.moduli));
  assert.doesNotMatch(root.textContent, /is not above/);
});

test("a register that starts again at another number keeps it", async () => {
  const { root } = await drawn({ settings: { ...SETTINGS, moduli: { power: 80000, gas: null } } });
  assert.equal(root.querySelector("[name=digits-power]").value, "80000");
  assert.ok(saying(root, "begins again at 80000")());
});

test("what was typed of the settings outlives the view", async () => {
  const drafts = new Drafts({ settings: { ...SETTINGS, zone: "Asia/Tokyo" } });
  const { root } = await drawn({ drafts });
  assert.equal(root.querySelector("[name=zone]").value, "Asia/Tokyo");
});

test("exchanges are listed in the user's zone, a day without a time as a day", async () => {
  const timed = { ...EXCHANGE, id: "x2", date: "2023-05-01T08:30:00.000Z" };
  const { root } = await drawn({ exchanges: [EXCHANGE, timed] });
  const items = [...root.querySelectorAll("li > span:first-child")].map((item) => plain(item.textContent));
  assert.deepEqual(items, [
    "Mar 20, 2023: the old meter ended at 45,678.5 kWh, the new one began at 3 kWh",
    "May 1, 2023, 10:30 AM: the old meter ended at 45,678.5 kWh, the new one began at 3 kWh",
  ]);
  assert.ok(saying(root, EN.none)(), "gas has none");
});

test("an exchange is added, by its day where there is no time", async () => {
  const { root, app } = await drawn({ answers: [recorded()], language: "de" });
  button(root, METER_WORDS.de.add).click();
  await until(() => exchangeForm(root));
  await until(isFocused(() => field(root, "date")));
  assert.equal(field(root, "initialNew").value, "0");
  await type(root, { date: "2023-03-20", finalOld: "45.678,5" });
  await until(saying(root, "= 45 678,5 kWh"));
  submit(exchangeForm(root));
  await until(saying(root, METER_WORDS.de.exchangeSaved));
  assert.deepEqual(app.writes, [
    {
      method: "POST",
      path: "/v2/exchanges",
      json: { type: "power", date: "2023-03-20", finalOld: 45678.5, initialNew: 0 },
      match: undefined,
    },
  ]);
  await until(() => !exchangeForm(root));
  await until(() => app.loads === 2, "it loads again");
});

test("what is missing is asked for and not sent", async () => {
  const { root, app } = await drawn();
  button(root, EN.add).click();
  await until(() => exchangeForm(root));
  submit(exchangeForm(root));
  await until(saying(root, FORM_WORDS.en.missing.date));
  await type(root, { date: "2023-03-20" });
  submit(exchangeForm(root));
  await until(saying(root, "Please type a number"));
  assert.deepEqual(app.writes, []);
});

async function correcting(...answers) {
  const { root, app, value } = await drawn({ answers });
  button(root, WORDS.en.table.edit).click();
  await until(() => exchangeForm(root));
  submit(exchangeForm(root));
  return { root, app, value };
}

test("an exchange is corrected, only as it was seen", async () => {
  const { root, app } = await correcting(recorded());
  await until(saying(root, EN.exchangeSaved));
  assert.deepEqual(app.writes, [
    {
      method: "PUT",
      path: "/v2/exchanges/x%2F1",
      json: { date: "2023-03-20", finalOld: 45678.5, initialNew: 3 },
      match: '"2"',
    },
  ]);
});

const question = (details, where = "finalOld", code = "LOWER_THAN_PREVIOUS") => {
  const given = { amount: 45678.5, date: "2023-03-19T23:00:00.000Z" };
  const previous = { amount: 46000, date: "2023-03-10T23:00:00.000Z" };
  const all = { given, previous, next: null, usualPerDay: 50, suggestion: null, exchangeWithoutTime: null, ...details };
  return json({ detail: "in English", code, errors: [{ where, reason: "in English" }], details: all }, 422);
};

test("what hardly fits is asked back, and may be so", async () => {
  const { root, app } = await correcting(question({}), recorded());
  await until(saying(root, "45,678.5 kWh is less than the 46,000 kWh of Mar 11, 2023, 12:00 AM."));
  assert.doesNotMatch(root.textContent, /in English/);
  button(root, FORM_WORDS.en.itIsSo).click();
  await until(() => app.writes.length === 2);
  assert.equal(app.writes[1].json.confirm, true);
});

test("a suggestion is taken for the field that it is about", async () => {
  const suggestion = { amount: 46678.5, digit: "6", added: true };
  const { root, app } = await correcting(question({ suggestion }), recorded());
  await until(() => root.querySelector(".asked"));
  button(root, "Save 46,678.5 kWh instead").click();
  await until(() => app.writes.length === 2);
  assert.deepEqual([app.writes[1].json.finalOld, app.writes[1].json.initialNew], [46678.5, 3]);
});

test("an exchange without a time is given one", async () => {
  const { root } = await correcting(question({ exchangeWithoutTime: EXCHANGE.date }));
  await until(saying(root, "recorded on Mar 20, 2023 without a time"));
  button(root, FORM_WORDS.en.exchangeTime).click();
  await until(isFocused(() => field(root, "time")));
});

const ERASED = { detail: "no", code: "ACCOUNT_ERASED", opensAt: "2024-03-15T11:00:00.000Z" };

test("after an erasure it is said from when on one can start again", async () => {
  const { root } = await correcting(json(ERASED, 409));
  await until(saying(root, "Your data was erased. You can start again from"));
});

for (const [status, text] of [
  [409, EN.taken],
  [412, EN.changed],
  [404, EN.gone],
  [503, FORM_WORDS.en.lost],
]) {
  test(`a correction that ends with ${status} says why and goes on`, async () => {
    const { root, app } = await correcting(json({ detail: "no" }, status), recorded());
    await until(saying(root, text));
    root.querySelector(".asked button").click();
    if (status === 409) await until(isFocused(() => field(root, "date")));
    else if (status === 503) await until(() => app.writes.length === 2);
    else await until(() => app.loads === 2 && !exchangeForm(root));
  });
}

test("an exchange is deleted at once and may be taken back", async () => {
  const { root, app } = await drawn({ answers: [removed(), recorded()] });
  button(root, WORDS.en.table.remove).click();
  await until(saying(root, "Deleted: Mar 20, 2023: the old meter ended at 45,678.5 kWh"));
  assert.deepEqual([app.writes[0].method, app.writes[0].match], ["DELETE", '"2"']);
  await until(isFocused(() => button(root, WORDS.en.table.undo)));
  button(root, WORDS.en.table.undo).click();
  await until(() => app.writes.length === 2);
  const { date, finalOld, initialNew } = EXCHANGE;
  assert.deepEqual(app.writes[1].json, { type: "power", date, finalOld, initialNew, confirm: true });
});

test("a reading that asked for an exchange waits, and the form is filled with what is known", async () => {
  const drafts = new Drafts({
    reading: { type: "power", text: "12", date: null, time: null, second: false, resume: true },
    exchange: { type: "power", date: "2023-02-01", finalOld: "99950" },
  });
  const { root, app } = await drawn({ drafts, answers: [recorded()] });
  assert.deepEqual(
    [field(root, "date").value, field(root, "finalOld").value, field(root, "initialNew").value],
    ["2023-02-01", "99950", "0"],
  );
  assert.ok(saying(root, EN.waiting)());
  assert.equal(root.querySelector("a").getAttribute("href"), "#overview");
  await until(isFocused(() => field(root, "finalOld")));
  submit(exchangeForm(root));
  await until(() => app.writes.length);
  await until(() => !drafts.has("exchange"));
  assert.equal(drafts.kept.reading.text, "12");
});

test("a reading that asked for the time of an exchange leads to it", async () => {
  const { root } = await drawn({ drafts: new Drafts({ exchange: { type: "power", at: EXCHANGE.date } }) });
  assert.equal(field(root, "finalOld").value, "45678.5");
  await until(isFocused(() => field(root, "time")));
});

test("one exchange is typed at a time", async () => {
  const { root } = await drawn();
  button(root, EN.add).click();
  await until(() => root.querySelectorAll("form.reading").length === 1);
  button(root, EN.add).click();
  await until(() => root.querySelector("form.reading.gas"));
  assert.equal(root.querySelectorAll("form.reading").length, 1);
});

test("every control has a name", async () => {
  const { root } = await drawn();
  for (const control of root.querySelectorAll("button, input, select")) {
    assert.ok((control.closest("label") ?? control).textContent.trim());
    assert.equal(control.getAttribute("tabindex"), null);
  }
});
