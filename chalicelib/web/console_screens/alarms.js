/** The alarms that ring, and by name those that do not. */

import { useDocument } from "../console/documents.js";
import { ALARMS, Alarms, LIST_ALARMS } from "../console/overview.js";
import { Command, Panel, useConsole } from "../console/parts.js";
import { html } from "../vendor/preact.js";
import { screenWords } from "./screen_words.js";

export function Screen() {
  const { words, said: common } = useConsole();
  const said = screenWords(words).alarms;
  const kept = useDocument(ALARMS);
  const of = (/** @type {string} */ state) =>
    (kept.body?.alarms ?? []).filter((/** @type {any} */ alarm) => alarm.state === state);
  const folded = (/** @type {string} */ title, /** @type {any[]} */ alarms) =>
    alarms.length > 0 &&
    html`<details><summary>${title}: ${alarms.length}</summary><ul>${alarms.map(({ name }) => html`<li key=${name}>${name}</li>`)}</ul></details>`;
  return html`
    <${Panel} name="alarms" title=${common.ringing(of("ALARM").length)} kept=${kept}>
      <${Alarms} all=${of("ALARM")} empty=${common.silent} />
      ${folded(said.silent, of("OK"))}${folded(said.noData, of("INSUFFICIENT_DATA"))}
      <p><${Command} text=${`${LIST_ALARMS} --all`} /></p>
    <//>
  `;
}
