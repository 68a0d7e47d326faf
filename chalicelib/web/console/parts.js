/** What every screen is made of: its frame, a figure with its name and the command that prints it, moments. */

import { useSurroundings } from "../page/component.js";
import { html, useRef, useState } from "../vendor/preact.js";
import { consoleWords } from "./console_words.js";

/** @typedef {ReturnType<typeof useConsole>} Said */

/** What a screen has around it; ``commands`` only where somebody may act. */
export function useConsole() {
  const around =
    /** @type {ReturnType<typeof useSurroundings> & {commands: typeof import("./commands.js") | null, ask: (asked: import("./commands.js").Asked) => void}} */ (
      useSurroundings()
    );
  return { ...around, said: consoleWords(around.words) };
}

/**
 * The frame of what one document shows: waiting, not there, older than it should be.
 * @param {{name: string, title: string, kept: import("./documents.js").Kept<any>, children?: unknown}} props
 */
export function Panel({ name, title, kept: { body, problem }, children }) {
  const { words, said } = useConsole();
  const isLoading = !body && !problem;
  return html`
    <section id=${name} class="component" aria-labelledby=${`${name}-title`} aria-busy=${isLoading}>
      <h2 id=${`${name}-title`} tabindex="-1">${title}</h2>
      <div role="status">
        ${isLoading && html`<p>${words.loading}</p>`}
        ${problem && html`<p class="hint">${body ? said.older : said.notThere} ${reasonOf(problem, said)}</p>`}
      </div>
      ${body && children}
    </section>
  `;
}

/**
 * Why something was refused or not answered, in the application's words where it has said some.
 * @param {import("../page/api.js").Problem} problem
 * @param {Said["said"]} said
 */
export function reasonOf(problem, said) {
  if (problem.status === 0) return said.noAnswer;
  if (problem.status === 403) return said.forbidden;
  return problem.message || said.failed(problem.status);
}

/**
 * A figure: raw as ``value``, and as people read it. Nothing is said of what is not known but that.
 * @param {{value: number | string | boolean | null | undefined, children?: unknown}} props
 */
export function Figure({ value, children }) {
  const { words, formats } = useConsole();
  if (value === null || value === undefined) return html`<span class="unknown">${words.unknown}</span>`;
  const text = children ?? (typeof value === "number" ? formats.number(value, 3) : String(value));
  return html`<data value=${value}>${text}</data>`;
}

/** @param {{value: number | string | null | undefined}} props flags say it as text */
export function Percent({ value }) {
  const { formats } = useConsole();
  return html`<${Figure} value=${value}>${formats.number(Number(value), 3)}\u00a0%<//>`;
}

/**
 * A length of time in its largest fitting unit.
 * @param {{value: number | null | undefined}} props ``value`` in seconds
 */
export function Seconds({ value }) {
  const { formats, said } = useConsole();
  return html`<${Figure} value=${value}>${typeof value === "number" && lengthOf(value, formats, said)}<//>`;
}

/**
 * @param {number} seconds
 * @param {Said["formats"]} formats
 * @param {Said["said"]} said
 */
export function lengthOf(seconds, formats, said) {
  const units = /** @type {const} */ ([
    ["days", 86_400],
    ["hours", 3_600],
    ["minutes", 60],
    ["seconds", 1],
  ]);
  const [unit, length] = units.find(([, least]) => seconds >= 2 * least) ?? units[3];
  return formats.amount(seconds / length, said.units[unit]);
}

/**
 * An instant, in UTC as the commands print it.
 * @param {{at: string | null | undefined, otherwise?: string}} props ``otherwise``: what null means here
 */
export function Moment({ at, otherwise }) {
  const { words, formats } = useConsole();
  if (at === null && otherwise) return otherwise;
  if (!at) return html`<span class="unknown">${words.unknown}</span>`;
  return html`<time datetime=${at} title=${at}>${formats.moment(at, "UTC")}\u00a0UTC</time>`;
}

/**
 * A named figure and the command that prints it. ``problem``: it could not be looked at.
 * @param {{name: string, command?: string | null, problem?: string | null, children?: unknown}} props
 */
export function Fact({ name, command, problem, children }) {
  return html`
    <div class="fact">
      <dt>${name}</dt>
      <dd>${problem ? html`<span class="trouble">${problem}</span>` : children}${command && html` <${Command} text=${command} />`}</dd>
    </div>
  `;
}

/**
 * A command, copied by a press.
 * @param {{text: string}} props
 */
export function Command({ text }) {
  const { said } = useConsole();
  const code = useRef(/** @type {HTMLElement | null} */ (null));
  const [isCopied, setCopied] = useState(false);
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => code.current && getSelection()?.selectAllChildren(code.current), // at least it can be copied by hand
    );
  return html`
    <button type="button" class="command" title=${said.copy} onClick=${copy} onBlur=${() => setCopied(false)}>
      <span class="spoken">${said.copy}: </span><code ref=${code}>${text}</code>
      <small role="status">${isCopied && said.copied}</small>
    </button>
  `;
}
