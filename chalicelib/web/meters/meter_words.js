/** The words of the view of the meters, and of its reminder, in German and English. They are loaded with what says them. */

import { useSurroundings } from "../page/component.js";
import { inLanguageOf } from "../page/words.js";

const ENGLISH = {
  title: "Your meters",
  waiting: "Your reading is waiting.",
  back: "Back to it",
  saved: "Saved. All figures follow.",
  registers: "What the meters are like",
  digits: (/** @type {string} */ meter) => `${meter}: digits before the decimal sign`,
  digitsExplained: "After its highest figure a meter begins again at 0: one with five digits goes from 99999 to 00000.",
  unknown: "not known",
  count: (/** @type {number} */ digits) => `${digits} digits`,
  startsAgainAt: (/** @type {number} */ modulus) => `begins again at ${modulus}`,
  backwards: (/** @type {string} */ meter) => `${meter}: runs backwards while a solar plant feeds in`,
  backwardsExplained: "Some older meters turn back on sunny days: from 12345 to 12340, for example.",
  place: "Where you live",
  zone: "Time zone",
  zoneExplained: "It says when a day begins: in Europe/Berlin at midnight in Berlin, also while you travel.",
  exchanges: (/** @type {string} */ meter) => `${meter}: exchanges of the meter`,
  exchangeExplained:
    "A new meter counts from the beginning: the old one ended at 45678, for example, the new one began at 0.",
  none: "No exchange is recorded.",
  add: "Add an exchange",
  exchange: (/** @type {string} */ moment, /** @type {string} */ old, /** @type {string} */ fresh) =>
    `${moment}: the old meter ended at ${old}, the new one began at ${fresh}`,
  timeExplained: "The time matters only if you read the meter on the same day; else leave it empty.",
  finalOld: "Last reading of the old meter",
  initialNew: "First reading of the new meter",
  exchangeSaved: "The exchange is saved. All figures follow.",
  removed: "Deleted:",
  taken: "An exchange is recorded at this time already.",
  changed: "This exchange was changed meanwhile.",
  look: "Look at it again",
  gone: "This exchange is no longer there.",
  reminder: {
    title: "Reminder",
    means: "A date in your calendar, each month, when it is time to read the meters.",
    day: "Day of the month",
    last: "Last day",
    time: "Time",
    download: "Save as a calendar file",
    summary: "Read the meters",
    description: "Read the meters and type them here:",
    file: "meter-reading.ics",
  },
};

/** @type {typeof ENGLISH} */
const GERMAN = {
  title: "Ihre Zähler",
  waiting: "Ihr Zählerstand wartet.",
  back: "Zurück zu ihm",
  saved: "Gespeichert. Alle Zahlen folgen.",
  registers: "Wie die Zähler sind",
  digits: (meter) => `${meter}: Stellen vor dem Komma`,
  digitsExplained:
    "Nach seiner höchsten Zahl fängt ein Zähler wieder bei 0 an: einer mit fünf Stellen geht von 99999 auf 00000.",
  unknown: "nicht bekannt",
  count: (digits) => `${digits} Stellen`,
  startsAgainAt: (modulus) => `fängt bei ${modulus} wieder an`,
  backwards: (meter) => `${meter}: läuft rückwärts, während eine Solaranlage einspeist`,
  backwardsExplained: "Manche älteren Zähler drehen an sonnigen Tagen zurück: zum Beispiel von 12345 auf 12340.",
  place: "Wo Sie wohnen",
  zone: "Zeitzone",
  zoneExplained:
    "Sie sagt, wann ein Tag beginnt: bei Europe/Berlin um Mitternacht in Berlin, auch wenn Sie verreist sind.",
  exchanges: (meter) => `${meter}: Zählerwechsel`,
  exchangeExplained: "Ein neuer Zähler zählt von vorn: Der alte endete zum Beispiel bei 45678, der neue begann bei 0.",
  none: "Es ist kein Wechsel eingetragen.",
  add: "Wechsel eintragen",
  exchange: (moment, old, fresh) => `${moment}: Der alte Zähler endete bei ${old}, der neue begann bei ${fresh}`,
  timeExplained: "Die Uhrzeit zählt nur, wenn Sie am selben Tag abgelesen haben; sonst lassen Sie sie leer.",
  finalOld: "Letzter Stand des alten Zählers",
  initialNew: "Erster Stand des neuen Zählers",
  exchangeSaved: "Der Wechsel ist gespeichert. Alle Zahlen folgen.",
  removed: "Gelöscht:",
  taken: "Zu dieser Zeit ist schon ein Wechsel eingetragen.",
  changed: "Dieser Wechsel wurde inzwischen geändert.",
  look: "Noch einmal ansehen",
  gone: "Diesen Wechsel gibt es nicht mehr.",
  reminder: {
    title: "Erinnerung",
    means: "Ein Termin in Ihrem Kalender, jeden Monat, wenn es Zeit zum Ablesen ist.",
    day: "Tag des Monats",
    last: "Letzter Tag",
    time: "Uhrzeit",
    download: "Als Kalenderdatei speichern",
    summary: "Zähler ablesen",
    description: "Zähler ablesen und hier eintragen:",
    file: "zaehler-ablesen.ics",
  },
};

export const METER_WORDS = { de: GERMAN, en: ENGLISH };

/** In the language of the page. */
export const useMeterWords = () => inLanguageOf(METER_WORDS, useSurroundings().words);
