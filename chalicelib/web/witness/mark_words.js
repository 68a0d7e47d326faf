/** What an operator reads about who answers, in German and English. It is loaded with what says it. */

import { inLanguageOf } from "../page/words.js";

const ENGLISH = {
  backends: { old: "Old", new: "New" },
  reasons: {
    global_off: "all switched off",
    component_off: "this part is switched off",
    blocked: "this person is excluded",
    test_user: "this person tests",
    percentage_in: "within the percentage",
    percentage_out: "outside the percentage",
    forced_old: "you asked for it",
    old_only: "the mode allows the old one only",
    new_only: "the mode allows the new one only",
    catching_up: "the new one is catching up",
    no_mode: "no mode is known",
    no_document: "no flags are known",
    malformed: "the flags cannot be read",
    failed: "the decision failed",
  },
  mark: (/** @type {string} */ backend, /** @type {string} */ reason) => `${backend}: ${reason}`,
  failed: (/** @type {string} */ mark, /** @type {number} */ status) => `${mark} (error ${status})`,
  force: "Old backend",
  forced: "For everything here, until you load the page again.",
};

/** @type {typeof ENGLISH} */
const GERMAN = {
  backends: { old: "Alt", new: "Neu" },
  reasons: {
    global_off: "alles abgeschaltet",
    component_off: "dieser Teil ist abgeschaltet",
    blocked: "diese Person ist ausgenommen",
    test_user: "diese Person testet",
    percentage_in: "innerhalb des Anteils",
    percentage_out: "außerhalb des Anteils",
    forced_old: "von Ihnen gewünscht",
    old_only: "der Modus erlaubt nur das alte",
    new_only: "der Modus erlaubt nur das neue",
    catching_up: "das neue holt noch auf",
    no_mode: "kein Modus bekannt",
    no_document: "keine Flags bekannt",
    malformed: "die Flags sind nicht lesbar",
    failed: "die Entscheidung ist gescheitert",
  },
  mark: (backend, reason) => `${backend}: ${reason}`,
  failed: (mark, status) => `${mark} (Fehler ${status})`,
  force: "Altes Backend",
  forced: "Für alles hier, bis Sie die Seite neu laden.",
};

export const MARK_WORDS = { de: GERMAN, en: ENGLISH };

/** @param {import("../page/words.js").Words} words */
export const markWords = (words) => inLanguageOf(MARK_WORDS, words);
