/** The words of the form for a reading and of what it asks back, in German and English. Loaded with what says them. */

import { inLanguageOf } from "../page/words.js";

const ENGLISH = {
  title: "New reading",
  close: "Close",
  amount: "Reading",
  date: "Date",
  time: "Time",
  save: "Save",
  cancel: "Cancel",
  last: (/** @type {string} */ amount, /** @type {string} */ moment) => `Last: ${amount}, ${moment}`,
  noLast: "The last reading cannot be shown at the moment.",
  ownClock: (/** @type {string} */ zone) => `Date and time are those of this device (${zone}).`,
  noNumber: (/** @type {string} */ example) => `Please type a number such as ${example}.`,
  more: (/** @type {string} */ amount) => `${amount} more than the last`,
  less: (/** @type {string} */ amount) => `${amount} less than the last`,
  missing: { date: "Please choose a date.", time: "Please choose a time." },
  skipped: (/** @type {string} */ moment) =>
    `The clocks went forward: there was no such time on that day. It counts as ${moment}.`,
  twice: "The clocks went back: this time came twice on that day.",
  turns: ["The first time", "The second time"],
  recorded: (/** @type {string} */ meter, /** @type {string} */ amount, /** @type {string} */ moment) =>
    `Recorded: ${meter}, ${amount}, ${moment}.`,
  lower: (/** @type {string} */ given, /** @type {string} */ before, /** @type {string} */ moment) =>
    `${given} is less than the ${before} of ${moment}.`,
  higher: (/** @type {string} */ given, /** @type {string} */ next, /** @type {string} */ moment) =>
    `${given} is more than the ${next} of ${moment}.`,
  far: (
    /** @type {string} */ given,
    /** @type {string} */ perDay,
    /** @type {string} */ moment,
    /** @type {string} */ usual,
  ) => `With ${given} it would be ${perDay} a day since ${moment}. Up to ${usual} a day are usual.`,
  untimed: (/** @type {string} */ date) =>
    `A meter exchange is recorded on ${date} without a time. If you read the meter before it, give it a time.`,
  instead: (/** @type {string} */ amount) => `Save ${amount} instead`,
  correct: "Correct it",
  itIsSo: "It is right",
  exchanged: "The meter was exchanged",
  exchangeTime: "Give the exchange a time",
  rolledOver: "The meter started again at 0",
  turnsBack: "Solar power turns it back",
  digits: "How many digits does the meter show before the decimal sign?",
  saveDigits: "Save with this",
  taken: (/** @type {string} */ amount, /** @type {string} */ moment) =>
    `There is a reading of ${moment} already: ${amount}.`,
  takenBySomething: "There is a reading at this time already.",
  changeIt: "Change that one",
  anotherTime: "Choose another time",
  changed: (/** @type {string} */ amount, /** @type {string} */ moment) =>
    `This reading was changed meanwhile. It is now ${amount}, ${moment}.`,
  mine: "Save mine",
  theirs: "Leave it so",
  gone: "This reading is no longer there.",
  asNew: "Save it as a new one",
  refused: {
    amount: "The meter cannot show this: it has fewer digits. Correct the number, or the digits under Meters.",
    date: "This date cannot be taken: it is more than a day ahead, or far in the past.",
    moduli: "A stored reading has more digits than that.",
    other: "This cannot be saved so.",
  },
  erased: (/** @type {string} */ moment) => `Your data was erased. You can start again from ${moment}.`,
  lost: "It was not saved. Nothing is lost: try again.",
  expired: "Your sign-in has ended. What you have typed is kept: please sign in again.",
};

/** @type {typeof ENGLISH} */
const GERMAN = {
  title: "Neuer Zählerstand",
  close: "Schließen",
  amount: "Zählerstand",
  date: "Datum",
  time: "Uhrzeit",
  save: "Speichern",
  cancel: "Abbrechen",
  last: (amount, moment) => `Zuletzt: ${amount}, ${moment}`,
  noLast: "Der letzte Stand lässt sich gerade nicht zeigen.",
  ownClock: (zone) => `Datum und Uhrzeit sind die dieses Geräts (${zone}).`,
  noNumber: (example) => `Bitte geben Sie eine Zahl ein, etwa ${example}.`,
  more: (amount) => `${amount} mehr als zuletzt`,
  less: (amount) => `${amount} weniger als zuletzt`,
  missing: { date: "Bitte wählen Sie ein Datum.", time: "Bitte wählen Sie eine Uhrzeit." },
  skipped: (moment) => `Die Uhren wurden vorgestellt: Diese Uhrzeit gab es an dem Tag nicht. Sie zählt als ${moment}.`,
  twice: "Die Uhren wurden zurückgestellt: Diese Uhrzeit gab es an dem Tag zweimal.",
  turns: ["Beim ersten Mal", "Beim zweiten Mal"],
  recorded: (meter, amount, moment) => `Eingetragen: ${meter}, ${amount}, ${moment}.`,
  lower: (given, before, moment) => `${given} sind weniger als die ${before} vom ${moment}.`,
  higher: (given, next, moment) => `${given} sind mehr als die ${next} vom ${moment}.`,
  far: (given, perDay, moment, usual) =>
    `Mit ${given} wären es ${perDay} am Tag seit dem ${moment}. Üblich sind bis zu ${usual} am Tag.`,
  untimed: (date) =>
    `Für den ${date} ist ein Zählerwechsel ohne Uhrzeit eingetragen. Haben Sie davor abgelesen, geben Sie ihm eine Uhrzeit.`,
  instead: (amount) => `Stattdessen ${amount} speichern`,
  correct: "Verbessern",
  itIsSo: "Es stimmt so",
  exchanged: "Der Zähler wurde gewechselt",
  exchangeTime: "Dem Wechsel eine Uhrzeit geben",
  rolledOver: "Der Zähler fing wieder bei 0 an",
  turnsBack: "Solarstrom dreht ihn zurück",
  digits: "Wie viele Stellen vor dem Komma zeigt der Zähler?",
  saveDigits: "Damit speichern",
  taken: (amount, moment) => `Vom ${moment} gibt es schon einen Stand: ${amount}.`,
  takenBySomething: "Zu dieser Zeit gibt es schon einen Stand.",
  changeIt: "Diesen ändern",
  anotherTime: "Andere Uhrzeit wählen",
  changed: (amount, moment) => `Dieser Stand wurde inzwischen geändert. Jetzt ist er ${amount}, ${moment}.`,
  mine: "Meinen speichern",
  theirs: "So lassen",
  gone: "Diesen Stand gibt es nicht mehr.",
  asNew: "Als neuen speichern",
  refused: {
    amount:
      "Das kann der Zähler nicht zeigen: Er hat weniger Stellen. Verbessern Sie die Zahl oder die Stellen unter „Zähler“.",
    date: "Dieses Datum geht nicht: Es liegt mehr als einen Tag voraus oder weit zurück.",
    moduli: "Ein gespeicherter Stand hat mehr Stellen.",
    other: "So lässt sich das nicht speichern.",
  },
  erased: (moment) => `Ihre Daten wurden gelöscht. Neu anfangen können Sie ab ${moment}.`,
  lost: "Es wurde nicht gespeichert. Nichts ist verloren: Versuchen Sie es noch einmal.",
  expired: "Ihre Anmeldung ist abgelaufen. Das Getippte bleibt: Bitte melden Sie sich neu an.",
};

export const FORM_WORDS = { de: GERMAN, en: ENGLISH };

/** @param {import("../page/words.js").Words} words of the page, in its language */
export const formWords = (words) => inLanguageOf(FORM_WORDS, words);
