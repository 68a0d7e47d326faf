/** What a person has chosen for this browser: language and theme. Nothing about the person is kept here. */

import { languageOf, WORDS } from "./words.js";

/** @typedef {"auto" | "light" | "dark"} Theme */

const THEMES = ["auto", "light", "dark"];

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
    return THEMES.includes(kept) ? /** @type {Theme} */ (kept) : "auto";
  }

  set theme(theme) {
    this.storage.setItem("theme", theme);
  }
}
