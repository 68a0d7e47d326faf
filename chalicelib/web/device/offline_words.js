/** The words of readings that wait and of staying signed in. They are loaded with what says them. */

import { inLanguageOf } from "../page/words.js";

const ENGLISH = {
  title: "Readings that wait",
  waits: (/** @type {number} */ count) => (count === 1 ? "Not sent yet: 1 reading" : `Not sent yet: ${count} readings`),
  asked: (/** @type {number} */ count) =>
    count === 1 ? "1 reading needs your answer" : `${count} readings need your answer`,
  signIn: (/** @type {number} */ count) =>
    count === 1 ? "1 reading waits: sign in to send it." : `${count} readings wait: sign in to send them.`,
  typed: (/** @type {string} */ meter, /** @type {string} */ amount, /** @type {string} */ moment) =>
    `There is no network. Not sent yet: ${meter}, ${amount}, ${moment}.`,
  soon: "They are sent by themselves as soon as it works.",
  sent: (/** @type {number} */ count) => (count === 1 ? "Sent: 1 reading." : `Sent: ${count} readings.`),
  none: "No reading waits.",
  reading: (/** @type {string} */ meter, /** @type {string} */ amount, /** @type {string} */ moment) =>
    `${meter}: ${amount}, ${moment}`,
  remove: "Remove",
  conflict: (/** @type {string} */ mine, /** @type {string} */ stored, /** @type {string} */ moment) =>
    `You typed ${mine}. For ${moment}, ${stored} is stored already.`,
  mine: (/** @type {string} */ amount) => `Store ${amount}`,
  theirs: (/** @type {string} */ amount) => `Keep ${amount}`,
  going: "One moment: it is being sent …",
  device: "This device",
  stay: "Show my last figures without network",
  stayMeans: "This page then shows them to anyone who opens it here without network.",
  notKept: "This browser keeps nothing for this page.",
  leaving: "Sign out?",
  lost: (/** @type {number} */ count) =>
    count === 1
      ? "1 reading has not been sent. It is lost if you sign out now."
      : `${count} readings have not been sent. They are lost if you sign out now.`,
  remain: "Stay signed in",
  lose: (/** @type {number} */ count) => `Sign out and lose ${count === 1 ? "it" : "them"}`,
};

/** @type {typeof ENGLISH} */
const GERMAN = {
  title: "Wartende Zählerstände",
  waits: (count) => (count === 1 ? "Noch nicht gesendet: 1 Stand" : `Noch nicht gesendet: ${count} Stände`),
  asked: (count) => (count === 1 ? "1 Stand braucht Ihre Antwort" : `${count} Stände brauchen Ihre Antwort`),
  signIn: (count) =>
    count === 1
      ? "1 Stand wartet: Melden Sie sich an, um ihn zu senden."
      : `${count} Stände warten: Melden Sie sich an, um sie zu senden.`,
  typed: (meter, amount, moment) => `Es gibt kein Netz. Noch nicht gesendet: ${meter}, ${amount}, ${moment}.`,
  soon: "Sie werden von selbst gesendet, sobald es geht.",
  sent: (count) => (count === 1 ? "Gesendet: 1 Stand." : `Gesendet: ${count} Stände.`),
  none: "Kein Stand wartet.",
  reading: (meter, amount, moment) => `${meter}: ${amount}, ${moment}`,
  remove: "Entfernen",
  conflict: (mine, stored, moment) => `Sie haben ${mine} eingegeben. Vom ${moment} ist schon ${stored} gespeichert.`,
  mine: (amount) => `${amount} speichern`,
  theirs: (amount) => `${amount} behalten`,
  going: "Einen Moment: Es wird gerade gesendet …",
  device: "Dieses Gerät",
  stay: "Ohne Netz meine letzten Zahlen zeigen",
  stayMeans: "Diese Seite zeigt sie dann jedem, der sie hier ohne Netz öffnet.",
  notKept: "Dieser Browser bewahrt nichts für diese Seite auf.",
  leaving: "Abmelden?",
  lost: (count) =>
    count === 1
      ? "1 Stand ist noch nicht gesendet. Er geht verloren, wenn Sie sich jetzt abmelden."
      : `${count} Stände sind noch nicht gesendet. Sie gehen verloren, wenn Sie sich jetzt abmelden.`,
  remain: "Angemeldet bleiben",
  lose: (count) => `Abmelden und ${count === 1 ? "ihn" : "sie"} verlieren`,
};

export const OFFLINE_WORDS = { de: GERMAN, en: ENGLISH };

/** @param {import("../page/words.js").Words} words of the page, in its language */
export const offlineWords = (words) => inLanguageOf(OFFLINE_WORDS, words);
