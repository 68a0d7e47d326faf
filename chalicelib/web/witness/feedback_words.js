/** The words of "this looks wrong", in German and English. They are loaded with what says them. */

import { useSurroundings } from "../page/component.js";
import { inLanguageOf } from "../page/words.js";

const ENGLISH = {
  looksWrong: "This looks wrong",
  reported: "Reported",
  title: "Tell us?",
  about:
    "We then look at this part again. We are sent which part it is, what was asked for and which version answered. No figures are sent.",
  exactly: "Show what is sent",
  send: "Send",
  cancel: "Cancel",
  sending: "It is being sent …",
  thanks: "Thank you. We will look at it.",
  failed: "It was not sent.",
};

/** @type {typeof ENGLISH} */
const GERMAN = {
  looksWrong: "Das sieht falsch aus",
  reported: "Gemeldet",
  title: "Uns das melden?",
  about:
    "Wir sehen uns diesen Teil dann noch einmal an. Gesendet wird, welcher Teil es ist, was gefragt wurde und welche Version geantwortet hat. Zahlen werden nicht gesendet.",
  exactly: "Zeigen, was gesendet wird",
  send: "Senden",
  cancel: "Abbrechen",
  sending: "Es wird gesendet …",
  thanks: "Danke. Wir sehen es uns an.",
  failed: "Es wurde nicht gesendet.",
};

export const FEEDBACK_WORDS = { de: GERMAN, en: ENGLISH };

/** In the language of the page. */
export const useFeedbackWords = () => inLanguageOf(FEEDBACK_WORDS, useSurroundings().words);
