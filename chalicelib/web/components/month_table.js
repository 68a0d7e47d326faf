/** The months as a table: what the chart shows, loaded when somebody opens it. */

import { useSurroundings } from "../page/component.js";
import { html } from "../vendor/preact.js";
import { QualityMark } from "./dashboard.js";

/** @typedef {import("./monthly_charts.js").About} About */

/** @param {{months: About[]}} props */
export function MonthTable({ months }) {
  const { charts } = useSurroundings().words;
  const heads = [charts.month, charts.consumption, charts.before, charts.difference, charts.reading, charts.notes];
  const figure = (/** @type {About["used"]} */ found) => html`<td>${found.amount} <${QualityMark} ...${found} /></td>`;
  return html`
    <div class="month-table" role="region" tabindex="0" aria-label=${charts.table}>
      <table>
        <thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
        <tbody>
          ${months.map(
            (about) => html`
              <tr key=${about.title}>
                <th scope="row">${about.title}</th>
                ${figure(about.used)}${figure(about.before)}
                <td>${about.difference}</td>
                ${figure(about.reading)}
                <td>${about.flags.join(" ")}</td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}
