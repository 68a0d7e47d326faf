/** Where writes go, since when, and who changed that why. */

import { useDocument } from "../console/documents.js";
import { Command, Fact, Figure, Moment, Panel, Seconds, useConsole } from "../console/parts.js";
import { html } from "../vendor/preact.js";
import { List } from "./details.js";
import { screenWords } from "./screen_words.js";

const PATH = "/ops/sync-mode";
const MODES = /** @type {const} */ (["old_only", "dual_write", "new_only"]); // each next to its neighbours

/** @typedef {typeof MODES[number]} Mode */

export function Screen() {
  const { api, words, said: common, commands } = useConsole();
  const said = screenWords(words).mode;
  const kept = useDocument(PATH);
  const { mode, since, authoritative, catchingUp, drainSeconds, stopped, changes = [], command } = kept.body ?? {};
  const at = MODES.indexOf(mode);
  const neighbours = MODES.filter((_, index) => at >= 0 && Math.abs(index - at) === 1);
  const set = (/** @type {Mode} */ wanted) => async (/** @type {string} */ reason) => {
    const { body } = await api.send("PUT", PATH, { json: { mode: wanted, reason } });
    return said.isNow(body?.mode ?? wanted);
  };
  const rows = [...changes].reverse().map((/** @type {any} */ change) => ({
    key: change.at,
    cells: [html`<${Moment} at=${change.at} />`, change.mode, change.by ?? "–", change.reason],
  }));
  return html`
    <${Panel} name="sync-mode" title=${common.syncMode} kept=${kept}>
      <dl class="facts">
        <${Fact} name=${common.syncMode}>
          <strong><${Figure} value=${mode} /></strong> ${common.since} <${Moment} at=${since} otherwise=${common.ever} />
          ${at >= 0 && html`<p>${said.meanings[/** @type {Mode} */ (mode)]}</p>`}
        <//>
        <${Fact} name=${said.believed}><${Figure} value=${authoritative} /><//>
        <${Fact} name=${common.drain}><${Seconds} value=${drainSeconds} /><//>
        ${catchingUp && html`<${Fact} name=${said.catching}><span class="trouble">${common.catchingUp(catchingUp)}</span><//>`}
        ${stopped && html`<${Fact} name=${said.stopped}><span class="trouble">${stopped}</span><//>`}
      </dl>
      ${command && html`<p><${Command} text=${command} /></p>`}
      ${
        commands &&
        html`<div class="buttons">${neighbours.map(
          (wanted) => html`
          <${commands.Action} key=${wanted} label=${said.to(wanted)} isGrave=${true} send=${set(wanted)}>
            <p>${said.will(mode, wanted)}</p><p>${said.meanings[wanted]}</p>
          <//>
        `,
        )}</div>`
      }
      <h3>${said.changes}</h3>
      <${List} name=${said.changes} heads=${[said.at, common.syncMode, said.by, said.reason]} rows=${rows} empty=${said.never} />
    <//>
  `;
}
