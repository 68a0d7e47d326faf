/** What a person has chosen for this browser: language and theme. Nothing about the person is kept here. */

import { html, useEffect, useMemo, useState } from "../vendor/preact.js";
import { Formats, localeOf } from "./formats.js";
import { LANGUAGES, languageOf, WORDS } from "./words.js";

/** @typedef {"auto" | "light" | "dark"} Theme */

/**
 * The name under which the page at ``base`` keeps things of people on this device: each stage of an origin its own.
 * @param {string} base
 */
export const keptName = (base) => `energy-monitor ${base}`;

export class Preferences {
  /**
   * @param {Pick<Storage, "getItem" | "setItem">} storage
   * @param {readonly string[]} preferred the browser's languages
   */
  constructor(storage, preferred) {
    this.storage = storage;
    this.preferred = preferred;
  }

  /**
   * Whether something of somebody is kept on this device.
   * @param {string} base
   */
  isKept(base) {
    return this.storage.getItem(keptName(base)) !== null;
  }

  /** @returns {import("./words.js").Language} */
  get language() {
    const kept = this.storage.getItem("language") ?? "";
    return kept in WORDS ? /** @type {import("./words.js").Language} */ (kept) : languageOf(this.preferred);
  }

  set language(language) {
    this.storage.setItem("language", language);
  }

  /** @returns {Theme} */
  get theme() {
    const kept = this.storage.getItem("theme") ?? "";
    return Object.hasOwn(WORDS.en.themes, kept) ? /** @type {Theme} */ (kept) : "auto";
  }

  set theme(theme) {
    this.storage.setItem("theme", theme);
  }
}

/**
 * Language and theme, and what they are chosen with.
 * @param {Preferences} preferences
 */
export function useAppearance(preferences) {
  const [language, setLanguage] = useState(preferences.language);
  const [theme, setTheme] = useState(preferences.theme);
  const words = WORDS[language];
  useEffect(() => {
    const root = document.documentElement;
    root.lang = language;
    if (theme === "auto") root.removeAttribute("data-theme");
    else root.setAttribute("data-theme", theme);
    if (language !== preferences.language) preferences.language = language;
    if (theme !== preferences.theme) preferences.theme = theme;
  }, [language, theme]);
  const formats = useMemo(() => new Formats(localeOf(language, preferences.preferred)), [language]);
  /** @type {(...given: any[]) => unknown} */
  const choice = (label, value, options, choose) => html`
    <label><span class="spoken">${label}</span>
      <select value=${value} onChange=${(/** @type {any} */ event) => choose(event.target.value)}>
        ${Object.entries(options).map(([name, text]) => html`<option value=${name} selected=${name === value}>${text}</option>`)}
      </select>
    </label>
  `;
  const choices = html`
    <div class="choices">
      ${choice(words.language, language, LANGUAGES, setLanguage)}
      ${choice(words.theme, theme, words.themes, setTheme)}
    </div>
  `;
  return { words, formats, choices };
}
