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
  charts: {
    title: "Month by month",
    inYear: (/** @type {string} */ meter, /** @type {string} */ year, /** @type {string} */ before) =>
      `${meter} in ${year}, beside ${before}`,
    inMonths: (/** @type {string} */ meter, /** @type {string} */ first, /** @type {string} */ last) =>
      `${meter}, ${first} to ${last}, beside the same months a year before`,
    year: "Year",
    previousYear: "Previous year",
    nextYear: "Next year",
    these: "these months",
    before: "a year before",
    line: "Show the meter reading as a line",
    lineLegend: "meter reading at the end of a month, scale on the right",
    choose: "Choose a month",
    nothing: "Nothing is known about these months.",
    table: "As a table",
    month: "Month",
    consumption: "Consumption",
    difference: "Difference",
    reading: "Meter reading at the end",
    notes: "Notes",
    more: (/** @type {string} */ amount) => `${amount} more`,
    less: (/** @type {string} */ amount) => `${amount} less`,
    beginning: (/** @type {string} */ reading) => `At the beginning: ${reading}`,
    end: (/** @type {string} */ reading) => `At the end: ${reading}`,
    measured: (/** @type {string} */ reading) => `measured on ${reading}`,
    interpolated: (/** @type {string} */ first, /** @type {string} */ last) => `between ${first} and ${last}`,
    extrapolated: (/** @type {string} */ first, /** @type {string} */ last) => `estimated from ${first} and ${last}`,
    flags: {
      reset: "The meter began again at 0. It may have been more.",
      rollover: "The meter ran past its highest figure and began again at 0.",
      exchange: "The meter was exchanged.",
      dip: "One reading is a little lower than the one before it.",
      negative: "The meter shows less at the end than at the beginning.",
    },
  },
  timeline: {
    title: "Range of time",
    choose: "Choose a range",
    presets: { thisYear: "This year", lastMonths: "Last 12 months", all: "All" },
    from: "From",
    to: "To",
    range: (/** @type {string} */ from, /** @type {string} */ to) => `${from} to ${to}`,
    count: (/** @type {number} */ count, /** @type {string} */ written) =>
      count === 1 ? "1 reading" : `${written} readings`,
  },
  table: {},
  forms: {},
  settings: {},
  demo: {},
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
  charts: {
    title: "Monat für Monat",
    inYear: (meter, year, before) => `${meter} ${year}, daneben ${before}`,
    inMonths: (meter, first, last) => `${meter}, ${first} bis ${last}, daneben dieselben Monate im Jahr davor`,
    year: "Jahr",
    previousYear: "Voriges Jahr",
    nextYear: "Nächstes Jahr",
    these: "diese Monate",
    before: "ein Jahr davor",
    line: "Zählerstand als Linie zeigen",
    lineLegend: "Zählerstand am Monatsende, Maßstab rechts",
    choose: "Monat wählen",
    nothing: "Über diese Monate ist nichts bekannt.",
    table: "Als Tabelle",
    month: "Monat",
    consumption: "Verbrauch",
    difference: "Unterschied",
    reading: "Zählerstand am Ende",
    notes: "Hinweise",
    more: (amount) => `${amount} mehr`,
    less: (amount) => `${amount} weniger`,
    beginning: (reading) => `Am Anfang: ${reading}`,
    end: (reading) => `Am Ende: ${reading}`,
    measured: (reading) => `gemessen am ${reading}`,
    interpolated: (first, last) => `zwischen ${first} und ${last}`,
    extrapolated: (first, last) => `geschätzt aus ${first} und ${last}`,
    flags: {
      reset: "Der Zähler hat wieder bei 0 begonnen. Es kann mehr gewesen sein.",
      rollover: "Der Zähler lief über seine höchste Zahl und begann wieder bei 0.",
      exchange: "Der Zähler wurde getauscht.",
      dip: "Ein Stand ist etwas niedriger als der davor.",
      negative: "Der Zähler zeigt am Ende weniger als am Anfang.",
    },
  },
  timeline: {
    title: "Zeitraum",
    choose: "Zeitraum wählen",
    presets: { thisYear: "Dieses Jahr", lastMonths: "Letzte 12 Monate", all: "Alles" },
    from: "Von",
    to: "Bis",
    range: (from, to) => `${from} bis ${to}`,
    count: (count, written) => (count === 1 ? "1 Zählerstand" : `${written} Zählerstände`),
  },
  table: {},
  forms: {},
  settings: {},
  demo: {},
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
