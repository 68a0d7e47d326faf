/** Words, numbers and dates: both languages complete, local dates never moved by a zone. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStorage, WEB } from "../surroundings.js";

const { languageOf, WORDS } = await import(new URL("page/words.js", WEB));
const { dayNumber, dayText, Formats, localeOf, localParts, monthEnd, monthIndex, monthStart } = await import(
  new URL("page/formats.js", WEB)
);
const { Preferences } = await import(new URL("page/preferences.js", WEB));

function paths(words, prefix = "") {
  return Object.entries(words).flatMap(([name, value]) =>
    typeof value === "object" ? paths(value, `${prefix}${name}.`) : [`${prefix}${name}`],
  );
}

test("both languages say the same things, none of them nothing", () => {
  assert.deepEqual(paths(WORDS.de), paths(WORDS.en));
  const texts = (words) =>
    Object.values(words).flatMap((value) => (typeof value === "object" ? texts(value) : [value]));
  for (const words of Object.values(WORDS)) assert.ok(texts(words).every(Boolean));
});

test("the browser chooses the language, English where it speaks neither", () => {
  assert.equal(languageOf(["fr-FR", "de-AT", "en"]), "de");
  assert.equal(languageOf(["EN-gb"]), "en");
  assert.equal(languageOf(["fr"]), "en");
  assert.equal(languageOf([]), "en");
});

test("the region of the browser stays where it fits the language", () => {
  assert.equal(localeOf("de", ["en-US", "de-CH"]), "de-CH");
  assert.equal(localeOf("de", ["en-US"]), "de");
});

test("numbers are written as the language does", () => {
  assert.equal(new Formats("de").amount(1234.56, "kWh"), "1.234,6\u00a0kWh");
  assert.equal(new Formats("en").amount(1234.56, "m³"), "1,234.6\u00a0m³");
  assert.equal(new Formats("de").percent(12.5), "12,5\u00a0%");
  assert.equal(new Formats("en").percent(12.5), "12.5%");
});

for (const zone of ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin"]) {
  test(`a local date stays the same in ${zone}`, () => {
    const before = process.env.TZ;
    process.env.TZ = zone;
    try {
      const formats = new Formats("de");
      assert.equal(formats.day("2024-03-01", 1), "29.02.2024");
      assert.equal(formats.day("2024-03-31"), "31.03.2024");
      assert.equal(formats.day("2024-03-31", 1), "30.03.2024");
      assert.equal(formats.day("2024-01-01", 1), "31.12.2023");
    } finally {
      process.env.TZ = before ?? "";
    }
  });
}

test("an instant is shown in the household's zone", () => {
  const [german, english] = [new Formats("de"), new Formats("en")];
  const instant = "2024-02-29T22:59:59.999Z";
  assert.equal(german.date(instant, "Europe/Berlin"), "29.02.2024");
  assert.equal(german.date(instant, "Pacific/Kiritimati"), "01.03.2024");
  assert.equal(german.moment(instant, "Europe/Berlin"), "29.02.2024, 23:59");
  assert.match(english.moment(instant, "America/New_York"), /^Feb 29, 2024, 5:59\sPM$/);
});

for (const [instant, zone, date, time] of [
  ["2024-02-29T22:59:59.999Z", "Europe/Berlin", "2024-02-29", "23:59"],
  ["2024-02-29T23:00:00Z", "Europe/Berlin", "2024-03-01", "00:00"],
  ["2024-03-31T01:00:00Z", "Europe/Berlin", "2024-03-31", "03:00"],
  ["2024-10-27T00:30:00Z", "Europe/Berlin", "2024-10-27", "02:30"],
  ["2024-10-27T01:30:00Z", "Europe/Berlin", "2024-10-27", "02:30"],
  [Date.parse("2023-12-31T10:00:00Z"), "Pacific/Kiritimati", "2024-01-01", "00:00"],
]) {
  test(`${instant} is ${date} ${time} in ${zone}`, () => {
    assert.deepEqual(localParts(instant, zone), { date, time });
  });
}

test("months and days are counted through", () => {
  assert.equal(monthIndex("2024-01-31") - monthIndex("2023-12-01"), 1);
  assert.equal(monthStart(monthIndex("2024-02-29")), "2024-02-01");
  assert.equal(monthStart(monthIndex("2024-01-15") - 1), "2023-12-01");
  assert.equal(monthEnd(monthIndex("2024-02-01")), "2024-02-29");
  assert.equal(monthEnd(monthIndex("2023-02-01")), "2023-02-28");
  assert.equal(monthEnd(monthIndex("2023-12-01")), "2023-12-31");
  assert.equal(dayText(dayNumber("2024-02-28") + 2), "2024-03-01");
  assert.equal(new Formats("de").month(monthIndex("2024-03-01")), "März 2024");
});

test("a choice is kept, and what is no choice is not taken", () => {
  const storage = new MemoryStorage();
  const preferences = new Preferences(storage, ["de"]);
  assert.deepEqual([preferences.language, preferences.theme], ["de", "auto"]);
  preferences.language = "en";
  preferences.theme = "dark";
  const again = new Preferences(storage, ["de"]);
  assert.deepEqual([again.language, again.theme], ["en", "dark"]);
  storage.setItem("language", "tlh");
  storage.setItem("theme", "neon");
  assert.deepEqual([again.language, again.theme], ["de", "auto"]);
});
