/** Whether both sides hold the same readings: the last comparison, and a new one, which goes on until it is finished. */

import { useDocument, useDocuments } from "../console/documents.js";
import { Command, Fact, Figure, Moment, Panel, useConsole } from "../console/parts.js";
import { html } from "../vendor/preact.js";
import { Short } from "./details.js";
import { screenWords } from "./screen_words.js";

const PATH = "/ops/verify";
const FINDINGS = "findings"; // the routes keep their number alone

export function Screen() {
  const { api, words, formats, said: common, commands } = useConsole();
  const said = screenWords(words).verify;
  const kept = useDocument(PATH);
  const documents = useDocuments();
  /** @type {any[] | null} */
  const findings = documents.get(FINDINGS).body;
  const { at, upTo, meters, lagging, differences, firstSeen, lastSeen, command, problem } = kept.body ?? {};
  /** One request works for some seconds only: the next goes on where it has ended. */
  const verify = async (/** @type {string} */ reason, /** @type {(text: string) => void} */ say) => {
    for (;;) {
      const { body } = await api.send("POST", PATH, { json: { reason } });
      documents.keep(FINDINGS, body.findings ?? []);
      const [done, all, found] = [body.meters, body.of, body.differences].map((each) => formats.number(each ?? 0));
      if (body.finished) return said.finished(done, found);
      say(said.progress(done, all, found));
    }
  };
  const fact = (/** @type {string} */ name, /** @type {unknown} */ shown) =>
    html`<${Fact} name=${name} problem=${problem}>${shown}<//>`;
  return html`
    <${Panel} name="verify" title=${common.screens.verify} kept=${kept}>
      <dl class="facts">
        ${fact(common.lastVerify, html`<${Moment} at=${at} otherwise=${common.never} />`)}
        ${fact(said.upTo, html`<${Moment} at=${upTo} />`)}
        ${fact(common.meters, html`<${Figure} value=${meters} />`)}
        ${fact(common.lagging, html`<${Figure} value=${lagging} />`)}
        ${fact(common.differences, html`<${Figure} value=${differences} />`)}
        ${firstSeen && fact(said.seen, html`<${Moment} at=${firstSeen} /> – <${Moment} at=${lastSeen} />`)}
      </dl>
      ${command && html`<p><${Command} text=${command} /></p>`}
      ${commands && html`<p><${commands.Action} label=${said.verify} send=${verify}><p>${said.will}</p><//></p>`}
      ${
        findings &&
        html`<h3>${said.findings}</h3>
        ${findings.length ? html`<ul>${findings.map(({ meter, collection, document, problem: wrong }) => html`<li><${Short} text=${meter} />, <code>${collection} ${document}</code>: ${wrong}</li>`)}</ul><p>${said.whose} <${Command} text="python -m infra verify" /></p>` : html`<p>${said.none}</p>`}`
      }
    <//>
  `;
}
