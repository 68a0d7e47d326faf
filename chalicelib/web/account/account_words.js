/** The words of "my data", in German and English. They are loaded with what says them. */

import { inLanguageOf } from "../page/words.js";

const ENGLISH = {
  save: "Save what is kept about you",
  saveHow:
    "One file (JSON) with everything: readings, meters, settings, imports and whatever else is kept about you. It stays on this device.",
  saveFile: "Save the file",
  saving: (/** @type {string} */ count) => `${count} entries so far …`,
  saved: (/** @type {string} */ count, /** @type {string} */ name) => `${count} entries in ${name}`,
  saveFailed: "The file could not be made.",
  erase: "Erase everything",
  eraseHow:
    "All of it goes: your readings, the whole history of your meters, settings, imports and whatever else is kept about you. Nobody can bring it back.",
  saveFirst: "Save the file first",
  confirm: (/** @type {string} */ user) => `Type your name to go on: ${user}`,
  eraseYes: "Erase everything for good",
  needsSignIn: "Saving and erasing need the network, and that you sign in.",
  erasing: "It is being erased …",
  notErased: "It was not erased. You are still signed in.",
  notKnown: "No answer came. It is not known whether anything was erased. Trying again does no harm.",
  erased: "Your data is erased",
  beingErased: "Your data is being erased",
  beingErasedHow: "The last of it goes within minutes. You need not wait.",
  device: "You are signed out.",
  receipt: "Receipt",
  at: "When",
  opensAt: "You can start again from",
  counts: "What was erased",
  names: {
    energies: "Readings",
    source_energy_readings: "Readings in the new store",
    meters: "Meters",
    display_energy_data: "Prepared figures",
    meter_series: "Prepared courses of meters",
    user_settings: "Settings",
    imports: "Imports",
    quarantined_readings: "Readings that could not be read",
    repaired_readings: "Readings that were repaired",
    backend_usage_logs: "Notes on what was asked for",
    backend_comparisons: "Comparisons of answers",
  },
  copy: "Copy the receipt",
  copied: "Copied.",
  notCopied: "It could not be copied. Mark it and copy it by hand.",
  print: "Print",
};

/** @type {typeof ENGLISH} */
const GERMAN = {
  save: "Speichern, was über Sie aufbewahrt wird",
  saveHow:
    "Eine Datei (JSON) mit allem: Zählerstände, Zähler, Einstellungen, Importe und was sonst über Sie aufbewahrt wird. Sie bleibt auf diesem Gerät.",
  saveFile: "Datei speichern",
  saving: (count) => `${count} Einträge bisher …`,
  saved: (count, name) => `${count} Einträge in ${name}`,
  saveFailed: "Die Datei konnte nicht erstellt werden.",
  erase: "Alles löschen",
  eraseHow:
    "Alles verschwindet: Ihre Zählerstände, die ganze Geschichte Ihrer Zähler, Einstellungen, Importe und was sonst über Sie aufbewahrt wird. Niemand kann es zurückholen.",
  saveFirst: "Erst die Datei speichern",
  confirm: (user) => `Tippen Sie Ihren Namen, um fortzufahren: ${user}`,
  eraseYes: "Alles endgültig löschen",
  needsSignIn: "Zum Speichern und Löschen braucht es das Netz, und dass Sie sich anmelden.",
  erasing: "Es wird gelöscht …",
  notErased: "Es wurde nicht gelöscht. Sie sind noch angemeldet.",
  notKnown:
    "Es kam keine Antwort. Ob etwas gelöscht wurde, ist nicht bekannt. Es noch einmal zu versuchen schadet nicht.",
  erased: "Ihre Daten sind gelöscht",
  beingErased: "Ihre Daten werden gelöscht",
  beingErasedHow: "Das Letzte verschwindet in wenigen Minuten. Sie müssen nicht warten.",
  device: "Sie sind abgemeldet.",
  receipt: "Beleg",
  at: "Wann",
  opensAt: "Neu anfangen können Sie ab",
  counts: "Was gelöscht wurde",
  names: {
    energies: "Zählerstände",
    source_energy_readings: "Zählerstände im neuen Speicher",
    meters: "Zähler",
    display_energy_data: "Vorbereitete Zahlen",
    meter_series: "Vorbereitete Verläufe",
    user_settings: "Einstellungen",
    imports: "Importe",
    quarantined_readings: "Nicht lesbare Zählerstände",
    repaired_readings: "Reparierte Zählerstände",
    backend_usage_logs: "Notizen, was gefragt wurde",
    backend_comparisons: "Vergleiche von Antworten",
  },
  copy: "Beleg kopieren",
  copied: "Kopiert.",
  notCopied: "Das Kopieren ging nicht. Markieren Sie den Beleg und kopieren Sie ihn selbst.",
  print: "Drucken",
};

export const ACCOUNT_WORDS = { de: GERMAN, en: ENGLISH };

/** @param {import("../page/words.js").Words} words */
export const accountWords = (words) => inLanguageOf(ACCOUNT_WORDS, words);
