/** The words of the welcome and of the demo, in German and English. They are loaded with what says them. */

import { useSurroundings } from "../page/component.js";
import { inLanguageOf } from "../page/words.js";

const ENGLISH = {
  welcome: "Welcome",
  welcomeHow: "Write down what your meters show now and then. This page shows you what you use, month by month.",
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
};

/** @type {typeof ENGLISH} */
const GERMAN = {
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
};

export const DEMO_WORDS = { de: GERMAN, en: ENGLISH };

/** In the language of the page. */
export const useDemoWords = () => inLanguageOf(DEMO_WORDS, useSurroundings().words);
