/** What the screens show that come later: tables, durations, digests cut short. */

import { Figure, useConsole } from "../console/parts.js";
import { html } from "../vendor/preact.js";

/** @param {{value: number | null | undefined}} props ``value`` in milliseconds */
export function Milliseconds({ value }) {
  const { formats } = useConsole();
  return html`<${Figure} value=${value}>${typeof value === "number" && formats.amount(value, "ms")}<//>`;
}

const DIGEST = /[0-9a-f]{16,}/g;
const DIGITS = 8; // enough to distinguish two by eye

/**
 * A text with its digests cut to their first digits, which are in every longer form of them; the whole is its title.
 * @param {{text: string}} props
 */
export function Short({ text }) {
  const shown = text.replaceAll(DIGEST, (digest) => digest.slice(0, DIGITS));
  return html`<code title=${shown === text ? null : text}>${shown}</code>`;
}

/**
 * A table that scrolls by itself where it is wider than its place.
 * @param {{name: string, heads: unknown[], rows: {key: string, cells: unknown[]}[], empty?: string}} props
 */
export function List({ name, heads, rows, empty }) {
  const { said } = useConsole();
  if (!rows.length && empty) return html`<p>${empty}</p>`;
  return html`
    <div class="table-scroll" tabindex="0" role="region" aria-label=${said.tableOf(name)}>
      <table class="listed">
        <thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
        <tbody>${rows.map(({ key, cells }) => html`<tr key=${key}>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
      </table>
    </div>
  `;
}
