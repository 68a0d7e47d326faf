/** The table of readings: filter, order, pages, changing in place, deleting and taking that back. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { json, shown, until, WEB } from "../surroundings.js";

const { EnergyTable } = await import(new URL("components/energy_table.js", WEB));
const { FORM_WORDS } = await import(new URL("components/form_words.js", WEB));
const { WORDS } = await import(new URL("page/words.js", WEB));
const { Drafts } = await import(new URL("page/component.js", WEB));
const { Formats } = await import(new URL("page/formats.js", WEB));

const EN = WORDS.en.table;
const FORM = "/components/energy_forms";
const READINGS = [
  { id: "b", type: "power", date: "2024-02-29T22:59:59.999Z", amount: 51234.567, revision: "rb" },
  { id: "a", type: "power", date: "2024-01-31T23:00:00.000Z", amount: 51000, revision: "ra" },
];

/** An application whose table is ``app.readings``; each write is answered with the next of ``answers``. */
async function drawn({ answers = [], readings = READINGS, next = null, ...more } = {}) {
  const app = { readings, next, asked: [], writes: [], status: 200, inTheWay: [READINGS[0]] };
  const fetch = async (url, { method, body, headers }) => {
    const [path, query] = url.split("?");
    if (method === "GET" && path === "/components/energy_table") {
      app.asked.push(Object.fromEntries(new URLSearchParams(query)));
      if (app.status !== 200) return json({ detail: "away" }, app.status);
      const readings = url.includes("to=2024-02-29T") ? app.inTheWay : app.readings;
      return json({ zone: "Europe/Berlin", readings, nextCursor: app.next });
    }
    if (method === "GET") return json({ ...READINGS[0], amount: 51240, revision: "newer" });
    app.writes.push({ method, path, json: body && JSON.parse(body), match: headers["If-Match"] });
    return answers.shift()();
  };
  const { root, value } = await shown(EnergyTable, fetch, more);
  await until(
    () => root.querySelector("tbody td")?.textContent.trim() || root.textContent.includes(EN.empty),
    "it is loaded",
  );
  return { root, value, app };
}

const removed = () => new Response(null, { status: 204, headers: { "X-Source-Version": "8" } });
const recorded = (row) => () => json({ ...row, sourceVersion: 9 }, 200);
const refused = (status) => () => json({ detail: "no" }, status);
const plain = (text) => text.replaceAll(/[\s\u00a0\u202f]+/g, " ").trim();
const rowsOf = (root) =>
  [...root.querySelectorAll("tbody tr")].map((row) =>
    [...row.querySelectorAll("td")].slice(0, 3).map((cell) => plain(cell.textContent)),
  );
const button = (root, name) =>
  [...root.querySelectorAll("button")].find((each) => plain(each.textContent).startsWith(name));
const saying = (root, text) => () => plain(root.textContent).includes(text);
const isFocused = (element) => () => document.activeElement === element();
const last = (list) => list.at(-1);

test("date, meter and amount of each reading, in the user's zone", async () => {
  const { root, app } = await drawn();
  assert.deepEqual(rowsOf(root), [
    ["Feb 29, 2024, 11:59 PM", "Electricity", "51,234.567 kWh"],
    ["Feb 1, 2024, 12:00 AM", "Electricity", "51,000 kWh"],
  ]);
  assert.deepEqual(app.asked, [{ type: "power", sort: "-date", limit: "25" }]);
  assert.equal(root.querySelectorAll("th[scope=col]").length, 4);
  assert.ok(root.querySelector("caption").textContent);
});

test("it speaks German", async () => {
  const { root } = await drawn({ language: "de" });
  assert.deepEqual(rowsOf(root)[0], ["29.02.2024, 23:59", "Strom", "51.234,567 kWh"]);
});

test("the date sorts up and down, and says so", async () => {
  const { root, app } = await drawn();
  assert.equal(root.querySelector("th").getAttribute("aria-sort"), "descending");
  button(root, EN.when).click();
  await until(() => root.querySelector("th").getAttribute("aria-sort") === "ascending");
  await until(() => app.asked.length === 2);
  assert.equal(app.asked[1].sort, "date");
});

test("both meters, or one that chart and timeline follow", async () => {
  const { root, app, value } = await drawn();
  const choose = (type) => {
    const select = root.querySelector("select");
    select.value = type;
    select.dispatchEvent(new Event("change", { bubbles: true }));
  };
  choose("");
  await until(() => app.asked.length === 2);
  assert.equal(last(app.asked).type, undefined);
  assert.equal(value.selection.meter, "power");
  choose("gas");
  await until(() => last(app.asked).type === "gas");
  assert.equal(value.selection.meter, "gas");
});

test("who chooses a meter elsewhere sees it here", async () => {
  const { app, value } = await drawn();
  value.select({ meter: "gas" });
  await until(() => last(app.asked).type === "gas");
});

test("the range is asked for, shown and cleared", async () => {
  const { root, app, value } = await drawn({ selection: { meter: "power", from: "2024-02-01", to: "2024-02-29" } });
  assert.deepEqual([app.asked[0].from, app.asked[0].to], ["2024-02-01", "2024-02-29"]);
  assert.ok(saying(root, "From Feb 1, 2024 to Feb 29, 2024")());
  button(root, EN.all).click();
  await until(() => last(app.asked).from === undefined);
  assert.deepEqual([value.selection.from, value.selection.to], [null, null]);
  await until(() => !saying(root, "From Feb")());
});

const isOff = (control) => control.getAttribute("aria-disabled") === "true";

test("pages go on and back by the cursors gone through, and keep the focus", async () => {
  const { root, app } = await drawn({ next: "c1" });
  assert.ok(isOff(button(root, EN.later)));
  button(root, EN.earlier).click();
  await until(() => last(app.asked).cursor === "c1");
  app.next = null;
  await until(saying(root, "Page 2"));
  assert.ok(!isOff(button(root, EN.later)));
  button(root, EN.later).focus();
  button(root, EN.later).click();
  await until(() => last(app.asked).cursor === undefined && app.asked.length === 3);
  await until(() => isOff(button(root, EN.later)));
  button(root, EN.later).click();
  assert.ok(isFocused(() => button(root, EN.later))());
  assert.ok(saying(root, "Page 1")());
});

test("pressing twice goes one page on", async () => {
  const { root, app } = await drawn({ next: "c1" });
  app.next = null;
  button(root, EN.earlier).click();
  await until(saying(root, "Page 2"));
  button(root, EN.earlier).click();
  await until(() => last(app.asked).cursor === "c1");
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.ok(saying(root, "Page 2")());
});

test("another order begins at the first page", async () => {
  const { root, app } = await drawn({ next: "c1" });
  button(root, EN.earlier).click();
  await until(() => last(app.asked).cursor === "c1");
  button(root, EN.when).click();
  await until(() => last(app.asked).sort === "date" && last(app.asked).cursor === undefined);
  await until(saying(root, "Page 1"));
  assert.equal(app.asked.length, 3, "and nothing is asked with the cursor of the order before");
});

test("a page whose last reading went gives way to the one before", async () => {
  const { root, app } = await drawn({ next: "c1", answers: [removed] });
  button(root, EN.earlier).click();
  await until(() => last(app.asked).cursor === "c1");
  app.readings = [];
  app.next = null;
  button(root, EN.remove).click();
  await until(() => last(app.asked).cursor === undefined && app.asked.length > 3);
});

test("nothing to show is said", async () => {
  const { root } = await drawn({ readings: [] });
  assert.ok(!root.querySelector("table"));
  assert.ok(saying(root, EN.empty)());
});

test("while it loads, its place is kept and nothing is read out", async () => {
  const { root } = await shown(EnergyTable, () => new Promise(() => {}));
  assert.equal(root.querySelectorAll("tbody tr").length, 25);
  assert.equal(root.querySelector("table").getAttribute("aria-hidden"), "true");
  assert.equal(root.querySelector("section").getAttribute("aria-busy"), "true");
});

test("a reading is changed in place: only what was seen, and the date only where it was touched", async () => {
  const { root, app } = await drawn({ answers: [recorded({ ...READINGS[0], amount: 51235, revision: "n" })] });
  button(root, EN.edit).click();
  await until(() => root.querySelector("tbody form"));
  const field = (name) => root.querySelector(`tbody [name=${name}]`);
  await until(isFocused(() => field("amount")));
  assert.deepEqual(
    [field("amount").value, field("date").value, field("time").value],
    ["51234.567", "2024-02-29", "23:59"],
  );
  field("amount").value = "51235";
  field("amount").dispatchEvent(new Event("input", { bubbles: true }));
  await until(saying(root, "= 51 235 kWh"));
  root.querySelector("tbody form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await until(saying(root, "Saved: 51,235 kWh of Feb 29, 2024, 11:59 PM."));
  assert.deepEqual(app.writes, [{ method: "PUT", path: `${FORM}/b`, json: { amount: 51235 }, match: '"rb"' }]);
  await until(() => app.asked.length === 2, "it loads again");
  await until(
    isFocused(() => button(root, EN.edit)),
    "the focus is back",
  );
});

test("another time is sent", async () => {
  const { root, app } = await drawn({ answers: [recorded(READINGS[0])] });
  button(root, EN.edit).click();
  await until(() => root.querySelector("tbody form"));
  const time = root.querySelector("tbody [name=time]");
  time.value = "12:00";
  time.dispatchEvent(new Event("input", { bubbles: true }));
  await until(() => time.value === "12:00");
  root.querySelector("tbody form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await until(() => app.writes.length);
  assert.deepEqual(app.writes[0].json, { amount: 51234.567, date: "2024-02-29T12:00" });
});

async function changing(...answers) {
  const { root, app } = await drawn({ answers });
  button(root, EN.edit).click();
  await until(() => root.querySelector("tbody form"));
  root.querySelector("tbody form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await until(() => root.querySelector(".asked"));
  return { root, app };
}

test("what somebody else changed meanwhile is shown, and mine may still be saved", async () => {
  const { root, app } = await changing(refused(412), recorded(READINGS[0]));
  assert.ok(saying(root, "It is now 51,240 kWh, Feb 29, 2024, 11:59 PM.")());
  button(root, FORM_WORDS.en.mine).click();
  await until(() => app.writes.length === 2);
  assert.equal(app.writes[1].match, '"newer"');
});

test("what is loaded while somebody types is not taken for what they have seen", async () => {
  const { root, app } = await drawn({ answers: [refused(412)] });
  button(root, EN.edit).click();
  await until(() => root.querySelector("tbody form"));
  app.readings = [{ ...READINGS[0], revision: "newer" }, READINGS[1]];
  document.dispatchEvent(new Event("visibilitychange"));
  await until(() => app.asked.length === 2);
  await new Promise((resolve) => setTimeout(resolve, 20));
  root.querySelector("tbody form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await until(() => app.writes.length);
  assert.equal(app.writes[0].match, '"rb"');
});

test("or left so", async () => {
  const { root, app } = await changing(refused(412));
  button(root, FORM_WORDS.en.theirs).click();
  await until(() => !root.querySelector("tbody form") && app.asked.length === 2);
});

test("what is gone may be saved as a new one", async () => {
  const { root, app } = await changing(refused(404), recorded(READINGS[0]));
  button(root, FORM_WORDS.en.asNew).click();
  await until(() => app.writes.length === 2);
  assert.deepEqual([app.writes[1].method, app.writes[1].json.date], ["POST", "2024-02-29T23:59"]);
});

test("a time that is taken leads back to the time", async () => {
  const { root } = await changing(refused(409));
  assert.equal(button(root, FORM_WORDS.en.changeIt), undefined);
  button(root, FORM_WORDS.en.anotherTime).click();
  await until(isFocused(() => root.querySelector("tbody [name=time]")));
});

test("cancelling changes nothing and goes back to where one was", async () => {
  const { root, app } = await drawn();
  button(root, EN.edit).click();
  await until(() => root.querySelector("tbody form"));
  button(root, FORM_WORDS.en.cancel).click();
  await until(isFocused(() => button(root, EN.edit)));
  assert.deepEqual(app.writes, []);
});

const typedInto = (root, name, text) => {
  const field = root.querySelector(`tbody [name=${name}]`);
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
};

const fieldsOf = (root) => ["amount", "date", "time"].map((name) => root.querySelector(`tbody [name=${name}]`)?.value);

const buttons = (root, name) =>
  [...root.querySelectorAll("tbody button")].filter((each) => plain(each.textContent).startsWith(name));

test("what was typed is there again after another row was opened, and is of the reading as it was seen", async () => {
  const { root, app } = await drawn({ answers: [recorded({ ...READINGS[0], amount: 51239.5 })] });
  button(root, EN.edit).click();
  await until(() => root.querySelector("tbody form"));
  typedInto(root, "amount", "51239.5");
  typedInto(root, "date", "2024-02-28");
  await until(saying(root, "= 51 239.5 kWh"));
  buttons(root, EN.edit)[0].click();
  await until(() => fieldsOf(root)[0] === "51000");
  app.readings = [{ ...READINGS[0], revision: "newer" }, READINGS[1]];
  document.dispatchEvent(new Event("visibilitychange"));
  await until(() => app.asked.length === 2);
  button(root, EN.goOn).click();
  await until(() => fieldsOf(root)[0] === "51239.5");
  assert.deepEqual(fieldsOf(root), ["51239.5", "2024-02-28", "23:59"]);
  await until(saying(root, "= 51 239.5 kWh"));
  root.querySelector("tbody form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await until(() => app.writes.length);
  assert.deepEqual([app.writes[0].json, app.writes[0].match], [{ amount: 51239.5, date: "2024-02-28T23:59" }, '"rb"']);
  await until(() => buttons(root, EN.edit).length === 2, "it is kept no longer");
});

test("what was typed comes back by itself after a new sign-in, also of an hour that is there twice", async () => {
  const before = await drawn();
  button(before.root, EN.edit).click();
  await until(() => before.root.querySelector("tbody form"));
  typedInto(before.root, "date", "2024-10-27");
  typedInto(before.root, "time", "02:30");
  await until(() => before.root.querySelectorAll("[name=turn]").length === 2);
  before.root.querySelectorAll("[name=turn]")[1].click();
  typedInto(before.root, "amount", "51240");
  const kept = JSON.parse(JSON.stringify(before.value.drafts.kept));
  const { root } = await drawn({ drafts: new Drafts(kept) });
  await until(() => root.querySelectorAll("[name=turn]")[1]?.checked);
  assert.deepEqual(fieldsOf(root), ["51240", "2024-10-27", "02:30"]);
  button(root, FORM_WORDS.en.cancel).click();
  await until(() => buttons(root, EN.edit).length === 2, "who cancels keeps nothing");
});

test("another language writes the number its own way, and it stays the same", async () => {
  const { root, value } = await drawn({ readings: [{ ...READINGS[0], amount: 123.456 }, READINGS[1]] });
  button(root, EN.edit).click();
  await until(() => root.querySelector("tbody form"));
  assert.equal(fieldsOf(root)[0], "123.456");
  Object.assign(value, { words: WORDS.de, formats: new Formats("de") });
  value.select({});
  await until(() => fieldsOf(root)[0] === "123,456");
  await until(saying(root, "= 123,456 kWh"));
});

test("the focus goes to the table where the changed reading is not in it any more", async () => {
  const { root, app } = await drawn({ answers: [recorded(READINGS[0])] });
  button(root, EN.edit).click();
  await until(() => root.querySelector("tbody form"));
  app.readings = [READINGS[1]];
  root.querySelector("tbody form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await until(() => rowsOf(root).length === 1 && !root.querySelector("tbody form"));
  await until(isFocused(() => root.querySelector("[role=region]")));
});

test("the two times of an hour that is there twice can be distinguished", async () => {
  const twice = ["2024-10-27T00:30:00.000Z", "2024-10-27T01:30:00.000Z", "2024-10-27T02:30:00.000Z"];
  const { root } = await drawn({ readings: twice.map((date, at) => ({ ...READINGS[0], id: `${at}`, date })) });
  assert.deepEqual(
    rowsOf(root).map(([moment]) => moment),
    ["Oct 27, 2024, 2:30 AM GMT+2", "Oct 27, 2024, 2:30 AM GMT+1", "Oct 27, 2024, 3:30 AM"],
  );
});

test("a reading is deleted at once and comes back exactly as it was", async () => {
  const { root, app, value } = await drawn({ answers: [removed, recorded(READINGS[0])] });
  const told = [];
  value.api.onWritten((written) => told.push(...written));
  button(root, EN.remove).click();
  await until(saying(root, "Deleted: 51,234.567 kWh of Feb 29, 2024, 11:59 PM."));
  assert.deepEqual(app.writes[0], { method: "DELETE", path: `${FORM}/b`, json: undefined, match: '"rb"' });
  assert.equal(value.api.versions.highest.get("power"), 8);
  await until(
    isFocused(() => button(root, EN.undo)),
    "undo has the focus",
  );
  assert.ok(root.querySelector(".toast").closest("[role=status]"));
  button(root, EN.undo).click();
  await until(saying(root, "Back again: 51,234.567 kWh"));
  assert.deepEqual(app.writes[1].json, { type: "power", date: READINGS[0].date, amount: 51234.567, confirm: true });
  assert.ok(!button(root, EN.undo));
  await until(isFocused(() => root.querySelector("[role=region]")));
  assert.deepEqual(told, ["power", "power"]);
});

test("undo that did not get through may be tried again", async () => {
  const { root } = await drawn({ answers: [removed, refused(503), refused(409)] });
  button(root, EN.remove).click();
  await until(() => button(root, EN.undo));
  button(root, EN.undo).click();
  await until(saying(root, EN.notRestored));
  button(root, EN.undo).click();
  await until(saying(root, "Back again"), "409: it is there");
});

test("undo does not say that it is back while another reading is in its place", async () => {
  const { root, app } = await drawn({ answers: [removed, refused(409)] });
  app.inTheWay = [{ ...READINGS[0], amount: 7 }];
  button(root, EN.remove).click();
  await until(() => button(root, EN.undo));
  button(root, EN.undo).click();
  await until(saying(root, "51,234.567 kWh of Feb 29, 2024, 11:59 PM was not brought back: a reading of 7 kWh is"));
  assert.ok(!saying(root, "Back again")());
});

/** What waits for ten seconds waits until ``pass`` is called; everything else goes on. */
function patient(context) {
  const [set, clear] = [setTimeout, clearTimeout];
  const waiting = new Map();
  context.mock.method(globalThis, "setTimeout", (work, ms, ...more) => {
    if (ms !== 10_000) return set(work, ms, ...more);
    const timer = {};
    waiting.set(timer, work);
    return timer;
  });
  context.mock.method(globalThis, "clearTimeout", (timer) => waiting.delete(timer) || clear(timer));
  const pass = () => {
    const works = [...waiting.values()];
    waiting.clear();
    for (const work of works) work();
  };
  return { waiting, pass };
}

test("undo waits for its answer, and may be tried again for ten seconds after it failed", async (context) => {
  const { waiting, pass } = patient(context);
  const held = Promise.withResolvers();
  const { root } = await drawn({ answers: [removed, () => held.promise] });
  button(root, EN.remove).click();
  await until(() => waiting.size === 1);
  button(root, EN.undo).click();
  await until(() => waiting.size === 0, "the clock has stopped");
  assert.equal(button(root, EN.undo).getAttribute("aria-busy"), "true");
  held.resolve(json({ detail: "away" }, 503));
  await until(() => waiting.size === 1, "it goes on");
  assert.ok(saying(root, EN.notRestored)());
  pass();
  await until(() => !button(root, EN.undo));
});

test("pressing Undo twice asks once", async () => {
  const { root, app } = await drawn({ answers: [removed, recorded(READINGS[0])] });
  button(root, EN.remove).click();
  await until(() => button(root, EN.undo));
  const undo = button(root, EN.undo);
  undo.click();
  undo.click();
  await until(saying(root, "Back again"));
  assert.equal(app.writes.length, 2);
});

test("pressing Delete twice deletes once", async () => {
  const held = Promise.withResolvers();
  const { root, app } = await drawn({ answers: [() => held.promise, refused(404)] });
  const remove = button(root, EN.remove);
  remove.click();
  remove.click();
  await until(() => remove.getAttribute("aria-busy") === "true");
  assert.ok(button(root, EN.edit).disabled);
  remove.click();
  held.resolve(removed());
  await until(() => button(root, EN.undo));
  button(root, EN.remove).click();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(app.writes.length, 1);
  assert.ok(!saying(root, EN.gone)());
});

test("a deletion that was refused may be tried again, and what was said goes", async (context) => {
  const { waiting, pass } = patient(context);
  const { root, app } = await drawn({ answers: [refused(503), removed] });
  button(root, EN.remove).click();
  await until(() => saying(root, EN.notRemoved)() && waiting.size === 1);
  pass();
  await until(() => !saying(root, EN.notRemoved)());
  button(root, EN.remove).click();
  await until(() => button(root, EN.undo));
  assert.equal(app.writes.length, 2);
});

test("undo goes after ten seconds, and the focus with it to the table", async (context) => {
  const { waiting, pass } = patient(context);
  const { root } = await drawn({ answers: [removed] });
  button(root, EN.remove).click();
  await until(() => waiting.size === 1);
  assert.ok(isFocused(() => button(root, EN.undo))());
  pass();
  await until(() => !button(root, EN.undo));
  assert.ok(isFocused(() => root.querySelector("[role=region]"))());
});

for (const [status, text] of [
  [412, EN.changed],
  [404, EN.gone],
  [503, EN.notRemoved],
]) {
  test(`deleting that ends with ${status} says why`, async () => {
    const { root, app } = await drawn({ answers: [refused(status)] });
    button(root, EN.remove).click();
    await until(saying(root, text));
    if (status !== 503) await until(() => app.asked.length === 2);
    assert.ok(!button(root, EN.undo));
  });
}

test("what cannot be loaded again stays, and is said to be old", async () => {
  const { root, app } = await drawn();
  app.status = 503;
  document.dispatchEvent(new Event("visibilitychange"));
  await until(saying(root, WORDS.en.notCurrent));
  assert.equal(rowsOf(root).length, 2);
});

test("each button says which reading it is for", async () => {
  const { root } = await drawn();
  const names = [...root.querySelectorAll("tbody button")].map((each) => plain(each.textContent));
  assert.equal(new Set(names).size, 4);
  assert.equal(names[0], "Edit 51,234.567 kWh of Feb 29, 2024, 11:59 PM");
});
