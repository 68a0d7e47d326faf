/**
 * The words of the page, in German and English. A text with a gap is a function. What is loaded later has its words
 * beside it, as the first load has no room for them; no other module holds a word.
 */

/** @typedef {"de" | "en"} Language */
/** @typedef {typeof ENGLISH} Words */

const ENGLISH = {
  title: "Energy Monitor",
  language: "Language",
  theme: "Appearance",
  themes: { auto: "As the device", light: "Light", dark: "Dark" },
  signIn: "Sign in",
  signOut: "Sign out",
  signInAgain: "Sign in again",
  welcome: "See what your household uses, from the readings of your meters.",
  signingIn: "Signing in …",
  signInFailed: "Signing in did not work.",
  signedInAs: (/** @type {string} */ user) => `Signed in as ${user}`,
  expired: "Your sign-in has ended. What you see stays as it was.",
  tryAgain: "Try again",
  dashboard: "Today",
  loading: "Loading …",
  failed: "This cannot be shown at the moment.",
  notCurrent: "This may be out of date: the last attempt to load it failed.",
  views: { title: "Views", names: { overview: "Overview", files: "Files", meters: "Meters" } },
  meter: "Meter",
  meters: { power: "Electricity", gas: "Gas" },
  units: { power: "kWh", gas: "m³" },
  noReading: "No reading yet.",
  monthSoFar: "This month so far",
  projection: (/** @type {string} */ amount) => `Whole month: about ${amount}`,
  lastMonth: "Last month",
  sameMonthLastYear: (/** @type {string} */ amount) => `Same month last year: ${amount}`,
  yearSoFar: "This year so far",
  lastYearSoFar: (/** @type {string} */ amount) => `Last year to the same day: ${amount}`,
  more: (/** @type {string} */ percent) => `${percent} more`,
  less: (/** @type {string} */ percent) => `${percent} less`,
  same: "the same",
  averagePerDay: "Average per day",
  lastThirtyDays: "Over the last 30 days",
  lastReading: "Last reading",
  unknown: "not known",
  age: (/** @type {number} */ days) =>
    days < 0 ? "dated ahead of today" : days === 0 ? "today" : days === 1 ? "yesterday" : `${days} days ago`,
  due: "A reading is due.",
  qualities: {
    measured: "measured",
    interpolated: "between two readings",
    extrapolated: "estimated",
  },
  charts: {},
  timeline: {},
  table: {},
  forms: {},
  settings: {},
  demo: {
    welcome: "Welcome",
    welcomeHow: "Write down what your meters show now and then. This page tells you what you use, month by month.",
    first: "Begin now",
    firstHow: "All it takes is the number on your meter.",
    record: "Record your first reading",
    file: "You have readings already?",
    fileHow: "Bring them from a spreadsheet. You see what they mean before anything is stored.",
    bring: "Bring a file",
    lookHow: "Or see first what it looks like with four years of readings:",
    look: "Look at a demo",
    title: "Demo.",
    about: "This household is made up. Look around, nothing is stored.",
    back: "Back to your own overview",
    nothingKept: "This is a demo: nothing is stored here.",
  },
};

/** @type {Words} */
const GERMAN = {
  title: "Energiemonitor",
  language: "Sprache",
  theme: "Darstellung",
  themes: { auto: "Wie das Gerät", light: "Hell", dark: "Dunkel" },
  signIn: "Anmelden",
  signOut: "Abmelden",
  signInAgain: "Neu anmelden",
  welcome: "Sehen Sie, was Ihr Haushalt verbraucht, aus den Ständen Ihrer Zähler.",
  signingIn: "Anmeldung läuft …",
  signInFailed: "Die Anmeldung hat nicht geklappt.",
  signedInAs: (user) => `Angemeldet als ${user}`,
  expired: "Ihre Anmeldung ist abgelaufen. Was Sie sehen, bleibt stehen.",
  tryAgain: "Noch einmal versuchen",
  dashboard: "Heute",
  loading: "Wird geladen …",
  failed: "Das lässt sich gerade nicht zeigen.",
  notCurrent: "Das ist vielleicht nicht aktuell: Der letzte Versuch, es zu laden, ist gescheitert.",
  views: { title: "Ansichten", names: { overview: "Überblick", files: "Dateien", meters: "Zähler" } },
  meter: "Zähler",
  meters: { power: "Strom", gas: "Gas" },
  units: { power: "kWh", gas: "m³" },
  noReading: "Noch kein Zählerstand.",
  monthSoFar: "Dieser Monat bisher",
  projection: (amount) => `Ganzer Monat: etwa ${amount}`,
  lastMonth: "Letzter Monat",
  sameMonthLastYear: (amount) => `Derselbe Monat im Vorjahr: ${amount}`,
  yearSoFar: "Dieses Jahr bisher",
  lastYearSoFar: (amount) => `Vorjahr bis zum selben Tag: ${amount}`,
  more: (percent) => `${percent} mehr`,
  less: (percent) => `${percent} weniger`,
  same: "gleich viel",
  averagePerDay: "Im Mittel pro Tag",
  lastThirtyDays: "Über die letzten 30 Tage",
  lastReading: "Letzter Zählerstand",
  unknown: "nicht bekannt",
  age: (days) => (days < 0 ? "liegt nach heute" : days === 0 ? "heute" : days === 1 ? "gestern" : `vor ${days} Tagen`),
  due: "Ein Zählerstand ist fällig.",
  qualities: {
    measured: "gemessen",
    interpolated: "zwischen zwei Ständen",
    extrapolated: "geschätzt",
  },
  charts: {},
  timeline: {},
  table: {},
  forms: {},
  settings: {},
  demo: {
    welcome: "Willkommen",
    welcomeHow:
      "Schreiben Sie ab und zu auf, was Ihre Zähler zeigen. Diese Seite sagt Ihnen, was Sie verbrauchen, Monat für Monat.",
    first: "Gleich anfangen",
    firstHow: "Sie brauchen nur die Zahl auf Ihrem Zähler.",
    record: "Ersten Zählerstand eintragen",
    file: "Sie haben schon Zählerstände?",
    fileHow: "Bringen Sie sie aus einer Tabelle mit. Sie sehen, was sie bedeuten, bevor etwas gespeichert wird.",
    bring: "Datei mitbringen",
    lookHow: "Oder sehen Sie erst, wie es mit vier Jahren voller Stände aussieht:",
    look: "Demo ansehen",
    title: "Demo.",
    about: "Diesen Haushalt gibt es nicht. Sehen Sie sich um, nichts wird gespeichert.",
    back: "Zurück zum eigenen Überblick",
    nothingKept: "Das ist eine Demo: Hier wird nichts gespeichert.",
  },
};

/** @type {Record<Language, Words>} */
export const WORDS = { de: GERMAN, en: ENGLISH };

/** The languages under their own names. */
export const LANGUAGES = /** @type {const} */ ({ de: "Deutsch", en: "English" });

/**
 * The first language that both the browser and the page speak, else English.
 * @param {readonly string[]} preferred
 * @returns {Language}
 */
export function languageOf(preferred) {
  const spoken = preferred.map((tag) => tag.slice(0, 2).toLowerCase());
  return /** @type {Language} */ (spoken.find((language) => language in WORDS) ?? "en");
}
