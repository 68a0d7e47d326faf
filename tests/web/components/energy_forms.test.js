/** The form for one reading: what is typed, what is sent, what is asked back, and what is kept. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { json, shown, until, WEB } from "../surroundings.js";

const { EnergyForms } = await import(new URL("components/energy_forms.js", WEB));
const { Drafts } = await import(new URL("page/component.js", WEB));
const { Formats, instantsOf, localParts, parseNumber } = await import(new URL("page/formats.js", WEB));
const { FORM_WORDS } = await import(new URL("components/form_words.js", WEB));
const { WORDS } = await import(new URL("page/words.js", WEB));

const EN = FORM_WORDS.en;
const ZONE = "Europe/Berlin";
const LAST = { id: "r1", type: "power", date: "2023-01-30T23:00:00.000Z", amount: 12400, revision: "a" };
const FORM = "/components/energy_forms";

/** An application that answers each write with the next of ``answers``; a function makes its answer of what was sent. */
async function opened(
  answers = [],
  { last = LAST, existing = null, drafts, open = true, beginnings = [], Component = EnergyForms, ...more } = {},
) {
  const sent = [];
  const fetch = async (url, { method, body, headers }) => {
    const path = url.split("?")[0];
    if (method === "GET" && path === FORM) {
      const other = await beginnings.shift();
      if (other) return other;
      return json({ type: new URLSearchParams(url.split("?")[1]).get("type"), zone: ZONE, last });
    }
    if (method === "GET" && path === "/components/energy_table") {
      sent.push({ asked: url });
      return json({ readings: existing ? [existing] : [], nextCursor: null, zone: ZONE });
    }
    if (method === "GET" && path === "/v2/settings") {
      return json({ zone: "Europe/Vienna", moduli: { power: null, gas: null }, runsBackwards: {} });
    }
    sent.push({ method, path, json: JSON.parse(body), match: headers["If-Match"] });
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return typeof answer === "function" ? answer(JSON.parse(body)) : answer;
  };
  const { root, value } = await shown(Component, fetch, { ...(drafts && { drafts }), ...more });
  if (open) {
    button(root, value.words.addReading).click();
    await until(() => field(root, "date")?.value, "the form knows the zone");
  }
  return { root, value, sent, writes: () => sent.filter((each) => each.method) };
}

const stored =
  (changes = {}) =>
  (body) =>
    json(
      {
        id: "r2",
        type: body.type ?? "power",
        date: "2023-02-01T11:00:00.000Z",
        amount: body.amount,
        revision: "b",
        sourceVersion: 5,
        ...changes,
      },
      201,
    );

/** What the application asks back about 124445 after 12400. */
const question = (code, details = {}) =>
  json(
    {
      detail: "in English, for programs",
      code,
      errors: [{ where: "amount", reason: "in English" }],
      details: {
        given: { amount: 124445, date: "2023-02-01T23:00:00.000Z" },
        previous: { amount: 12400, date: "2023-01-30T23:00:00.000Z" },
        next: null,
        usualPerDay: 50,
        suggestion: null,
        exchangeWithoutTime: null,
        ...details,
      },
    },
    422,
  );

const button = (root, name) => [...root.querySelectorAll("button")].find((each) => each.textContent.trim() === name);
const field = (root, name) => root.querySelector(`[name=${name}]`);
const asked = (root) => root.querySelector(".asked");
const plain = (text) => text.replaceAll(/[\s\u00a0\u202f]+/g, " ");
const saying = (root, text) => () => plain(root.textContent).includes(text);

function type(input, text) {
  input.value = text;
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

async function save(root, amount) {
  type(field(root, "amount"), amount);
  await until(() => field(root, "amount").value === amount);
  root.querySelector("form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await new Promise((resolve) => setTimeout(resolve, 10));
}

for (const [text, locale, number] of [
  ["1.234,5", "de", 1234.5],
  ["1,234.5", "en", 1234.5],
  ["1,234.5", "de", 1234.5],
  ["1234,5", "en", 1234.5],
  ["1234.5", "de", 1234.5],
  ["1.234", "de", 1234],
  ["1.234", "en", 1.234],
  ["1,234", "de", 1.234],
  ["1,234", "en", 1234],
  ["1.234.567", "en", 1234567],
  ["12 345,6", "en", 12345.6],
  ["12 345.678", "de", 12345.678],
  ["12’345.6", "de-CH", 12345.6],
  ["1234.567", "de", 1234.567],
  ["0.123", "de", 0.123],
  [" 7, ", "de", 7],
  [".5", "de", 0.5],
  ["0", "en", 0],
  ["00012", "en", 12],
  ["0.1", "de", 0.1],
  ["123456789012.125", "en", 123456789012.125],
  ["", "en", null],
  [".", "en", null],
  ["12a", "en", null],
  ["-5", "en", null],
  ["1e5", "en", null],
  ["1,2,3", "en", null],
  ["1,23,456", "en", null],
  ["1.234 567", "en", null],
  ["1.234.5,6", "de", null],
  ["1234567890123", "en", null],
  ["1234567890.1234567", "en", null],
]) {
  test(`${JSON.stringify(text)} is ${number} in ${locale}`, () => assert.equal(parseNumber(text, locale), number));
}

test("a local date and time are those of the user's zone", () => {
  assert.deepEqual(localParts("2024-02-29T22:59:59.999Z", ZONE), { date: "2024-02-29", time: "23:59" });
  assert.deepEqual(localParts("2024-02-29T23:00:00Z", ZONE), { date: "2024-03-01", time: "00:00" });
  assert.deepEqual(localParts("2024-02-29T11:00:00Z", "Pacific/Kiritimati"), { date: "2024-03-01", time: "01:00" });
});

test("who saves before the date of now has come presses once", async () => {
  const beginning = Promise.withResolvers();
  const { root, writes } = await opened([stored()], { open: false, beginnings: [beginning.promise] });
  button(root, WORDS.en.addReading).click();
  await until(() => field(root, "amount"));
  await save(root, "12445.5");
  assert.equal(writes().length, 0);
  assert.ok(!root.textContent.includes(EN.missing.date));
  beginning.resolve();
  await until(() => writes().length === 1, "it is saved with the date of now");
  assert.match(writes()[0].json.date, /^\d{4}-\d{2}-\d{2}T/);
  assert.equal(writes()[0].json.amount, 12445.5);
});

test("an hour that exists twice has two instants, one that does not exist is read as the application does", () => {
  const at = (date, time) =>
    instantsOf(date, time, ZONE).map((instant) => new Date(instant).toISOString().slice(0, 16));
  assert.deepEqual(at("2023-10-29", "02:30"), ["2023-10-29T00:30", "2023-10-29T01:30"]);
  assert.deepEqual(at("2023-10-29", "03:00"), ["2023-10-29T02:00"]);
  assert.deepEqual(at("2023-03-26", "02:30"), ["2023-03-26T01:30"]);
  assert.deepEqual(at("2024-07-01", "12:00"), ["2024-07-01T10:00"]);
});

for (const [date, time, instant] of [
  ["0002-02-03", "12:00", "0002-02-03T11:0"],
  ["0020-02-03", "12:00", "0020-02-03T11:0"],
  ["0202-02-03", "12:00", "0202-02-03T11:0"],
  ["0001-01-01", "00:00", "0000-12-31T23:0"],
  ["20266-02-03", "12:00", "+020266-02-03T11:00"],
  ["275760-09-13", "23:59", undefined],
  ["", "12:00", undefined],
  ["2024-02-03", "", undefined],
]) {
  test(`a year by keyboard: ${date || "no date"} ${time || "no time"} is ${instant ?? "no instant"}`, () => {
    const [found] = instantsOf(date, time, ZONE);
    assert.equal(found && new Date(found).toISOString().slice(0, instant?.length), instant);
    if (instant) assert.deepEqual(localParts(found, ZONE), { date, time });
  });
}

for (const date of ["0002-02-03", "0020-02-03", "20266-02-03", "275760-09-13"]) {
  test(`the form goes on with the date ${date}, and the application says whether it takes it`, async () => {
    const refused = json({ detail: "too far", errors: [{ where: "date", reason: "too far" }] }, 422);
    const drafts = new Drafts({ reading: { type: "power", text: "1", date, time: "12:00", second: false } });
    const { root, writes } = await opened([refused, stored()], { drafts, open: false });
    await until(() => root.querySelector("form [aria-busy=false]") && saying(root, "= 1 kWh")(), "it is drawn");
    await save(root, "12445");
    await until(saying(root, EN.refused.date));
    assert.equal(writes()[0].json.date, `${date}T12:00`);
    assert.doesNotMatch(root.textContent, /clocks went/);
    type(field(root, "date"), "2023-02-01");
    await save(root, "12446");
    await until(() => !root.querySelector("dialog"), "it is saved in the end");
  });
}

test("a reading of now is recorded with a typed amount and one press", async () => {
  const { root, writes, value } = await opened([stored()]);
  const told = [];
  value.api.onWritten((written) => told.push(...written));
  const now = localParts(Date.now(), ZONE);
  await until(() => document.activeElement === field(root, "amount"), "the focus is in the number");
  assert.match(plain(root.textContent), /Last: 12,400 kWh, Jan 31, 2023, 12:00 AM/);
  await save(root, "12445.5");
  await until(() => !root.querySelector("dialog"), "the dialog closes");
  const [{ method, path, json: body }] = writes();
  assert.deepEqual([method, path, body.type, body.amount], ["POST", FORM, "power", 12445.5]);
  assert.ok(Math.abs(Date.parse(`${body.date}Z`) - Date.parse(`${now.date}T${now.time}Z`)) <= 60_000);
  await until(saying(root, "Recorded: Electricity, 12,445.5 kWh, Feb 1, 2023, 12:00 PM."));
  assert.ok(root.querySelector("[role=status]").textContent);
  await until(() => document.activeElement === button(root, WORDS.en.addReading), "the focus is back");
  assert.deepEqual(told, ["power"]);
  assert.equal(value.drafts.has("reading"), false);
});

test("how a number was understood is shown beside it before it is saved", async () => {
  const { root } = await opened([], { language: "de" });
  type(field(root, "amount"), "12.500");
  await until(saying(root, "= 12 500 kWh 100 kWh mehr als zuletzt"));
  type(field(root, "amount"), "12,500");
  await until(saying(root, "= 12,5 kWh 12.387,5 kWh weniger als zuletzt"));
  assert.equal(root.querySelector("output").id, field(root, "amount").getAttribute("aria-describedby"));
});

test("nonsense is said and not sent", async () => {
  const { root, writes } = await opened();
  await save(root, "12,3,4");
  await until(saying(root, "Please type a number such as 1234.5."));
  assert.equal(field(root, "amount").getAttribute("aria-invalid"), "true");
  await save(root, "");
  await until(saying(root, "Please type a number"));
  assert.deepEqual(writes(), []);
});

test("who adds an earlier reading does not see how much less it is than the last", async () => {
  const { root } = await opened();
  type(field(root, "amount"), "12000");
  await until(saying(root, "= 12 000 kWh 400 kWh less than the last"));
  type(field(root, "date"), "2023-01-30");
  await until(() => !root.textContent.includes("less than"), "it is not compared");
  assert.ok(saying(root, "= 12 000 kWh")());
  type(field(root, "date"), "2023-02-01");
  await until(saying(root, "400 kWh less than the last"));
  type(field(root, "date"), "");
  await until(() => !root.textContent.includes("less than"), "without a date neither");
});

test("where the last reading cannot be asked, the form begins with this device's clock and saves that instant", async () => {
  const before = process.env.TZ;
  process.env.TZ = "Asia/Tokyo";
  try {
    const begin = Date.now();
    const { root, writes } = await opened([stored()], { beginnings: [json({}, 503)] });
    await until(saying(root, "Date and time are those of this device (Asia/Tokyo)."));
    const now = localParts(begin, "Asia/Tokyo");
    assert.equal(field(root, "date").value, now.date);
    await save(root, "12445");
    await until(() => writes().length === 1);
    assert.match(writes()[0].json.date, /Z$/);
    assert.ok(Math.abs(Date.parse(writes()[0].json.date) - begin) <= 60_000);
    await until(saying(root, "Recorded: Electricity, 12,445 kWh, Feb 1, 2023, 8:00 PM."));
  } finally {
    process.env.TZ = before ?? "";
    if (before === undefined) delete process.env.TZ;
  }
});

test("trying again brings the last reading and the household's clock", async () => {
  const { root, writes } = await opened([stored()], { beginnings: [json({}, 503)] });
  await until(saying(root, "of this device"));
  button(root, WORDS.en.tryAgain).click();
  await until(saying(root, "Last: 12,400 kWh"));
  assert.doesNotMatch(root.textContent, /this device|cannot be shown/);
  await save(root, "12445");
  await until(() => writes().length === 1);
  const now = localParts(Date.now(), ZONE);
  assert.ok(Math.abs(Date.parse(`${writes()[0].json.date}Z`) - Date.parse(`${now.date}T${now.time}Z`)) <= 60_000);
});

test("each failure is announced, a second one in the same words too", async () => {
  const { root, writes } = await opened([json({}, 503), json({}, 503), stored()]);
  await save(root, "12445");
  await until(saying(root, EN.lost));
  await until(() => document.activeElement === asked(root));
  const first = asked(root);
  button(root, WORDS.en.tryAgain).focus();
  button(root, WORDS.en.tryAgain).click();
  await until(() => writes().length === 2 && asked(root) && asked(root) !== first, "it is announced again");
  await until(() => document.activeElement === asked(root), "the focus is at it again");
});

test("whose sign-in has ended is offered to sign in again, and what was typed is kept", async () => {
  const { root, value } = await opened([json({}, 401)]);
  let asking = 0;
  document.addEventListener("sign-in-again", () => asking++);
  await save(root, "12445");
  await until(saying(root, EN.expired));
  assert.ok(!button(root, WORDS.en.tryAgain));
  button(root, WORDS.en.signInAgain).click();
  assert.equal(asking, 1);
  assert.equal(value.drafts.kept.reading.text, "12445");
  await until(() => !root.querySelector("dialog"), "the page is no longer behind the dialog");
});

test("two forms at once have no id in common", async () => {
  const { StoredReading } = await import(new URL("components/reading_form.js", WEB));
  const { html } = await import(new URL("vendor/preact.js", WEB));
  const Both = () => html`<${EnergyForms} /><${StoredReading} row=${LAST} zone=${ZONE} />`;
  const { root } = await opened([], { Component: Both });
  await until(() => root.querySelector("dialog form"));
  const ids = [...root.querySelectorAll("[id]")].map((each) => each.id);
  assert.equal(root.querySelectorAll("[name=amount]").length, 2);
  assert.equal(new Set(ids).size, ids.length);
  for (const input of root.querySelectorAll("[name=amount]")) {
    assert.equal(input.closest("form").querySelector("output").id, input.getAttribute("aria-describedby"));
  }
});

test("a change in its place whose sign-in has ended: nothing is promised, and it is not closed", async () => {
  const { StoredReading } = await import(new URL("components/reading_form.js", WEB));
  const props = { row: LAST, zone: ZONE, onCancel: () => assert.fail("it is closed") };
  const { root } = await opened([json({}, 401)], { Component: StoredReading, props, open: false });
  let asking = 0;
  document.addEventListener("sign-in-again", () => asking++);
  await save(root, "12445");
  await until(saying(root, EN.expired));
  button(root, WORDS.en.signInAgain).click();
  assert.equal(asking, 1);
  assert.equal(field(root, "amount").value, "12445");
});

test("an empty date is asked for", async () => {
  const { root, writes } = await opened();
  type(field(root, "date"), "");
  await save(root, "12445");
  await until(saying(root, EN.missing.date));
  assert.deepEqual(writes(), []);
});

test("the other meter shows its own last reading and unit", async () => {
  const gas = { id: "g1", type: "gas", date: "2023-01-30T23:00:00.000Z", amount: 77, revision: "a" };
  const { root, writes } = await opened([stored({ type: "gas" })], {
    last: gas,
    selection: { meter: "gas", from: null, to: null },
  });
  assert.equal(root.querySelector("input[type=radio][value=gas]").checked, true);
  assert.match(plain(root.textContent), /Last: 77 m³/);
  await save(root, "78");
  await until(() => writes().length);
  assert.equal(writes()[0].json.type, "gas");
});

test("of an hour that exists twice the second one is sent as an instant", async () => {
  const { root, writes } = await opened([stored(), stored()]);
  type(field(root, "date"), "2023-10-29");
  type(field(root, "time"), "02:30");
  await until(saying(root, EN.twice));
  const [first, second] = root.querySelectorAll("input[name=turn]");
  assert.equal(first.checked, true);
  second.click();
  await save(root, "12445");
  await until(() => writes().length === 1);
  assert.equal(writes()[0].json.date, "2023-10-29T01:30:00.000Z");
});

test("the first one is sent as local text, and a time that did not exist is said", async () => {
  const { root, writes } = await opened([stored()]);
  type(field(root, "date"), "2023-03-26");
  type(field(root, "time"), "02:30");
  await until(saying(root, "It counts as Mar 26, 2023, 3:30 AM."));
  await save(root, "12445");
  await until(() => writes().length === 1);
  assert.equal(writes()[0].json.date, "2023-03-26T02:30");
});

test("far above the usual: what it would be a day, and the suggestion is one press away", async () => {
  const suggestion = { amount: 12445, digit: "4", added: false };
  const { root, writes } = await opened([question("FAR_ABOVE_USUAL", { suggestion }), stored()]);
  await save(root, "124445");
  await until(() => asked(root));
  assert.match(
    plain(asked(root).textContent),
    /With 124,445 kWh it would be 56,022\.5 kWh a day since Jan 31, 2023, 12:00 AM\. Up to 50 kWh a day are usual\./,
  );
  assert.doesNotMatch(root.textContent, /in English/);
  await until(() => document.activeElement === asked(root), "the focus is at the question");
  [...root.querySelectorAll("button")]
    .find((each) => plain(each.textContent).trim() === "Save 12,445 kWh instead")
    .click();
  await until(() => writes().length === 2);
  assert.equal(writes()[1].json.amount, 12445);
  await until(() => !root.querySelector("dialog"));
});

test("who says that it is so has it stored", async () => {
  const { root, writes } = await opened([question("FAR_ABOVE_USUAL"), stored()], { language: "de" });
  await save(root, "124445");
  await until(saying(root, "Üblich sind bis zu 50 kWh am Tag."));
  button(root, FORM_WORDS.de.itIsSo).click();
  await until(() => writes().length === 2);
  assert.equal(writes()[0].json.confirm, undefined);
  assert.deepEqual([writes()[1].json.amount, writes()[1].json.confirm], [124445, true]);
});

test("who corrects goes back to the number, and the question goes", async () => {
  const { root } = await opened([question("FAR_ABOVE_USUAL")]);
  await save(root, "124445");
  await until(() => asked(root));
  button(root, EN.correct).click();
  await until(() => !asked(root));
  await until(() => document.activeElement === field(root, "amount"), "the focus is in the number");
  assert.equal(field(root, "amount").value, "124445");
});

const LOWER = {
  given: { amount: 12, date: "2023-02-01T11:00:00.000Z" },
  previous: { amount: 99950, date: "2023-01-30T23:00:00.000Z" },
};

test("lower than before: an exchange leads to the view of the meters, and the reading waits", async () => {
  const { root, value } = await opened([question("LOWER_THAN_PREVIOUS", LOWER)]);
  await save(root, "12");
  await until(saying(root, "12 kWh is less than the 99,950 kWh of Jan 31, 2023, 12:00 AM."));
  button(root, EN.exchanged).click();
  assert.equal(location.hash, "#meters");
  assert.deepEqual(value.drafts.kept.exchange, { type: "power", date: "2023-02-01", finalOld: "99950" });
  assert.equal(value.drafts.kept.reading.text, "12");
  const back = await opened([], { drafts: value.drafts, open: false });
  await until(() => field(back.root, "amount")?.value === "12", "the form is open again on the way back");
});

test("lower than before: the register rolled over, its digits are set and the reading is saved", async () => {
  const changed = json({ meters: [{ type: "power", sourceVersion: 4 }] });
  const { root, writes } = await opened([question("LOWER_THAN_PREVIOUS", LOWER), changed, stored()]);
  await save(root, "12");
  await until(() => asked(root));
  button(root, EN.rolledOver).click();
  await until(() => root.querySelector(".asked select"));
  assert.equal(root.querySelector(".asked select").value, "5");
  await until(() => document.activeElement === root.querySelector(".asked select"), "the focus is at the digits");
  const all = [...root.querySelectorAll(".asked button")];
  assert.ok(
    all.indexOf(button(root, EN.saveDigits)) > all.indexOf(button(root, EN.rolledOver)),
    "below what was pressed",
  );
  button(root, EN.saveDigits).click();
  await until(() => writes().length === 3);
  assert.deepEqual(writes()[1].json, { zone: "Europe/Vienna", moduli: { power: 100000 } });
  assert.deepEqual([writes()[2].method, writes()[2].json.amount, writes()[2].json.confirm], ["POST", 12, undefined]);
});

test("far above the usual behind a rollover: counted across it", async () => {
  const details = { ...LOWER, given: { amount: 12, date: "2023-02-01T23:00:00.000Z" } };
  const { root } = await opened([question("FAR_ABOVE_USUAL", details)]);
  await save(root, "12");
  await until(saying(root, "With 12 kWh it would be 31 kWh a day since Jan 31, 2023"));
});

test("no rollover is offered where none can be, and a little lower may be solar power", async () => {
  const little = { given: { ...LOWER.given, amount: 12390 }, previous: { ...LOWER.previous, amount: 12400 } };
  const { root } = await opened([question("LOWER_THAN_PREVIOUS", little)]);
  await save(root, "12390");
  await until(() => asked(root));
  assert.equal(button(root, EN.rolledOver), undefined);
  assert.ok(button(root, EN.turnsBack));
});

test("higher than the next, and an exchange of that day without a time", async () => {
  const details = {
    next: { amount: 12000, date: "2023-02-03T11:00:00.000Z" },
    exchangeWithoutTime: "2023-01-31T23:00:00.000Z",
  };
  const { root, value } = await opened([question("HIGHER_THAN_NEXT", details)]);
  await save(root, "124445");
  await until(saying(root, "124,445 kWh is more than the 12,000 kWh of Feb 3, 2023, 12:00 PM."));
  assert.ok(saying(root, "recorded on Feb 1, 2023 without a time")());
  button(root, EN.exchangeTime).click();
  assert.deepEqual(value.drafts.kept.exchange, { type: "power", at: "2023-01-31T23:00:00.000Z" });
});

test("what the register cannot show is said in the page's words", async () => {
  const refused = json(
    { detail: "is not below 100000", errors: [{ where: "amount", reason: "is not below 100000" }] },
    422,
  );
  const { root } = await opened([refused]);
  await save(root, "100000");
  await until(saying(root, EN.refused.amount));
  assert.doesNotMatch(root.textContent, /is not below/);
});

test("a time that is taken: the value there is named and may be changed", async () => {
  const existing = { id: "r/9", type: "power", date: "2023-02-01T11:00:00.000Z", amount: 12440, revision: "x" };
  const { root, writes, sent } = await opened([json({ detail: "taken" }, 409), stored()], { existing });
  type(field(root, "date"), "2023-02-01");
  type(field(root, "time"), "12:00");
  await save(root, "12445");
  await until(saying(root, "There is a reading of Feb 1, 2023, 12:00 PM already: 12,440 kWh."));
  assert.match(
    decodeURIComponent(sent.find((each) => each.asked).asked),
    /from=2023-02-01T11:00:00.000Z&to=2023-02-01T11:00:00.000Z/,
  );
  button(root, EN.changeIt).click();
  await until(() => writes().length === 2);
  const change = writes()[1];
  assert.deepEqual([change.method, change.path, change.match], ["PUT", `${FORM}/r%2F9`, '"x"']);
  assert.deepEqual(change.json, { amount: 12445 });
});

test("after a lost answer nothing is lost, and trying again finds that it is saved", async () => {
  const existing = { id: "r9", type: "power", date: "2023-02-01T11:00:00.000Z", amount: 12445, revision: "x" };
  const { root, value } = await opened([new TypeError("offline"), json({ detail: "taken" }, 409)], { existing });
  const told = [];
  value.api.onWritten((written) => told.push(...written));
  await save(root, "12445");
  await until(saying(root, EN.lost));
  assert.equal(field(root, "amount").value, "12445");
  button(root, WORDS.en.tryAgain).click();
  await until(saying(root, "Recorded: Electricity, 12,445 kWh"));
  assert.deepEqual(told, ["power"]);
});

test("pressing twice sends once", async () => {
  const { root, writes } = await opened([stored(), stored()]);
  type(field(root, "amount"), "12445");
  await until(() => field(root, "amount").value === "12445");
  const submit = () =>
    root.querySelector("form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  submit();
  submit();
  await until(() => !root.querySelector("dialog"));
  assert.equal(writes().length, 1);
});

test("closing keeps what was typed, and opening shows it again", async () => {
  const { root, value } = await opened();
  type(field(root, "amount"), "124");
  await until(() => value.drafts.kept.reading?.text === "124");
  button(root, EN.close).click();
  await until(() => !root.querySelector("dialog"));
  button(root, WORDS.en.addReading).click();
  await until(() => field(root, "amount")?.value === "124");
});

test("who closes the form on the way back is not met by it again", async () => {
  const kept = { type: "power", text: "12", date: null, time: null, second: false, resume: true };
  const drafts = new Drafts({ reading: kept });
  const { root } = await opened([], { drafts, open: false });
  await until(() => button(root, EN.close));
  button(root, EN.close).click();
  await until(() => !root.querySelector("dialog"));
  assert.equal(drafts.kept.reading.text, "12");
  const later = await opened([], { drafts, open: false });
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.ok(!later.root.querySelector("dialog"));
});

test("nothing typed is nothing kept", async () => {
  const { root, value } = await opened();
  type(field(root, "amount"), "1");
  await until(() => value.drafts.has("reading"));
  type(field(root, "amount"), "");
  button(root, EN.close).click();
  await until(() => !root.querySelector("dialog"));
  assert.equal(value.drafts.has("reading"), false);
});

test("a new sign-in opens the form with what was typed, once", async () => {
  const drafts = new Drafts({ reading: { type: "gas", text: "124", date: null, time: null, second: false } });
  const { root } = await opened([], { drafts, open: false });
  await until(() => field(root, "amount")?.value === "124");
  assert.equal(root.querySelector("input[value=gas]").checked, true);
  const later = await opened([], { drafts, open: false });
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.ok(!later.root.querySelector("dialog"));
});

test("others open the form by an event", async () => {
  const { root } = await opened([], { open: false });
  await until(() => {
    document.dispatchEvent(new Event("add-reading"));
    return root.querySelector("dialog");
  });
});

test("every control has a name", async () => {
  const { root } = await opened();
  for (const control of root.querySelectorAll("button, input, select")) {
    assert.ok((control.closest("label") ?? control).textContent.trim());
    assert.equal(control.getAttribute("tabindex"), null);
  }
});

const html = (body, status) => new Response(body, { status, headers: { "Content-Type": "text/html; charset=utf-8" } });

for (const [who, answer] of [
  ["nobody answers", new TypeError("offline")],
  ["the portal of a network answers with its page", html("<h1>Accept our terms</h1>", 200)],
  ["somebody answers with a success that has no reading", json({ ok: true })],
  ["a proxy forbids it with its page", html("<h1>Forbidden</h1>", 403)],
])
  test(`where ${who} a new reading waits, with its instant and amount fixed, and that is said`, async () => {
    const { root, value } = await opened([answer]);
    const waiting = [];
    value.api.device = { wait: async (reading) => void waiting.push(reading), onAway() {} };
    type(field(root, "date"), "2023-02-01");
    type(field(root, "time"), "12:00");
    await save(root, "12500.5");
    await until(saying(root, "Not sent yet: Electricity, 12,500.5 kWh, Feb 1, 2023"), "it waits");
    assert.deepEqual(waiting, [
      {
        type: "power",
        amount: 12500.5,
        confirm: false,
        date: "2023-02-01T11:00:00.000Z",
        zone: ZONE,
        onto: null,
        refusal: null,
      },
    ]);
    assert.equal(field(root, "amount"), null, "the form is closed");
  });

for (const [who, device, most] of [
  ["a device that keeps readings", { wait: async () => {}, onAway() {} }, 15_000],
  ["a device that keeps nothing", null, 60_000],
])
  test(`${who} waits for a new reading's answer as long as somebody does: ${most} ms`, async (context) => {
    const { root, value, writes } = await opened([stored()]);
    value.api.device = device;
    const asked = context.mock.method(AbortSignal, "timeout");
    await save(root, "12500");
    await until(() => writes().length === 1);
    assert.equal(asked.mock.calls[0].arguments[0], most);
  });

test("where nothing can be kept, a reading that nobody answered stays in its form", async () => {
  const { root, value } = await opened([new TypeError("offline")]);
  value.api.device = { wait: () => Promise.reject(new Error("no room")), onAway() {} };
  await save(root, "12500");
  await until(saying(root, EN.lost), "it was not saved");
  assert.equal(field(root, "amount").value, "12500");
});

test("a question that this page does not know is no question", async () => {
  const { root, writes } = await opened([json({ detail: "no", code: "OF_ANOTHER_RELEASE" }, 422), stored()]);
  await save(root, "100");
  await until(saying(root, EN.refused.other), "it is refused");
  assert.equal(writes().length, 1);
});

for (const language of ["en", "de"]) {
  test(`after an erasure it is said from when on one can start again: ${language}`, async () => {
    const erased = { detail: "in English", code: "ACCOUNT_ERASED", opensAt: "2024-03-15T11:00:00.000Z" };
    const { root, sent } = await opened([json(erased, 409)], { language });
    await save(root, "100");
    const moment = new Formats(language).moment(erased.opensAt, ZONE);
    await until(saying(root, FORM_WORDS[language].erased(moment)), "until when it is closed");
    assert.doesNotMatch(root.textContent, /in English/);
    assert.equal(sent.length, 1, "nothing is in the way: nothing is looked for");
    assert.equal(field(root, "amount").value, "100");
  });
}
