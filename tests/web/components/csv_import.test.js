/** Bringing a file: what it means is shown first; then it is imported, listed, taken back; and what is there is saved. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { shown as drawn, json, until, WEB } from "../surroundings.js";

const { FILE_WORDS } = await import(new URL("files/csv_words.js", WEB));
const { SourceFile, UnusableFile } = await import(new URL("files/csv_file.js", WEB));
const { CsvImport } = await import(new URL("components/csv_import.js", WEB));

const { WORDS } = await import(new URL("page/words.js", WEB));

const EN = FILE_WORDS.en;
const DE = FILE_WORDS.de;
const REPORT = {
  importId: null,
  preview: true,
  success: 2,
  skipped: 0,
  replaced: 0,
  error: 0,
  errors: [],
  warning: 0,
  warnings: [],
  encoding: "utf-8",
  delimiter: ";",
  decimal: ",",
  dateOrder: "dmy",
  headerLine: 1,
  columns: { date: "Datum", type: "Art", amount: "Stand" },
  ignoredColumns: ["Notiz"],
  ignoredColumnCount: 1,
  meters: [],
  configurations: [],
  zone: null,
  rows: [
    { line: 2, type: "power", date: "2023-03-31T22:00:00.000Z", amount: 1234.5 },
    { line: 3, type: "gas", date: "2023-04-04T08:30:00.000Z", amount: 7 },
  ],
};
const DONE = {
  ...REPORT,
  preview: false,
  importId: "i1",
  rows: [],
  meters: [{ type: "power", sourceVersion: 3, first: "2023-03-31T22:00:00.000Z", last: "2023-03-31T22:00:00.000Z" }],
};
const RECORD = {
  id: "i7",
  at: "2023-05-01T10:00:00.000Z",
  fileName: "old.csv",
  form: "csv",
  state: "imported",
  undoneAt: null,
  success: 3,
  replaced: 1,
  skipped: 0,
  error: 0,
  types: ["gas", "power"],
  first: "2023-01-30T23:00:00.000Z",
  last: "2023-02-27T23:00:00.000Z",
};
const UNDONE = {
  importId: "i7",
  state: "undone",
  removed: 3,
  restored: 1,
  keptCount: 0,
  kept: [],
  configurationsKept: [],
  meters: [],
};
const FILE = "Datum;Art;Stand;Notiz\n01.04.2023;power;1.234,5\n31.02.2023;power;5\n";

const refused = (detail, status = 422) => json({ detail, status }, status);

/** The view in front of an application with prepared answers to a preview and an import; ``sent`` are the imports. */
async function opened({ previews = [], imports = [], list = [], undo = () => json(UNDONE), save, ...around } = {}) {
  const sent = [];
  const asked = [];
  const fetch = async (address, { method, body }) => {
    const url = new URL(address, "http://any.example");
    const query = Object.fromEntries(url.searchParams);
    asked.push(`${method} ${url.pathname}${url.search}`);
    if (url.pathname.endsWith("/energy_table")) return json({ readings: [], nextCursor: null, zone: "Europe/Berlin" });
    if (url.pathname.endsWith("/export")) return save(query);
    if (method === "GET") return json(typeof list === "function" ? list(query) : { imports: list, nextCursor: null });
    if (method === "DELETE") return undo();
    const file = body.get("file");
    sent.push({ query, name: file.name, type: file.type, text: await file.text() });
    const answers = query.preview ? previews : imports;
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    return answer instanceof Response ? answer.clone() : json(answer);
  };
  const { root, value } = await drawn(CsvImport, fetch, around);
  return { root, value, sent, asked };
}

const buttonOf = (root, name) =>
  [...root.querySelectorAll("button")].find((button) => button.textContent.trim() === name);
const controlOf = (root, label) =>
  [...root.querySelectorAll("label")]
    .find((each) => each.textContent.trim().startsWith(label))
    ?.querySelector("input, select, textarea");
/** What is read in an element, piece by piece. */
const piecesOf = (node) => (node.nodeType === 3 ? [node.textContent] : [...node.childNodes].flatMap(piecesOf));
const textOf = (element) => piecesOf(element).join(" ").replaceAll(/\s+/g, " ").trim();

function choose(root, content = FILE, name = "meter.csv", type = "application/vnd.ms-excel") {
  const input = root.querySelector("input[type=file]");
  Object.defineProperty(input, "files", { value: [new File([content], name, { type })], configurable: true });
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

function pick(control, value) {
  control.value = value;
  control.dispatchEvent(new Event("change", { bubbles: true }));
}

const isShown = (root, text) => () => root.textContent.includes(text);
const isReady = (root) => () => root.querySelector(".preview[aria-busy=false] button");

test("a file is shown as it was understood before anything is stored", async () => {
  const { root, sent } = await opened({ previews: [REPORT] });
  choose(root);
  await until(isReady(root));
  assert.deepEqual(sent, [{ query: { preview: "true" }, name: "meter.csv", type: "text/csv", text: FILE }]);
  await until(() => root.querySelectorAll("tbody tr").length === 2, "the rows");
  assert.deepEqual(
    [...root.querySelectorAll("tbody tr")].map((row) => [...row.cells].map(textOf)),
    [
      ["2", "Electricity", "Apr 1, 2023", "1,234.5 kWh"],
      ["3", "Gas", "Apr 4, 2023, 10:30 AM", "7 m³"],
    ],
  );
  assert.match(textOf(root.querySelector(".preview")), /2 new/);
  assert.ok(root.textContent.includes(EN.nothingSent));
  const facts = textOf(root.querySelector(".file-facts"));
  for (const fact of ["Reading: column “Stand”", "line 1", "UTF-8", "Not used: Notiz"]) assert.ok(facts.includes(fact));
  assert.equal(controlOf(root, EN.options.decimal).selectedOptions[0].textContent, "Comma (found)");
});

for (const zone of ["Pacific/Kiritimati", "Pacific/Pago_Pago"]) {
  test(`rows are shown in the zone of the household, though the browser is in ${zone}`, async () => {
    const before = process.env.TZ;
    process.env.TZ = zone;
    try {
      const { root } = await previewed({});
      await until(() => root.querySelectorAll("tbody tr").length === 2);
      const dates = [...root.querySelectorAll("tbody tr")].map((row) => textOf(row.cells[2]));
      assert.deepEqual(dates, ["Apr 1, 2023", "Apr 4, 2023, 10:30 AM"]);
    } finally {
      if (before === undefined) delete process.env.TZ;
      else process.env.TZ = before;
    }
  });
}

test("each correction is asked for again, by the name that the application takes", async () => {
  const { root, sent } = await opened({ previews: [REPORT] });
  choose(root);
  await until(isReady(root));
  const chosen = { delimiter: ",", decimal: ".", dateOrder: "mdy", type: "gas", amountColumn: "Notiz" };
  for (const [name, value] of Object.entries(chosen)) {
    const before = sent.length;
    pick(controlOf(root, EN.options[name]), value);
    await until(() => sent.length > before, name);
  }
  assert.deepEqual(sent.at(-1).query, { ...chosen, preview: "true" });
});

test("an import says what it stored, and leads on", async () => {
  const { root, sent, asked } = await opened({ previews: [REPORT], imports: [DONE] });
  choose(root);
  await until(isReady(root));
  const lists = () => asked.filter((each) => each === "GET /components/csv_import").length;
  const before = lists();
  buttonOf(root, "Import 2 readings").click();
  await until(() => root.querySelector("#done-title"));
  assert.equal(textOf(root.querySelector("#done-title")), "Imported : meter.csv");
  assert.deepEqual(sent.at(-1).query, {});
  assert.match(textOf(root.querySelector(".preview")), /2 stored/);
  assert.equal(root.querySelector(".preview a").getAttribute("href"), "#overview");
  await until(() => lists() > before, "the list is loaded again");
});

const decided = (root, text) =>
  [...root.querySelectorAll(".decision label, label.decision")]
    .find((label) => textOf(label) === text)
    ?.querySelector("input");
const importButton = (root) => [...root.querySelectorAll(".preview > button")].at(-1);
const listOf = (root, id) => [...root.querySelectorAll(`[aria-labelledby=${id}] li`)].map((item) => textOf(item));

async function previewed(report, more = {}) {
  const view = await opened({ previews: [{ ...REPORT, ...report }], imports: [DONE], ...more });
  choose(view.root, more.content);
  await until(isReady(view.root));
  return view;
}

test("both languages have the same words for files", () => {
  const paths = (words, prefix = "") =>
    Object.entries(words).flatMap(([name, value]) =>
      typeof value === "object" ? paths(value, `${prefix}${name}.`) : [`${prefix}${name}${value ? "" : " is empty"}`],
    );
  assert.deepEqual(paths(DE), paths(EN));
});

test("a file that leaves a question open says which choice answers it", async () => {
  const detail = 'ambiguous number format, pass decimal=. or decimal=,: "12,345" (line 2) may be 12.345 or 12345';
  const { root, sent } = await opened({ previews: [refused(detail), REPORT] });
  choose(root, 'Datum;Zähler;Stand\n01.02.2023;Strom;"12,345"\n');
  await until(isShown(root, EN.notUnderstood));
  const alert = root.querySelector(".preview [role=alert]");
  assert.ok(alert.textContent.includes(EN.ask.decimal));
  const said = alert.querySelector("details:not([open]) [lang=en]").textContent;
  assert.equal(said, 'ambiguous number format, "12,345" (line 2) may be 12.345 or 12345');
  const decimal = controlOf(root, EN.options.decimal);
  assert.equal(decimal.getAttribute("aria-invalid"), "true");
  assert.ok(decimal.closest("details").open);
  assert.equal(controlOf(root, EN.options.type).getAttribute("aria-invalid"), null);
  assert.equal(importButton(root), undefined);
  pick(decimal, ",");
  await until(isReady(root));
  assert.deepEqual(sent.at(-1).query, { decimal: ",", preview: "true" });
  assert.ok(!root.textContent.includes(EN.notUnderstood));
});

test("where no column was found, those of the file's first lines may be chosen", async () => {
  const { root, sent } = await opened({
    previews: [refused("missing column amount; name it amount or pass amountColumn=")],
  });
  choose(root, 'Datum;"Art";Zähler 7\n01.02.2023;Strom;12\n');
  await until(isShown(root, EN.ask.amountColumn));
  const names = [...controlOf(root, EN.options.amountColumn).options].map((option) => option.value);
  assert.deepEqual(names, ["", "Datum", "Art", "Zähler 7", "Strom"]);
  pick(controlOf(root, EN.options.amountColumn), "Zähler 7");
  await until(() => sent.at(-1).query.amountColumn === "Zähler 7");
});

test("faulty rows are shown with their line of the file, and hold the import up", async () => {
  const errors = [
    { line: 3, where: "row 3: date", reason: 'date "31.02.2023" does not exist' },
    { line: null, where: "meters.power", reason: "odd" },
  ];
  const { root, sent } = await previewed({ error: 2, errors });
  assert.deepEqual(listOf(root, "faulty"), [
    'Line 3 The date does not fit. 31.02.2023;power;5 Details date "31.02.2023" does not exist',
    `The whole file ${EN.flaws.file} Details odd`,
  ]);
  assert.ok(importButton(root).disabled);
  assert.ok(root.textContent.includes(EN.decideFaulty));
  decided(root, "Leave out the 2 faulty rows").click();
  await until(() => !importButton(root).disabled);
  assert.deepEqual(sent.at(-1).query, { mode: "partial", preview: "true" });
  importButton(root).click();
  await until(() => root.querySelector("#done-title"));
  assert.deepEqual(sent.at(-1).query, { mode: "partial" });
});

test("a meter that is set otherwise is not called a reading", async () => {
  const reason = "the file says 1000, 100000 is stored; pass onConflict=replace to take the file's";
  const { root } = await previewed({ error: 1, errors: [{ line: null, where: "meters.gas.modulus", reason }] });
  assert.deepEqual(listOf(root, "faulty"), [
    `The whole file ${EN.conflictOfMeter} Details the file says 1000, 100000 is stored`,
  ]);
  assert.ok(decided(root, EN.conflictWays.replace));
});

test("of ten thousand faulty rows the first are shown, and all are counted", async () => {
  const errors = Array.from({ length: 100 }, (_, at) => ({ line: at + 2, where: `row ${at + 2}`, reason: "odd" }));
  const { root } = await previewed({ error: 10_000, errors });
  const shown = listOf(root, "faulty");
  assert.equal(shown.length, 101);
  assert.equal(shown.at(-1), "and 9,900 more");
  assert.match(textOf(root.querySelector(".counts")), /10,000/);
});

test("another reading that is stored already may be kept or replaced", async () => {
  const reason = "this row says 111 for power on 2023-02-28, 110 is stored; pass onConflict=replace to take this row";
  const conflict = { ...REPORT, error: 1, errors: [{ line: 2, where: "row 2: amount", reason }] };
  const { root, sent } = await opened({
    previews: [conflict, { ...REPORT, success: 1, replaced: 1 }],
    imports: [DONE],
  });
  choose(root);
  await until(isReady(root));
  const [shown] = listOf(root, "faulty");
  assert.ok(shown.includes(EN.conflictWith("110")) && !shown.includes("onConflict"));
  assert.ok(importButton(root).disabled);
  decided(root, EN.conflictWays.replace).click();
  await until(isShown(root, "1 replaced"));
  assert.deepEqual(sent.at(-1).query, { onConflict: "replace", preview: "true" });
  importButton(root).click();
  await until(() => root.querySelector("#done-title"));
  assert.deepEqual(sent.at(-1).query, { onConflict: "replace" });
});

const FLAW = { line: 2, where: "row 2: date", reason: 'date "\u202e31.02." is odd' };
const DOUBT = { line: 3, code: "LOWER_THAN_PREVIOUS", reason: "5 on 2023-02-28 is lower than 1234.5 on 2023-04-01." };

for (const [way, query] of [
  ["take", { confirm: "true" }],
  ["leave", { mode: "partial" }],
]) {
  test(`what looks unusual waits for an answer: ${way}`, async () => {
    const { root, sent } = await previewed({ warning: 1, warnings: [DOUBT] });
    assert.ok(importButton(root).disabled && root.textContent.includes(EN.decideDoubtful));
    assert.deepEqual(listOf(root, "doubtful"), [
      `Line 3 ${EN.doubts.LOWER_THAN_PREVIOUS} 31.02.2023;power;5 Details ${DOUBT.reason}`,
    ]);
    decided(root, EN.doubtWays[way]).click();
    await until(() => !importButton(root).disabled);
    importButton(root).click();
    await until(() => root.querySelector("#done-title"));
    assert.deepEqual(sent.at(-1).query, query);
  });
}

test("what is asked about the whole file can be confirmed, not left out", async () => {
  const warnings = [{ line: null, code: "AMBIGUOUS_DATE_ORDER", reason: "no date shows it; pass dateOrder=dmy" }];
  const { root } = await previewed({ warning: 1, warnings });
  assert.deepEqual(listOf(root, "doubtful"), [
    `${EN.wholeFile} ${EN.doubts.AMBIGUOUS_DATE_ORDER} Details no date shows it`,
  ]);
  assert.ok(decided(root, EN.doubtWays.take));
  assert.equal(decided(root, EN.doubtWays.leave), undefined);
  assert.ok(controlOf(root, EN.options.dateOrder).closest("details").open);
});

test("who has agreed has not agreed to another way of reading the file", async () => {
  const { root, sent } = await previewed({ warning: 1, warnings: [DOUBT] });
  decided(root, EN.doubtWays.take).click();
  await until(() => sent.at(-1).query.confirm && !importButton(root).disabled);
  pick(controlOf(root, EN.options.dateOrder), "mdy");
  await until(() => sent.at(-1).query.dateOrder);
  assert.deepEqual(sent.at(-1).query, { dateOrder: "mdy", preview: "true" });
  await until(isReady(root));
  assert.ok(importButton(root).disabled);
});

test("rows that are left out are not among the first rows, nor still to be checked", async () => {
  const errors = [{ line: 2, where: "row 2: amount", reason: "odd" }];
  const { root } = await previewed({ error: 1, errors, warning: 1, warnings: [DOUBT] });
  const lines = () => [...root.querySelectorAll("tbody tr")].map((row) => textOf(row.cells[0]));
  await until(() => lines().length === 2);
  decided(root, EN.doubtWays.leave).click();
  await until(() => lines().length === 1);
  assert.deepEqual(lines(), ["2"]);
  const counts = () => textOf(root.querySelector(".preview .counts"));
  assert.ok(counts().includes(`1 ${EN.decided.leave}`) && !counts().includes(EN.counts.warning), counts());
  decided(root, EN.skipFaulty(1, "1")).click();
  await until(() => lines().length === 0);
  assert.ok(counts().includes(`1 ${EN.decided.faulty}`), counts());
  decided(root, EN.doubtWays.take).click();
  await until(() => lines().length === 1);
  assert.deepEqual(lines(), ["3"]);
  assert.ok(counts().includes(`1 ${EN.decided.take}`), counts());
});

test("about a conflict there is one choice, and about the rest another one after it", async () => {
  const conflict = { line: 2, where: "row 2: amount", reason: "110 is stored; pass onConflict=replace" };
  const fault = { line: 3, where: "row 3: date", reason: "odd" };
  const { root } = await opened({
    previews: [
      { ...REPORT, error: 2, errors: [conflict, fault] },
      { ...REPORT, error: 1, errors: [fault] },
    ],
  });
  choose(root);
  await until(isReady(root));
  assert.equal(root.querySelector(".preview [type=checkbox]"), null);
  decided(root, EN.conflictWays.skip).click();
  await until(() => decided(root, EN.skipFaulty(1, "1")));
  assert.ok(decided(root, EN.conflictWays.skip).checked);
});

test("a file in which every row is faulty cannot be imported, and nothing is to be decided", async () => {
  const errors = [{ line: 2, where: "row 2: date", reason: "odd" }];
  const { root } = await previewed({ success: 0, rows: [], error: 1, errors });
  assert.ok(importButton(root).disabled);
  assert.equal(root.querySelector("#import-waits").textContent, EN.nothingLeft);
  assert.equal(root.querySelector(".preview [type=checkbox]"), null);
});

const readOf = (root) =>
  textOf(root) + [...root.querySelectorAll("[aria-label]")].map((each) => each.getAttribute("aria-label")).join(" ");

test("a name is shown in its order, whatever it holds", async () => {
  const name = "a\u202efdp\u2066.csv";
  const { root } = await opened({
    previews: [{ ...REPORT, columns: { date: "D\u202e1" }, ignoredColumns: ["\u202bN"], error: 1, errors: [FLAW] }],
    imports: [DONE],
    list: [{ ...RECORD, fileName: name }],
  });
  choose(root, "x\u202e\n\u202e31.02.;\u202e5\n3\n", name);
  await until(() => isReady(root)() && root.querySelector(".imports li"));
  assert.equal(root.querySelector("#preview-title").textContent, "afdp.csv");
  assert.doesNotMatch(readOf(root), /[\u202a-\u202e\u2066-\u2069]/);
  decided(root, EN.skipFaulty(1, "1")).click();
  await until(() => !importButton(root).disabled);
  importButton(root).click();
  await until(() => root.querySelector("#done-title"));
  assert.doesNotMatch(readOf(root), /[\u202a-\u202e\u2066-\u2069]/);
});

test("a file that brings nothing new says so", async () => {
  const { root } = await previewed({ success: 0, skipped: 2 });
  assert.ok(importButton(root).disabled);
  assert.ok(root.textContent.includes(EN.nothingNew));
  assert.match(textOf(root.querySelector(".counts")), /0 new 2 there already/);
});

for (const [why, content, text] of [
  ["empty", " \n\n", EN.isEmpty],
  ["a workbook", "PK\u0003\u0004...", EN.isWorkbook],
  ["of five megabytes", "x".repeat(5 * 1024 * 1024), EN.isTooLarge("4")],
]) {
  test(`a file that is ${why} is not sent, and the next one may follow`, async () => {
    const { root, sent } = await opened({ previews: [REPORT] });
    choose(root, content);
    await until(isShown(root, text));
    assert.deepEqual(sent, []);
    choose(root);
    await until(isReady(root));
    assert.ok(!root.textContent.includes(text));
  });
}

test("a file that cannot be opened is said", async () => {
  const { root } = await opened();
  const input = root.querySelector("input[type=file]");
  const file = { name: "folder", size: 4096, arrayBuffer: () => Promise.reject(new Error("a directory")) };
  Object.defineProperty(input, "files", { value: [file], configurable: true });
  input.dispatchEvent(new Event("change", { bubbles: true }));
  await until(isShown(root, EN.cannotOpen));
});

async function paste(root, text) {
  const area = root.querySelector("textarea");
  area.value = text;
  area.dispatchEvent(new Event("input", { bubbles: true }));
  await new Promise((resolve) => setTimeout(resolve, 20));
  buttonOf(root, EN.readPasted).click();
}

test("what was pasted is read like a file, and kept until it is imported", async () => {
  const { root, sent, value } = await opened({ previews: [REPORT], imports: [DONE] });
  await paste(root, FILE);
  await until(isReady(root));
  assert.deepEqual([sent[0].name, sent[0].type, sent[0].text], [EN.pastedName, "text/csv", FILE]);
  assert.equal(value.drafts.kept.csv_import, FILE);
  importButton(root).click();
  await until(() => root.querySelector("#done-title"));
  assert.equal(value.drafts.has("csv_import"), false);
  assert.equal(root.querySelector("textarea").value, "");
});

test("importing a file leaves the pasted text that was not imported, and no file is chosen any more", async () => {
  const { Drafts } = await import(new URL("page/component.js", WEB));
  const { root, value } = await previewed({}, { drafts: new Drafts({ csv_import: FILE }) });
  const input = root.querySelector("input[type=file]");
  let cleared = null;
  Object.defineProperty(input, "value", { set: (text) => (cleared = text), configurable: true });
  importButton(root).click();
  await until(() => root.querySelector("#done-title"));
  assert.equal(value.drafts.kept.csv_import, FILE);
  assert.equal(root.querySelector("textarea").value, FILE);
  assert.equal(cleared, "");
});

test("text that was kept is there again, and a very long one is not kept", async () => {
  const { Drafts } = await import(new URL("page/component.js", WEB));
  const { root, value } = await opened({ drafts: new Drafts({ csv_import: FILE }) });
  assert.equal(root.querySelector("textarea").value, FILE);
  assert.ok(root.querySelector("textarea").closest("details").open);
  root.querySelector("textarea").value = "x".repeat(300_000);
  root.querySelector("textarea").dispatchEvent(new Event("input", { bubbles: true }));
  assert.equal(value.drafts.has("csv_import"), false);
});

test("an export comes back whole: what else it changes is said, and nothing about columns is asked", async () => {
  const found = { encoding: null, delimiter: null, decimal: null, dateOrder: null, headerLine: null, columns: {} };
  const configurations = [{ type: "gas", modulus: 1000, runsBackwards: false, exchanges: [{}] }];
  const { root, sent } = await opened({
    previews: [
      { ...REPORT, ...found, success: 0, rows: [], ignoredColumns: [], configurations, zone: "America/New_York" },
    ],
  });
  await paste(root, '{"exportVersion": 1, "readings": []}');
  await until(isReady(root));
  assert.equal(sent[0].type, "application/json");
  assert.ok(root.textContent.includes(EN.changesZone("America/New_York")));
  assert.ok(root.textContent.includes(EN.changesMeter("Gas", 1)));
  assert.equal(controlOf(root, EN.options.delimiter), undefined);
  assert.equal(importButton(root).disabled, false);
});

function drop(root, files, text = "", place = root.querySelector(".drop")) {
  const event = new Event("drop", { bubbles: true, cancelable: true });
  event.dataTransfer = { files, types: files.length ? ["Files"] : ["text/plain"], getData: () => text };
  place.dispatchEvent(event);
  return event;
}

test("a file may be dropped; of several none is taken", async () => {
  const { root, sent } = await opened({ previews: [REPORT] });
  await until(isShown(root, EN.noImports));
  const files = [new File([FILE], "a.csv"), new File([FILE], "b.csv")];
  assert.ok(drop(root, files).defaultPrevented);
  await until(isShown(root, EN.oneFile));
  assert.deepEqual(sent, []);
  drop(root, [files[1]]);
  await until(isReady(root));
  assert.equal(sent[0].name, "b.csv");
  assert.ok(!root.textContent.includes(EN.oneFile));
});

test("a file that is slow to read does not take the place of a later one", async () => {
  const { root, sent } = await opened({ previews: [REPORT] });
  await until(isShown(root, EN.noImports));
  let read = null;
  const slow = { name: "slow.csv", size: 9, arrayBuffer: () => new Promise((resolve) => (read = resolve)) };
  drop(root, [slow]);
  drop(root, [new File([FILE], "fast.csv")]);
  await until(isReady(root));
  read(new TextEncoder().encode(FILE).buffer);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(root.querySelector("#preview-title").textContent, "fast.csv");
  assert.deepEqual(
    sent.map(({ name }) => name),
    ["fast.csv"],
  );
});

test("a file that is dropped beside the view is taken, once, and never opened in place of the page", async () => {
  const { root, sent } = await opened({ previews: [REPORT] });
  await until(isShown(root, EN.noImports));
  const over = new Event("dragover", { bubbles: true, cancelable: true });
  document.body.dispatchEvent(over);
  assert.ok(over.defaultPrevented);
  await until(() => root.querySelector(".drop.over"));
  assert.ok(drop(root, [new File([FILE], "a.csv")], "", document.body).defaultPrevented);
  await until(isReady(root));
  assert.deepEqual(
    sent.map(({ name }) => name),
    ["a.csv"],
  );
  assert.equal(root.querySelector(".drop.over"), null);
});

test("a view that is closed leaves dropping to the page", async () => {
  const { root, value } = await opened();
  await until(isShown(root, EN.noImports));
  const { render } = await import(new URL("vendor/preact.js", WEB));
  render(null, root);
  assert.equal(drop(root, [new File([FILE], "a.csv")], "", document.body).defaultPrevented, false);
  assert.equal(value.drafts.has("csv_file"), false);
});

test("text that is dropped into the field, or beside the view, is no file", async () => {
  const { root, sent } = await opened({ previews: [REPORT] });
  await until(isShown(root, EN.noImports));
  assert.equal(drop(root, [], FILE, root.querySelector("textarea")).defaultPrevented, false);
  assert.equal(drop(root, [], "http://any.example/", document.body).defaultPrevented, true);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(sent, []);
});

test("text may be dropped too", async () => {
  const { root, sent } = await opened({ previews: [REPORT] });
  await until(isShown(root, EN.noImports));
  drop(root, [], FILE);
  await until(isReady(root));
  assert.equal(sent[0].text, FILE);
});

test("whatever a file holds is text", async () => {
  const evil = '<img src=x onerror="alert(1)">';
  const { root } = await previewed(
    {
      columns: { date: evil, amount: "=HYPERLINK(1)" },
      ignoredColumns: [evil],
      error: 1,
      errors: [{ line: 2, where: "row 2: amount", reason: evil }],
      warning: 1,
      warnings: [{ line: 1, code: evil, reason: evil }],
    },
    { content: `date;amount\n${evil};\u202e5\n`, list: [{ ...RECORD, fileName: evil }] },
  );
  await until(() => root.querySelector(".imports li"));
  assert.equal(root.querySelector("img, script"), null);
  assert.ok(listOf(root, "faulty")[0].includes(evil));
  assert.ok(listOf(root, "doubtful")[0].includes(EN.doubts.other));
  for (const code of root.querySelectorAll(".flaws code"))
    assert.ok(code.querySelector("bdi"), "right to left stays within");
});

test("after an erasure it is said from when on one can start again", async () => {
  const erased = { detail: "no", code: "ACCOUNT_ERASED", opensAt: "2024-03-15T11:00:00.000Z" };
  const { root } = await opened({ previews: [json(erased, 409)] });
  choose(root);
  await until(isShown(root, "Your data was erased. You can start again from"));
});

for (const [status, said] of [
  [503, "cannot be shown"],
  [413, EN.isTooLarge("4")],
]) {
  test(`a failure of the server (${status}) is said`, async () => {
    const { root } = await opened({ previews: [refused("away", status), REPORT] });
    choose(root);
    await until(isShown(root, said));
    if (status === 413) return;
    buttonOf(root.querySelector(".preview"), "Try again").click();
    await until(isReady(root));
  });
}

const isExpired = () => json({ detail: "the token has expired" }, 401);

/** Press the button that leads to signing in again; whether the page gets the event. */
async function signsIn(root, place) {
  await until(() => buttonOf(root.querySelector(place) ?? root, WORDS.en.signInAgain), place);
  let told = 0;
  document.addEventListener("sign-in-again", () => {
    told += 1;
  });
  buttonOf(root.querySelector(place), WORDS.en.signInAgain).click();
  return told === 1;
}

test("who is not signed in any more is led to signing in, not to trying again", async () => {
  const { root } = await opened({
    previews: [isExpired()],
    list: [RECORD],
    undo: isExpired,
    save: isExpired,
  });
  choose(root);
  assert.ok(await signsIn(root, ".preview"));
  assert.equal(buttonOf(root.querySelector(".preview"), WORDS.en.tryAgain), undefined);
  await until(() => buttonOf(root, EN.undo));
  buttonOf(root, EN.undo).click();
  await until(() => buttonOf(root, EN.undoYes));
  buttonOf(root, EN.undoYes).click();
  assert.ok(await signsIn(root, ".undo"));
  root.querySelector("form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  assert.ok(await signsIn(root, "form"));
});

test("an import by somebody who is not signed in any more leads there once, and keeps what was decided", async () => {
  const { root, sent } = await previewed({ warning: 1, warnings: [DOUBT] }, { imports: [isExpired()] });
  decided(root, EN.doubtWays.take).click();
  await until(() => !importButton(root).disabled);
  const before = sent.length;
  importButton(root).click();
  assert.ok(await signsIn(root, ".preview"));
  assert.equal(sent.length, before + 1);
  assert.ok(decided(root, EN.doubtWays.take).checked);
  assert.equal(root.querySelectorAll(".preview .hint").length, 1);
});

test("a file that was chosen is there again after signing in, byte by byte, until it is imported", async () => {
  const { Drafts } = await import(new URL("page/component.js", WEB));
  const content = new Uint8Array([...Buffer.from("Datum;Z"), 0xe4, ...Buffer.from("hler;Stand\n1.1.2023;power;1\n")]);
  const before = await opened({ previews: [isExpired()] });
  choose(before.root, content, "z.csv");
  await until(isShown(before.root, WORDS.en.signInAgain));
  const typed = JSON.parse(JSON.stringify(before.value.drafts.kept));
  const { root, value, sent } = await opened({ previews: [REPORT], imports: [DONE], drafts: new Drafts(typed) });
  await until(isReady(root));
  assert.equal(root.querySelector("#preview-title").textContent, "z.csv");
  assert.deepEqual(
    sent.map(({ name, text }) => [name, text]),
    [["z.csv", new TextDecoder().decode(content)]],
  );
  const [kept] = Object.values(typed);
  assert.deepEqual([...SourceFile.ofKept(kept).bytes], [...content]);
  importButton(root).click();
  await until(() => root.querySelector("#done-title"));
  assert.deepEqual(value.drafts.kept, {});
});

test("a file of a megabyte is not kept, and takes the place of the one that was", async () => {
  const { root, value } = await opened({ previews: [REPORT] });
  choose(root);
  await until(isReady(root));
  assert.ok(value.drafts.has("csv_file"));
  choose(root, "x".repeat(1024 * 1024), "large.csv");
  await until(isShown(root, "large.csv"));
  assert.equal(value.drafts.has("csv_file"), false);
});

test("a lost connection while importing is said, and what came of it is asked", async () => {
  const { root, sent } = await opened({ previews: [REPORT], imports: [refused("away", 502)] });
  choose(root);
  await until(isReady(root));
  const before = sent.length;
  importButton(root).click();
  await until(() => sent.length === before + 2, "it is asked again");
  assert.equal(sent.at(-1).query.preview, "true");
  await until(isShown(root, "cannot be shown"));
});

test("an import that is refused after all says so, with the present preview", async () => {
  const { root } = await opened({
    previews: [REPORT, { ...REPORT, success: 0, skipped: 2 }],
    imports: [refused("others are doubtful too")],
  });
  choose(root);
  await until(isReady(root));
  importButton(root).click();
  await until(isShown(root, EN.nothingNew));
  assert.ok(root.textContent.includes(EN.refused) && root.textContent.includes("others are doubtful too"));
  assert.equal(root.querySelector("#done-title"), null);
});

test("an answer that another one has overtaken is not shown", async () => {
  const waiting = [];
  const fetch = async (url, { method }) => {
    if (method === "GET") return json({ imports: [], nextCursor: null, readings: [], zone: "Europe/Berlin" });
    return new Promise((resolve) => waiting.push([url, resolve]));
  };
  const { root } = await drawn(CsvImport, fetch);
  choose(root);
  await until(() => waiting.length === 1);
  waiting[0][1](json(REPORT));
  await until(isReady(root));
  pick(controlOf(root, EN.options.type), "gas");
  await until(() => waiting.length === 2);
  pick(controlOf(root, EN.options.type), "power");
  await until(() => waiting.length === 3);
  waiting[2][1](json({ ...REPORT, success: 33 }));
  await until(isShown(root, "Import 33 readings"));
  waiting[1][1](json({ ...REPORT, success: 22 }));
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(root.textContent.includes("Import 33 readings"));
});

test("an import may be undone at once", async () => {
  const { root, asked } = await previewed({});
  importButton(root).click();
  await until(() => root.querySelector("#done-title"));
  buttonOf(root, EN.undo).click();
  await until(isShown(root, EN.undone("3", "1")));
  assert.ok(asked.includes("DELETE /components/csv_import/i1"));
});

test("an import that was undone in the list is not offered to be undone above, and the other way round", async () => {
  const undo = () => json({ ...UNDONE, keptCount: 2 });
  for (const place of [".imports .undo", ".preview .undo"]) {
    const { root } = await previewed({}, { undo, list: [{ ...RECORD, id: "i1" }] });
    importButton(root).click();
    await until(() => root.querySelectorAll(".undo button").length === 2);
    buttonOf(root.querySelector(place), EN.undo).click();
    await until(() => root.querySelectorAll(".undo button").length !== 2 || buttonOf(root, EN.undoYes));
    buttonOf(root, EN.undoYes)?.click();
    await until(isShown(root, EN.kept("2")));
    assert.equal(root.querySelectorAll(".undo button").length, 0);
    const said = [...root.querySelectorAll(".undo [role=status]")].filter((status) => textOf(status));
    assert.equal(said.length, 1, "it is announced once");
    assert.ok(said[0].closest(place));
  }
});

test("the list says what each import brought, in the zone of the household", async () => {
  const undone = { ...RECORD, id: "i8", fileName: null, state: "undone", undoneAt: "2023-06-01T22:30:00.000Z" };
  const { root } = await opened({ list: [RECORD, undone] });
  await until(() => root.querySelectorAll(".imports > li").length === 2);
  const [first, second] = [...root.querySelectorAll(".imports > li")].map(textOf);
  assert.match(
    first,
    /^old\.csv May 1, 2023, 12:00 PM Gas, Electricity, Jan 31, 2023 to Feb 28, 2023 3 stored ?1 replaced/,
  );
  assert.match(second, /File without a name/);
  assert.match(second, /Undone on Jun 2, 2023, 12:30 AM/);
  assert.equal(root.querySelectorAll(".imports button").length, 1);
});

test("an earlier import is undone after a question, and what was kept is said", async () => {
  const undo = () => json({ ...UNDONE, keptCount: 2, configurationsKept: ["gas"] });
  const { root, asked } = await opened({ list: [RECORD], undo });
  await until(() => buttonOf(root, EN.undo));
  assert.match(buttonOf(root, EN.undo).getAttribute("aria-label"), /old\.csv/);
  buttonOf(root, EN.undo).click();
  await until(isShown(root, EN.undoSure));
  assert.ok(!asked.some((each) => each.startsWith("DELETE")));
  buttonOf(root, EN.undoNo).click();
  await until(() => buttonOf(root, EN.undo));
  buttonOf(root, EN.undo).click();
  await until(() => buttonOf(root, EN.undoYes));
  buttonOf(root, EN.undoYes).click();
  await until(isShown(root, EN.kept("2")));
  assert.ok(root.textContent.includes(EN.keptSettings("Gas")));
  assert.ok(asked.includes("DELETE /components/csv_import/i7"));
});

test("what came of undoing stays when the list has been loaded again, and so does the focus", async () => {
  let isUndone = false;
  const list = () => ({
    imports: [{ ...RECORD, undoneAt: isUndone ? "2023-06-01T22:30:00.000Z" : null }],
    nextCursor: null,
  });
  const undo = () => {
    isUndone = true;
    return json({ ...UNDONE, meters: [{ type: "power", sourceVersion: 4 }] });
  };
  const { root, asked } = await opened({ list, undo });
  await until(() => buttonOf(root, EN.undo));
  const lists = () => asked.filter((each) => each === "GET /components/csv_import").length;
  buttonOf(root, EN.undo).click();
  await until(() => buttonOf(root, EN.undoYes));
  assert.equal(document.activeElement, root.querySelector(".undo"));
  const before = lists();
  buttonOf(root, EN.undoYes).click();
  await until(() => lists() > before);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(root.textContent.includes(EN.undone("3", "1")));
  assert.equal(buttonOf(root, EN.undo), undefined);
  assert.equal(document.activeElement, root.querySelector(".undo"));
});

test("undoing that fails may be tried again", async () => {
  const answers = [refused("away", 503), json(UNDONE)];
  const { root } = await opened({ list: [RECORD], undo: () => answers.shift() });
  for (const said of [EN.undoFailed, EN.undone("3", "1")]) {
    await until(() => buttonOf(root, EN.undo));
    buttonOf(root, EN.undo).click();
    await until(() => buttonOf(root, EN.undoYes));
    buttonOf(root, EN.undoYes).click();
    await until(isShown(root, said));
  }
});

test("older imports are shown on request", async () => {
  const list = ({ cursor }) => ({
    imports: [{ ...RECORD, id: cursor ?? "first", fileName: `${cursor ?? "first"}.csv` }],
    nextCursor: cursor ? null : "older",
  });
  const { root } = await opened({ list });
  await until(() => buttonOf(root, EN.showMore));
  buttonOf(root, EN.showMore).click();
  await until(isShown(root, "older.csv"));
  assert.ok(root.textContent.includes("first.csv"));
  assert.equal(buttonOf(root, EN.showMore), undefined);
});

test("no import yet is said, and a list that fails leaves the rest usable", async () => {
  const { root } = await opened();
  await until(isShown(root, EN.noImports));
  const failing = await opened({
    list: () => {
      throw new TypeError("offline");
    },
    previews: [REPORT],
  });
  await until(isShown(failing.root, "Try again"));
  choose(failing.root);
  await until(isReady(failing.root));
});

/** Save a file; returns what the browser would have written, and what the application was asked for. */
async function saved({ language = "en", change = () => {}, parts }) {
  const queries = [];
  const { root } = await opened({
    language,
    save: (query) => {
      queries.push(query);
      return parts[queries.length - 1]();
    },
  });
  const blobs = [];
  const links = [];
  const { createObjectURL } = URL;
  URL.createObjectURL = (blob) => {
    blobs.push(blob);
    return "blob:saved";
  };
  document.addEventListener("click", (event) => {
    if (!event.target.download) return;
    event.preventDefault();
    links.push(event.target.download);
  });
  const words = FILE_WORDS[language];
  try {
    change(root);
    await new Promise((resolve) => setTimeout(resolve, 20));
    root.querySelector("form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
    await until(() => root.querySelector("form [role=status]").textContent && !buttonOf(root, words.save).disabled);
  } finally {
    URL.createObjectURL = createObjectURL;
  }
  return { root, queries, links, text: blobs[0] && (await blobs[0].text()), type: blobs[0]?.type };
}

const part =
  (content, { type = "text/csv; charset=utf-8", name = "energy-2024-03-01.csv", next } = {}) =>
  () =>
    new Response(content, {
      headers: {
        "Content-Type": type,
        "Content-Disposition": `attachment; filename="${name}"`,
        ...(next && {
          Link: `<http://localhost:3100/api/components/csv_import/export?format=csv&cursor=${next}>; rel="next"`,
        }),
      },
    });

test("the parts of an export become one file with one header", async () => {
  const header = "date,type,amount\n";
  const { root, queries, links, text, type } = await saved({
    parts: [
      part(`${header}2024-01-01T00:00:00+01:00,power,1\n2024-02-01T00:00:00+01:00,power,2\n`, { next: "c%2F2" }),
      part(`${header}2024-03-01T00:00:00+01:00,power,3\n`, { name: "energy-2024-03-01-from-2024-03-01.csv" }),
    ],
  });
  assert.equal(
    text,
    `${header}2024-01-01T00:00:00+01:00,power,1\n2024-02-01T00:00:00+01:00,power,2\n2024-03-01T00:00:00+01:00,power,3\n`,
  );
  assert.deepEqual(queries, [
    { format: "csv", decimal: "." },
    { format: "csv", decimal: ".", cursor: "c/2" },
  ]);
  assert.deepEqual(links, ["energy-2024-03-01.csv"]);
  assert.match(type, /^text\/csv/);
  assert.ok(root.textContent.includes(EN.saved("3", "energy-2024-03-01.csv")));
});

test("a range and a meter are asked for as they were chosen, with the decimal comma of the language", async () => {
  const { queries } = await saved({
    language: "de",
    change: (root) => {
      pick(controlOf(root.querySelector("form"), WORDS.de.meter), "gas");
      pick(controlOf(root.querySelector("form"), DE.from), "2024-02-29");
      pick(controlOf(root.querySelector("form"), DE.to), "2024-03-31");
    },
    parts: [part("date;type;amount\n")],
  });
  assert.deepEqual(queries, [{ format: "csv", type: "gas", from: "2024-02-29", to: "2024-03-31", decimal: "," }]);
});

test("a JSON export keeps its settings and joins its readings", async () => {
  const like = { type: "application/json", name: "energy-2024-03-01.json" };
  const head = { exportVersion: 1, settings: { zone: "Europe/Berlin" }, meters: [] };
  const { queries, text, links } = await saved({
    change: (root) => pick(controlOf(root, EN.format), "json"),
    parts: [
      part(JSON.stringify({ ...head, readings: [{ amount: 1 }] }), { ...like, next: "2" }),
      part(JSON.stringify({ exportVersion: 1, readings: [{ amount: 2.5 }] }), like),
    ],
  });
  assert.deepEqual(queries[0], { format: "json" });
  assert.deepEqual(JSON.parse(text), { ...head, readings: [{ amount: 1 }, { amount: 2.5 }] });
  assert.deepEqual(links, ["energy-2024-03-01.json"]);
});

test("who saves more than can be brought back at once gets a message", async () => {
  const { root } = await saved({ parts: [part("x\n".repeat(3 * 1024 * 1024))] });
  assert.ok(root.textContent.includes(EN.savedLarge));
});

test("a range that ends before it begins is not asked for, and a failure saves nothing", async () => {
  const wrong = await saved({
    change: (root) => {
      pick(controlOf(root, EN.from), "2024-03-01");
      pick(controlOf(root, EN.to), "2024-02-01");
    },
    parts: [],
  });
  assert.ok(wrong.root.textContent.includes(EN.rangeWrong));
  assert.deepEqual(wrong.queries, []);
  const failed = await saved({ parts: [part("date,type,amount\n", { next: "2" }), () => refused("away", 503)] });
  assert.ok(failed.root.textContent.includes(EN.saveFailed));
  assert.deepEqual(failed.links, []);
});

test("it speaks German, and marks what the application says in English", async () => {
  const { root } = await previewed(
    { warning: 1, warnings: [DOUBT], error: 1, errors: [{ line: 3, where: "row 3: date", reason: "odd" }] },
    { language: "de" },
  );
  assert.ok(root.textContent.includes("Niedriger als der Stand davor."));
  await until(isShown(root, "1.234,5"));
  assert.ok([...root.querySelectorAll(".flaws small")].every((each) => each.lang === "en"));
  assert.equal(importButton(root).textContent.trim(), "2 Stände importieren");
});

for (const [detail, said] of [
  [
    "missing column type; the header in line 1 has Datum, Stand: name it type, pass typeColumn=, or pass type=power or " +
      "type=gas for the whole file",
    [DE.lacks("Zähler"), DE.ask.type, DE.ask.typeColumn],
  ],
  [
    'missing column date, amount; no header in the first 20 lines, the first line is "x": add a line such as date;amount',
    [DE.lacks("Datum, Stand")],
  ],
  ['two columns for the amount: "Stand" and "Wert"; pass amountColumn= with the name of one of them', ["twoColumns"]],
  ['the unit of column "Gas (l)" must be m3 for gas: convert the amounts and rename it', ["unit"]],
  ['date "1/31/2023" (line 2) exists month first, not day first: pass dateOrder=mdy, or dateOrder=dmy', ["monthFirst"]],
  ["more than 50000 rows; split the file", ["tooManyRows"]],
  ['no header with the delimiter "tab": line 1 is one with ";"; leave delimiter= out', ["delimiter"]],
  ["the file is neither UTF-8 nor Windows-1252 (line 1): save it as CSV UTF-8", ["characters"]],
  ["line 3: unexpected end of data; is a quotation mark open or out of place?", ["quotes"]],
]) {
  test(`in German the page says itself what is wrong: ${detail.slice(0, 30)}`, async () => {
    const { root } = await opened({ previews: [refused(detail)], language: "de" });
    choose(root);
    await until(isShown(root, DE.notUnderstood));
    const alert = root.querySelector(".preview [role=alert]");
    for (const each of said) assert.ok(textOf(alert).includes(DE.reasons[each] ?? each), textOf(alert));
    assert.doesNotMatch(root.textContent, /\w=/, "no name of a parameter");
    const details = alert.querySelector("details");
    assert.ok(!details.open && details.querySelector("[lang=en]"));
    details.remove();
    assert.doesNotMatch(alert.textContent, /column|pass |line/);
  });
}

test("every control has a name and is one that the keyboard knows", async () => {
  const { root } = await previewed({ warning: 1, warnings: [DOUBT] }, { list: [RECORD] });
  for (const control of root.querySelectorAll("button, input, select, textarea")) {
    assert.ok((control.closest("label") ?? control).textContent.trim(), control.outerHTML);
    assert.ok(!(Number(control.getAttribute("tabindex")) > 0));
  }
  for (const region of root.querySelectorAll(".rows")) {
    assert.equal(region.getAttribute("tabindex"), "0");
    assert.ok(root.querySelector(`#${region.getAttribute("aria-labelledby")}`).textContent);
  }
});

test("a line is found whatever ends it, in each encoding that is read", () => {
  const utf16 = (text, first, second) =>
    Buffer.from([
      first,
      second,
      ...[...text].flatMap((sign) => (first === 0xff ? [sign.charCodeAt(0), 0] : [0, sign.charCodeAt(0)])),
    ]);
  const cases = [
    [Buffer.from("a\r\nZähler\rc"), "utf-8", "Zähler"],
    [Buffer.from("a\nZ\u00e4hler\n", "latin1"), "windows-1252", "Zähler"],
    [utf16("a\nZ\u00e4hler", 0xff, 0xfe), "utf-16", "Zähler"],
    [utf16("a\nZ\u00e4hler", 0xfe, 0xff), "utf-16", "Zähler"],
  ];
  for (const [bytes, encoding, wanted] of cases) {
    const source = new SourceFile("a.csv", new Uint8Array(bytes), false);
    assert.equal(source.line(2, encoding), wanted);
    assert.equal(source.line(9, encoding), "");
  }
  assert.throws(() => SourceFile.ofText("x".repeat(5 * 1024 * 1024), "t"), UnusableFile);
});
