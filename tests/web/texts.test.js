/** Words, numbers and dates: both languages complete, local dates never moved by a zone. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStorage, WEB } from "./surroundings.js";

const { languageOf, WORDS } = await import(new URL("page/words.js", WEB));
const { Formats, localeOf } = await import(new URL("page/formats.js", WEB));
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
