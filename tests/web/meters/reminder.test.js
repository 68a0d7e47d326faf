/** The reminder: a file that calendars take, whatever text and time it has. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { WEB } from "../surroundings.js";

const { calendarOf } = await import(new URL("meters/reminder.js", WEB));
const SAID = { id: "an-id", url: "https://energy.example/api/", summary: "Read", description: "Type it" };
const NOW = new Date(2024, 1, 28, 12); // as this device's clock shows it

const file = (monthly, said = {}) => calendarOf(monthly, { now: NOW, ...SAID, ...said });
const first = (text) => /^DTSTART:(.*)\r$/m.exec(text)[1];

test("it begins with the next time that is one of the rule's", () => {
  assert.equal(first(file({ day: 28, time: "18:30" })), "20240228T183000");
  assert.equal(first(file({ day: 28, time: "09:05" })), "20240328T090500");
  assert.equal(first(file({ day: 1, time: "18:00" })), "20240301T180000");
  assert.equal(first(file({ day: -1, time: "18:00" })), "20240229T180000");
  assert.equal(first(file({ day: -1, time: "18:00" }, { now: new Date(2024, 1, 29, 19) })), "20240331T180000");
  assert.equal(first(file({ day: 3, time: "18:00" }, { now: new Date(2024, 11, 24) })), "20250103T180000");
});

test("each line ends as RFC 5545 wants it, and none is longer than 75 bytes", () => {
  const text = file({ day: 1, time: "18:00" }, { summary: "Zähler 🔥 ablesen ".repeat(20) });
  assert.ok(text.endsWith("END:VCALENDAR\r\n"));
  const lines = text.split("\r\n");
  assert.ok(lines.every((line) => !/[\r\n]/.test(line) && new TextEncoder().encode(line).length <= 75));
  const summary = lines
    .join("\n")
    .replaceAll("\n ", "")
    .split("\n")
    .find((line) => line.startsWith("SUMMARY:"));
  assert.equal(summary, `SUMMARY:${"Zähler 🔥 ablesen ".repeat(20)}`);
});

test("signs that mean something in a calendar are text", () => {
  const text = file({ day: 1, time: "18:00" }, { summary: "a;b,c\\d\nEND:VEVENT" });
  assert.ok(text.includes("SUMMARY:a\\;b\\,c\\\\d\\nEND:VEVENT\r\n"));
});
