/** Bringing a file: what it means is shown first; then it is imported, listed, taken back; and what is there is saved. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { shown as drawn, json, until, WEB } from "./surroundings.js";

const { FILE_WORDS } = await import(new URL("components/csv_words.js", WEB));
const { CsvImport } = await import(new URL("components/csv_import.js", WEB));

const EN = FILE_WORDS.en;
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
const UNDONE = { importId: "i7", state: "undone", removed: 3, restored: 1, keptCount: 0, kept: [], meters: [] };
const FILE = "Datum;Art;Stand;Notiz\n01.04.2023;power;1.234,5\n31.02.2023;power;5\n";

const refused = (detail, status = 422) => json({ detail, status }, status);

/** The view in front of an application that answers a preview and an import as told; ``sent`` are the imports. */
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
const textOf = (element) => element.textContent.replaceAll(/\s+/g, " ").trim();

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
  const facts = textOf(root.querySelector(".facts"));
  for (const fact of ["Reading: column “Stand”", "line 1", "UTF-8", "Not used: Notiz"]) assert.ok(facts.includes(fact));
  assert.equal(controlOf(root, EN.options.decimal).selectedOptions[0].textContent, "Comma (found)");
});

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
  await until(isShown(root, "Imported: meter.csv"));
  assert.deepEqual(sent.at(-1).query, {});
  assert.match(textOf(root.querySelector(".preview")), /2 stored/);
  assert.equal(root.querySelector(".preview a").getAttribute("href"), "#overview");
  await until(() => lists() > before, "the list is loaded again");
});
