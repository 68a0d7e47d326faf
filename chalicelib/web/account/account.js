/** My data: everything that is kept about a person as one file, and its erasure, with a receipt that stays. */

import { useSurroundings } from "../page/component.js";
import { cursorOf, download, fileNameOf } from "../page/saving.js";
import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { accountWords } from "./account_words.js";

/**
 * @typedef {object} Receipt
 * @property {string} receipt its id
 * @property {string | null} erasedAt null: something is left, which goes by itself
 * @property {"erased" | "erasing"} state
 * @property {string} opensAt from then on this person may write again
 * @property {Record<string, number>} deleted
 */

/** @typedef {ReturnType<typeof useSaving>} Saving */

const UNSURE = [0, 500, 502, 504]; // it may have been done nevertheless

export function Account() {
  const saving = useSaving();
  const { words, api } = useSurroundings();
  return html`
    ${!api.token && html`<p class="hint">${accountWords(words).needsSignIn}</p>`}
    <${SaveEverything} saving=${saving} /><${EraseEverything} saving=${saving} />
  `;
}

/** Two buttons save the same file; what becomes of it is said in one place. */
function useSaving() {
  const { words, formats, api } = useSurroundings();
  const [text, setText] = useState("");
  const [state, setState] = useState(/** @type {"" | "busy" | "failed"} */ (""));
  const said = accountWords(words);
  const save = async () => {
    if (state === "busy" || !api.token) return;
    setState("busy");
    setText(said.saving(formats.number(0)));
    try {
      const { name, document, count } = await everything(api, (so) => setText(said.saving(formats.number(so))));
      download(name, new Blob([JSON.stringify(document, null, 1)], { type: "application/json" }));
      setText(said.saved(formats.number(count), name));
      setState("");
    } catch {
      setText(said.saveFailed);
      setState("failed");
    }
  };
  return { text, isOff: state === "busy" || !api.token, hasFailed: state === "failed", save };
}

/**
 * The pages of the export as one document: its lists are joined.
 * @param {import("../page/api.js").Api} api
 * @param {(count: number) => void} onPage called with how many entries there are so far
 */
async function everything(api, onPage) {
  /** @type {Record<string, unknown>} */
  const document = {};
  let name = "energy-monitor.json";
  let count = 0;
  /** @type {string | null} */
  let cursor = null;
  do {
    /** @type {{body: Record<string, unknown>, headers: Headers}} */
    const { body, headers } = await api.send("GET", "/v2/account/export", { query: cursor ? { cursor } : {} });
    for (const [member, value] of Object.entries(body)) {
      if (!Array.isArray(value)) document[member] ??= value;
      else {
        document[member] = [.../** @type {unknown[]} */ (document[member] ?? []), ...value];
        count += value.length;
      }
    }
    if (!cursor) name = fileNameOf(headers) ?? name;
    cursor = cursorOf(headers);
    onPage(count);
  } while (cursor);
  return { name, document, count };
}

/** @param {{saving: Saving}} props */
function SaveEverything({ saving: { text, isOff, hasFailed, save } }) {
  const { words } = useSurroundings();
  const said = accountWords(words);
  return html`
    <section id="account_export" class="account component" aria-labelledby="account_export-title">
      <h2 id="account_export-title">${said.save}</h2>
      <p>${said.saveHow}</p>
      <button type="button" class="inline" aria-disabled=${isOff} onClick=${save}>${hasFailed ? words.tryAgain : said.saveFile}</button>
      <p role="status" class="outcome">${text}</p>
    </section>
  `;
}

/** @param {{saving: Saving}} props */
function EraseEverything({ saving }) {
  const { words, api, user, signOut } = useSurroundings();
  const [typed, setTyped] = useState("");
  const [phase, setPhase] = useState(/** @type {"" | "erasing" | "notErased" | "notKnown"} */ (""));
  const said = accountWords(words);
  const isSure = Boolean(api.token) && typed.trim().normalize() === user.trim().normalize();
  const erase = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!isSure || phase === "erasing") return;
    setPhase("erasing");
    try {
      const { body } = await api.send("DELETE", "/v2/account", { query: { confirm: "erase" } });
      signOut((around) => html`<${Farewell} receipt=${body} ...${around} />`);
    } catch (error) {
      const { status } = /** @type {import("../page/api.js").Problem} */ (error);
      setPhase(UNSURE.includes(status) ? "notKnown" : "notErased");
    }
  };
  return html`
    <section id="account_erasure" class="account component" aria-labelledby="account_erasure-title">
      <h2 id="account_erasure-title">${said.erase}</h2>
      <p class="hint">${said.eraseHow}</p>
      <p><button type="button" class="inline secondary" aria-disabled=${saving.isOff} onClick=${saving.save}>${said.saveFirst}</button> <small>${saving.text}</small></p>
      <form onSubmit=${erase}>
        <label>${said.confirm(user)}
          <input type="text" value=${typed} autocomplete="off" autocapitalize="off" spellcheck="false" onInput=${(/** @type {any} */ { target }) => setTyped(target.value)} />
        </label>
        <button type="submit" class="inline" disabled=${!isSure}>${said.eraseYes}</button>
        <p role="status" class="outcome" aria-busy=${phase === "erasing"}>${phase && said[phase]}</p>
      </form>
    </section>
  `;
}

/**
 * What is left to show of somebody whose data went.
 * @param {{receipt: Receipt, words: import("../page/words.js").Words, formats: import("../page/formats.js").Formats}} props
 */
function Farewell({ receipt, words, formats }) {
  const said = accountWords(words);
  const [outcome, setOutcome] = useState("");
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => heading.current?.focus(), []);
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const isDone = receipt.state === "erased";
  const title = isDone ? said.erased : said.beingErased;
  const facts = [
    [said.receipt, receipt.receipt],
    ...(receipt.erasedAt ? [[said.at, formats.moment(receipt.erasedAt, timeZone)]] : []),
    [said.opensAt, formats.moment(receipt.opensAt, timeZone)],
  ];
  const named = /** @type {Record<string, string>} */ (said.names);
  const gone = Object.entries(receipt.deleted).filter(([, count]) => count > 0);
  const counts = gone.map(([name, count]) => [named[name] ?? name, formats.number(count)]);
  const copy = () => {
    const text = [title, ...[...facts, ...counts].map((pair) => pair.join(": "))].join("\n");
    navigator.clipboard.writeText(text).then(
      () => setOutcome(said.copied),
      () => setOutcome(said.notCopied),
    );
  };
  return html`
    <section class="account receipt" aria-labelledby="receipt-title">
      <h2 id="receipt-title" tabindex="-1" ref=${heading}>${title}</h2>
      <p>${!isDone && said.beingErasedHow} ${said.device}</p>
      <${Pairs} pairs=${facts} />
      <details>
        <summary>${said.counts}</summary>
        <${Pairs} pairs=${counts} />
      </details>
      <button type="button" class="inline secondary" onClick=${copy}>${said.copy}</button>
      <button type="button" class="inline secondary" onClick=${() => globalThis.print()}>${said.print}</button>
      <p role="status" class="outcome">${outcome}</p>
    </section>
  `;
}

/** @param {{pairs: string[][]}} props */
function Pairs({ pairs }) {
  return html`<dl>${pairs.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}
