/** A reminder to read the meters: a file for a calendar (RFC 5545), made in the browser. The application knows of none. */

import { download } from "../page/saving.js";
import { html, useState } from "../vendor/preact.js";
import { useMeterWords } from "./meter_words.js";

const LAST_DAY = -1; // as RFC 5545 counts from the end of a month
const DAYS = [...Array.from({ length: 28 }, (_, index) => index + 1), LAST_DAY]; // which every month has
const LINE_BYTES = 74; // 75 are allowed, and a line that goes on begins with a space
const CALENDAR = "text/calendar; charset=utf-8";

/** @typedef {{day: number, time: string}} Monthly */
/** @typedef {{now: Date, id: string, url: string, summary: string, description: string}} Said */

export function Reminder() {
  const { reminder } = useMeterWords();
  const [chosen, setChosen] = useState(/** @type {Monthly} */ ({ day: LAST_DAY, time: "18:00" }));
  const choose = (/** @type {Partial<Monthly>} */ change) => setChosen((now) => ({ ...now, ...change }));
  const valueIn = (/** @type {Event} */ event) => /** @type {HTMLInputElement} */ (event.target).value;
  const save = (/** @type {Event} */ event) => {
    event.preventDefault();
    const url = location.href.split("#")[0];
    const { summary, description } = reminder;
    const said = { now: new Date(), id: crypto.randomUUID(), url, summary, description: `${description} ${url}` };
    download(reminder.file, new Blob([calendarOf(chosen, said)], { type: CALENDAR }));
  };
  return html`
    <section class="component" aria-labelledby="reminder-title">
      <h2 id="reminder-title">${reminder.title}</h2>
      <p class="explained">${reminder.means}</p>
      <form class="reminder" onSubmit=${save}>
        <label>
          ${reminder.day}
          <select name="day" value=${chosen.day} onChange=${(/** @type {Event} */ event) => choose({ day: Number(valueIn(event)) })}>
            ${DAYS.map((day) => html`<option value=${day} selected=${day === chosen.day}>${day === LAST_DAY ? reminder.last : day}</option>`)}
          </select>
        </label>
        <label>
          ${reminder.time}
          <input type="time" name="time" required value=${chosen.time} onInput=${(/** @type {Event} */ event) => choose({ time: valueIn(event) })} />
        </label>
        <button type="submit" class="inline">${reminder.download}</button>
      </form>
    </section>
  `;
}

/**
 * A calendar with one event, each month at the same time of whatever clock the person looks at.
 * @param {Monthly} monthly
 * @param {Said} said
 */
export function calendarOf(monthly, { now, id, url, summary, description }) {
  const stamp = now.toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const lines = [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//Energy Monitor//Reminder//EN",
    "BEGIN:VEVENT",
    `UID:${id}`,
    `DTSTAMP:${stamp}`,
    `DTSTART:${firstOf(monthly, now)}`,
    "DURATION:PT15M",
    `RRULE:FREQ=MONTHLY;BYMONTHDAY=${monthly.day}`,
    `SUMMARY:${escaped(summary)}`,
    `DESCRIPTION:${escaped(description)}`,
    `URL:${url}`,
    "BEGIN:VALARM",
    "ACTION:DISPLAY",
    `DESCRIPTION:${escaped(summary)}`,
    "TRIGGER:PT0S",
    "END:VALARM",
    "END:VEVENT",
    "END:VCALENDAR",
  ];
  return lines.map((line) => `${folded(line)}\r\n`).join("");
}

/**
 * The first time that is still ahead, as the clock of this device shows it: it has to be one of those of the rule.
 * @param {Monthly} monthly
 * @param {Date} now
 */
function firstOf({ day, time }, now) {
  const [hours, minutes] = time.split(":").map(Number);
  const inMonth = (/** @type {number} */ ahead) => {
    const month = now.getMonth() + ahead;
    return day === LAST_DAY
      ? new Date(now.getFullYear(), month + 1, 0, hours, minutes)
      : new Date(now.getFullYear(), month, day, hours, minutes);
  };
  const first = [0, 1].map(inMonth).find((date) => date > now) ?? now;
  const padded = (/** @type {number} */ number) => String(number).padStart(2, "0");
  const date = [first.getFullYear(), padded(first.getMonth() + 1), padded(first.getDate())].join("");
  return `${date}T${time.replace(":", "")}00`;
}

const escaped = (/** @type {string} */ text) => text.replaceAll(/[\\;,]/g, "\\$&").replaceAll("\n", "\\n");

/**
 * A line in pieces of as many bytes as RFC 5545 allows; no character is cut.
 * @param {string} line
 */
function folded(line) {
  const size = (/** @type {string} */ text) => new TextEncoder().encode(text).length;
  const pieces = [""];
  for (const character of line) {
    if (size(pieces[pieces.length - 1] + character) > LINE_BYTES) pieces.push("");
    pieces[pieces.length - 1] += character;
  }
  return pieces.join("\r\n ");
}
