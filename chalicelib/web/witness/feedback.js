/** "This looks wrong", below each component: says what would be sent, and sends it. */

import { useSurroundings } from "../page/component.js";
import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { useFeedbackWords } from "./feedback_words.js";

/** @typedef {import("../page/api.js").Answer} Answer */

/**
 * What is said of an answer: what was asked and who answered, none of its figures.
 * @param {Answer} answer
 */
export function reportOf({ component, query, backend, reason, meters }) {
  return {
    component,
    query,
    backend,
    reason,
    meters: meters.map(({ type, sourceVersion }) => ({ type, sourceVersion })),
  };
}

/**
 * The corner of a component: for operators who answered, for everybody a way to say that something looks
 * wrong, once for each answer.
 * @param {{component: string}} props
 */
export function Corner({ component }) {
  const { api, Mark } = useSurroundings();
  const [answer, setAnswer] = useState(api.last.get(component));
  const [reported, setReported] = useState(/** @type {typeof answer} */ (undefined));
  const [isOpen, setOpen] = useState(false);
  const opener = useRef(/** @type {HTMLElement | null} */ (null));
  const said = useFeedbackWords();
  useEffect(() => {
    const follow = () => setAnswer(api.last.get(component));
    follow();
    return api.onNoticed(follow);
  }, [api]);
  const isReported = Boolean(reported) && reported === answer;
  const open = () => {
    if (isReported) return;
    setReported(undefined);
    setOpen(true);
  };
  const close = () => {
    setOpen(false);
    opener.current?.focus();
  };
  const sent = (/** @type {Answer} */ about) => {
    setReported(about);
    opener.current?.focus(); // the button that was pressed goes
  };
  const isAbout = isOpen && answer && (isReported || !reported);
  return html`
    ${Mark && html`<${Mark} component=${component} />`}
    ${answer?.backend && html`<button type="button" ref=${opener} aria-disabled=${isReported} onClick=${open}>${isReported ? said.reported : said.looksWrong}</button>`}
    ${isAbout && html`<${Feedback} ...${{ answer, close, sent }} />`}
  `;
}

/** @param {{answer: Answer, close: () => void, sent: (about: Answer) => void}} props */
function Feedback({ answer, close, sent }) {
  const { words, api } = useSurroundings();
  const [phase, setPhase] = useState(/** @type {"asked" | "sending" | "failed" | "sent"} */ ("asked"));
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const said = useFeedbackWords();
  useEffect(() => box.current?.focus(), []);
  const report = reportOf(answer);
  const send = () => {
    setPhase("sending");
    api.send("POST", "/components/feedback", { json: report }).then(
      () => {
        setPhase("sent");
        sent(answer);
      },
      () => setPhase("failed"),
    );
  };
  const leave = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape") return;
    event.preventDefault(); // what it is in stays open
    close();
  };
  return html`
    <section class="feedback" aria-label=${said.title} tabindex="-1" ref=${box} onKeyDown=${leave}>
      ${
        phase !== "sent" &&
        html`
          <p>${said.about}</p>
          <details>
            <summary>${said.exactly}</summary>
            <pre tabindex="0">${JSON.stringify(report, null, 2)}</pre>
          </details>
        `
      }
      <div role="status">
        ${phase === "sending" && html`<p>${said.sending}</p>`}
        ${phase === "failed" && html`<p>${said.failed}</p>`}
        ${phase === "sent" && html`<p>${said.thanks}</p>`}
      </div>
      ${
        phase !== "sent" &&
        html`
          <button type="button" class="inline" disabled=${phase === "sending"} onClick=${send}>${phase === "failed" ? words.tryAgain : said.send}</button>
          <button type="button" class="inline secondary" onClick=${close}>${said.cancel}</button>
        `
      }
    </section>
  `;
}
