/** What a person has chosen for this browser: language and theme. Nothing about the person is kept. */

import { languageOf, WORDS } from "./words.js";

/** @typedef {"auto" | "light" | "dark"} Theme */

const THEMES = ["auto", "light", "dark"];

export class Preferences {
  /**
   * @param {Pick<Storage, "getItem" | "setItem">} storage
   * @param {readonly string[]} preferred the browser's languages
   */
  constructor(storage, preferred) {
    this.storage = storage;
    this.preferred = preferred;
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
    return THEMES.includes(kept) ? /** @type {Theme} */ (kept) : "auto";
  }

  set theme(theme) {
    this.storage.setItem("theme", theme);
  }
}
