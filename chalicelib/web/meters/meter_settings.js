/** What a meter is like: exchanges, register, direction, and the zone of the household. */

import { Removed } from "../components/energy_table.js";
import { formWords } from "../components/form_words.js";
import { AmountField, MomentFields, momentOf, momentText, useAttempt } from "../components/reading_form.js";
import { Asked, failureOf, isQuestion, questionOf, whereOf } from "../components/reading_questions.js";
import { Stay } from "../device/stay_signed_in.js";
import { Section, useDraft, useLoaded, useSurroundings } from "../page/component.js";
import { parseNumber } from "../page/formats.js";
import { html, useCallback, useEffect, useRef, useState } from "../vendor/preact.js";
import { useMeterWords } from "./meter_words.js";
import { Reminder } from "./reminder.js";

/** @typedef {import("../page/component.js").Meter} Meter */
/** @typedef {{id: string, type: Meter, date: string, finalOld: number, initialNew: number, revision: number}} Exchange */
/** @typedef {{zone: string, moduli: Record<Meter, number | null>, runsBackwards: Record<Meter, boolean>}} Settings */
/** @typedef {{settings: Settings, exchanges: Record<Meter, Exchange[]>}} Shown */

/**
 * An exchange as somebody types it, ``id`` of the one that is corrected; ``at``: the instant of the one to correct.
 * @typedef {object} Typed
 * @property {Meter} type
 * @property {string} [id]
 * @property {string} [at]
 * @property {string} date
 * @property {string} time empty: the whole day
 * @property {boolean} second
 * @property {string} finalOld
 * @property {string} initialNew
 */

const METERS = /** @type {const} */ (["power", "gas"]);
const DIGITS = [4, 5, 6, 7, 8, 9];
const EXCHANGES = "/v2/exchanges";

export function MeterSettings() {
  const { api, drafts } = useSurroundings();
  const settings = useMeterWords();
  const asked = async () => {
    const listed = (/** @type {Meter} */ type) => api.send("GET", EXCHANGES, { query: { type } });
    const [settings, power, gas] = await Promise.all([api.send("GET", "/v2/settings"), listed("power"), listed("gas")]);
    const exchanges = { power: power.body.exchanges, gas: gas.body.exchanges };
    return { settings: settings.body, exchanges, zone: settings.body.zone };
  };
  const ask = useCallback(() => api.remembered("meter_settings", {}, asked), [api]);
  const loaded = useLoaded(/** @type {() => Promise<Shown>} */ (ask), METERS);
  const { body } = loaded;
  const [draft, setDraft] = useDraft("exchange", /** @type {Partial<Typed> | null} */ (null));
  const [said, say] = useState("");
  const waits = /** @type {{resume?: boolean} | undefined} */ (drafts.kept.reading)?.resume;
  return html`
    <${Section} name="meter_settings" title=${settings.title} loaded=${loaded}>
      ${waits && html`<p class="hint">${settings.waiting} <a href="#overview">${settings.back}</a></p>`}
      <p role="status" class="said">${said}</p>
      ${
        body
          ? html`
              ${METERS.map((type) => html`<${Exchanges} key=${type} type=${type} exchanges=${body.exchanges[type]} zone=${body.settings.zone} load=${loaded.load} say=${say} draft=${draft} setTyped=${setDraft} />`)}
              <${SettingsForm} settings=${body.settings} say=${say} />
            `
          : html`<div class="settings-place" aria-hidden="true"></div>`
      }
    <//>
    <${Reminder} />
    <${Stay} />
  `;
}

/** @param {{settings: Settings, say: (text: string) => void}} props */
function SettingsForm({ settings, say }) {
  const { words, formats, api } = useSurroundings();
  const said = useMeterWords();
  const [typed, setTyped] = useDraft("settings", /** @type {Settings | null} */ (null));
  const { problem, isBusy, attempt, forget } = useAttempt();
  const { zone, moduli, runsBackwards } = typed ?? settings;
  const change = (/** @type {Partial<Settings>} */ changed) => {
    say("");
    if (problem) forget();
    setTyped({ zone, moduli, runsBackwards, ...changed });
  };
  const zones = [...new Set([settings.zone, zone, ...Intl.supportedValuesOf("timeZone")])].sort();
  const save = () =>
    attempt(async () => {
      const json = { zone, ...changesOf(settings, { zone, moduli, runsBackwards }) };
      await api.write("PUT", "/v2/settings", { json }, (body) => body.meters);
      setTyped(null);
      say(said.saved);
    });
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    save();
  };
  const refused =
    problem &&
    (problem.status === 422 ? formWords(words).refused[whereOf(problem)] : failureOf(problem, words, formats, zone));
  return html`
    <form class="settings" onSubmit=${submit}>
      <h3>${said.registers}</h3>
      <p class="explained">${said.digitsExplained}</p>
      ${METERS.map(
        (type) => html`
          <label class=${type}>
            ${said.digits(words.meters[type])}
            <select
              name=${`digits-${type}`}
              value=${`${moduli[type] ?? ""}`}
              onChange=${(/** @type {Event} */ event) => change({ moduli: { ...moduli, [type]: Number(chosenIn(event)) || null } })}
            >
              ${moduliFor(moduli[type], settings.moduli[type]).map(
                (modulus) => html`
                  <option value=${`${modulus ?? ""}`} selected=${modulus === moduli[type]}>${modulus === null ? said.unknown : digitsOf(modulus, said)}</option>
                `,
              )}
            </select>
          </label>
        `,
      )}
      ${METERS.filter((type) => type === "power" || settings.runsBackwards[type]).map(
        (type) => html`
          <label class=${type}>
            <input
              type="checkbox"
              role="switch"
              name=${`backwards-${type}`}
              checked=${runsBackwards[type]}
              onChange=${(/** @type {Event} */ event) => change({ runsBackwards: { ...runsBackwards, [type]: /** @type {HTMLInputElement} */ (event.target).checked } })}
            />
            ${said.backwards(words.meters[type])}
          </label>
        `,
      )}
      <p class="explained">${said.backwardsExplained}</p>
      <h3>${said.place}</h3>
      <label>
        ${said.zone}
        <select name="zone" value=${zone} onChange=${(/** @type {Event} */ event) => change({ zone: chosenIn(event) })}>
          ${zones.map((name) => html`<option value=${name} selected=${name === zone}>${name.replaceAll("_", " ")}</option>`)}
        </select>
      </label>
      <p class="explained">${said.zoneExplained}</p>
      ${refused && html`<${Asked} lines=${[refused]} ways=${[[words.tryAgain, save]]} />`}
      <div class="buttons"><button type="submit" aria-busy=${isBusy}>${formWords(words).save}</button></div>
    </form>
  `;
}

/**
 * @typedef {object} ExchangesProps
 * @property {Meter} type
 * @property {Exchange[]} exchanges
 * @property {string} zone
 * @property {() => void} load
 * @property {(text: string) => void} say
 * @property {Partial<Typed> | null} draft what is being typed, of whichever meter
 * @property {(typed: Partial<Typed> | null) => void} setTyped
 */

/** @param {ExchangesProps} props */
function Exchanges({ type, exchanges, zone, load, say, draft, setTyped }) {
  const { words, formats, api } = useSurroundings();
  const said = useMeterWords();
  const [removed, setRemoved] = useState(/** @type {Exchange[]} */ ([]));
  const add = useRef(/** @type {HTMLElement | null} */ (null));
  const typed = draft?.type === type ? begun(draft, exchanges, zone, formats) : null;
  const textOf = (/** @type {Exchange} */ exchange) =>
    said.exchange(
      momentShown(exchange.date, zone, formats),
      formats.amount(exchange.finalOld, words.units[type], 3),
      formats.amount(exchange.initialNew, words.units[type], 3),
    );
  const open = (/** @type {Partial<Typed>} */ exchange) => {
    say("");
    setTyped({ type, ...exchange });
  };
  const close = (/** @type {string} */ text = "") => {
    setTyped(null);
    say(text);
    add.current?.focus();
  };
  const remove = async (/** @type {Exchange} */ exchange) => {
    say("");
    const sent = { headers: { "If-Match": `"${exchange.revision}"` } };
    const metersOf = (/** @type {any} */ _, /** @type {Headers} */ headers) => [
      { type, sourceVersion: Number(headers.get("X-Source-Version")) },
    ];
    try {
      await api.write("DELETE", `${EXCHANGES}/${encodeURIComponent(exchange.id)}`, sent, metersOf);
      setRemoved((before) => [...before, exchange]);
    } catch (problem) {
      const { status } = /** @type {import("../page/api.js").Problem} */ (problem);
      say(status === 412 ? said.changed : status === 404 ? said.gone : words.table.notRemoved);
      load();
    }
  };
  const restore = (/** @type {Exchange} */ { date, finalOld, initialNew }) =>
    api.write("POST", EXCHANGES, { json: { type, date, finalOld, initialNew, confirm: true } }, (body) => [body.meter]);
  return html`
    <section class=${`exchanges ${type}`} aria-labelledby=${`exchanges-${type}`}>
      <h3 id=${`exchanges-${type}`}>${said.exchanges(words.meters[type])}</h3>
      <p class="explained">${said.exchangeExplained}</p>
      ${exchanges.length === 0 && !typed && html`<p>${said.none}</p>`}
      <ul class="exchange-list">
        ${exchanges.map((exchange) =>
          exchange.id === typed?.id
            ? null
            : html`
                <li key=${exchange.id}>
                  <span>${textOf(exchange)}</span>
                  <span class="actions">
                    <button type="button" class="inline quiet" onClick=${() => open(startOf(exchange, zone, formats))}>${words.table.edit}<span class="spoken"> ${textOf(exchange)}</span></button>
                    <button type="button" class="inline quiet" onClick=${() => remove(exchange)}>${words.table.remove}<span class="spoken"> ${textOf(exchange)}</span></button>
                  </span>
                </li>
              `,
        )}
      </ul>
      ${
        typed
          ? html`<${ExchangeForm} key=${typed.id} typed=${typed} stored=${exchanges.find(({ id }) => id === typed.id) ?? null} zone=${zone} change=${(/** @type {Partial<Typed>} */ changed) => setTyped({ ...typed, ...changed })} close=${close} load=${load} />`
          : html`<button type="button" class="inline" ref=${add} onClick=${() => open({})}>${said.add}<span class="spoken"> (${words.meters[type]})</span></button>`
      }
      <div class="toasts" role="status">
        ${removed.map((exchange) => html`<${Removed} key=${exchange.id} text=${`${said.removed} ${textOf(exchange)}`} restore=${() => restore(exchange)} forget=${() => setRemoved((before) => before.filter((each) => each !== exchange))} leave=${() => add.current?.focus()} />`)}
      </div>
    </section>
  `;
}

/**
 * @typedef {object} ExchangeFormProps
 * @property {Typed} typed
 * @property {Exchange | null} stored
 * @property {string} zone
 * @property {(changed: Partial<Typed>) => void} change
 * @property {(text?: string) => void} close
 * @property {() => void} load
 */

/** @param {ExchangeFormProps} props */
function ExchangeForm({ typed, stored, zone, change, close, load }) {
  const { words, formats, api } = useSurroundings();
  const said = useMeterWords();
  const { problem, isBusy, attempt, forget } = useAttempt();
  const [missing, setMissing] = useState("");
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const finalOld = parseNumber(typed.finalOld, formats.locale);
  const initialNew = parseNumber(typed.initialNew, formats.locale);
  const focus = (/** @type {string} */ name) =>
    /** @type {HTMLElement | undefined} */ (form.current?.elements.namedItem(name))?.focus();
  useEffect(() => focus(typed.date && typed.finalOld && stored ? "time" : typed.date ? "finalOld" : "date"), []);
  const edit = (/** @type {Partial<Typed>} */ changed) => {
    setMissing("");
    if (problem) forget();
    change(changed);
  };
  const save = (/** @type {Record<string, unknown>} */ more = {}) =>
    attempt(async () => {
      const json = { date: momentText(typed, zone), finalOld, initialNew, ...more };
      const metersOf = (/** @type {any} */ body) => [body.meter];
      if (stored) {
        const headers = { "If-Match": `"${stored.revision}"` };
        await api.write("PUT", `${EXCHANGES}/${encodeURIComponent(stored.id)}`, { json, headers }, metersOf);
      } else await api.write("POST", EXCHANGES, { json: { type: typed.type, ...json } }, metersOf);
      close(said.exchangeSaved);
    });
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const fields = { date: typed.date, finalOld: finalOld !== null, initialNew: initialNew !== null };
    const lacking = Object.entries(fields).find(([, given]) => !given)?.[0] ?? "";
    setMissing(lacking);
    if (lacking) focus(lacking);
    else save();
  };
  const again = () => {
    const where = problem?.errors[0]?.where ?? "date";
    forget();
    focus(problem?.details?.exchangeWithoutTime ? "time" : where);
  };
  const refusal =
    problem && refusalOf(problem, { typed, zone, words, settings: said, formats, save, again, close, load });
  return html`
    <form ref=${form} novalidate class=${`reading ${typed.type}`} onSubmit=${submit}>
      <${MomentFields} typed=${typed} zone=${zone} change=${edit} missing=${missing === "date" ? missing : ""} />
      <p class="explained">${said.timeExplained}</p>
      ${(/** @type {const} */ (["finalOld", "initialNew"])).map(
        (name) => html`
          <${AmountField}
            name=${name}
            label=${said[name]}
            type=${typed.type}
            text=${typed[name]}
            onText=${(/** @type {string} */ text) => edit({ [name]: text })}
            isMissing=${missing === name}
          />
        `,
      )}
      ${refusal && html`<${Asked} ...${refusal} />`}
      <div class="buttons">
        <button type="submit" aria-busy=${isBusy}>${formWords(words).save}</button>
        <button type="button" class="secondary" onClick=${() => close()}>${formWords(words).cancel}</button>
      </div>
    </form>
  `;
}

/**
 * What is said of an exchange that was not saved, and the ways on.
 * @param {import("../page/api.js").Problem} problem
 * @param {any} around the form's own
 * @returns {{lines: string[], ways: [string, () => void][]}}
 */
function refusalOf(problem, { typed, zone, words, settings, formats, save, again, close, load }) {
  const forms = formWords(words);
  const reload = () => {
    close();
    load();
  };
  const said = (/** @type {string[]} */ lines, /** @type {[string, () => void][]} */ ...ways) => ({ lines, ways });
  if (isQuestion(problem)) {
    const { suggestion, exchangeWithoutTime } = problem.details;
    const ways = /** @type {[string, () => void][]} */ ([
      [exchangeWithoutTime ? forms.exchangeTime : forms.correct, again],
      [forms.itIsSo, () => save({ confirm: true })],
    ]);
    if (suggestion) {
      const amount = formats.amount(suggestion.amount, words.units[typed.type], 3);
      ways.unshift([forms.instead(amount), () => save({ [problem.errors[0].where]: suggestion.amount })]);
    }
    return said(questionOf(problem, typed.type, zone, words, formats), ...ways);
  }
  if (problem.status === 409 && !problem.code) return said([settings.taken], [forms.anotherTime, again]);
  if (problem.status === 412) return said([settings.changed], [settings.look, reload]);
  if (problem.status === 404) return said([settings.gone], [forms.cancel, reload]);
  if (problem.status === 422) return said([forms.refused[whereOf(problem)]], [forms.correct, again]);
  return said([failureOf(problem, words, formats, zone)], [words.tryAgain, () => save()]);
}

/**
 * What a draft begins: one to correct, or a new one.
 * @param {Partial<Typed>} draft
 * @param {Exchange[]} exchanges
 * @param {string} zone
 * @param {import("../page/formats.js").Formats} formats
 * @returns {Typed}
 */
function begun(draft, exchanges, zone, formats) {
  const wanted = exchanges.find(({ date }) => date === draft.at);
  const empty = {
    type: /** @type {Meter} */ (draft.type),
    date: "",
    time: "",
    second: false,
    finalOld: "",
    initialNew: "0",
  };
  return { ...empty, ...(wanted && !draft.id && startOf(wanted, zone, formats)), ...draft };
}

/**
 * @param {Exchange} exchange
 * @param {string} zone
 * @param {import("../page/formats.js").Formats} formats
 */
function startOf({ id, date, finalOld, initialNew }, zone, formats) {
  const moment = momentOf(date, zone);
  const time = moment.time === "00:00" ? "" : moment.time;
  return { id, ...moment, time, finalOld: formats.typed(finalOld), initialNew: formats.typed(initialNew) };
}

/**
 * @param {string} instant
 * @param {string} zone
 * @param {import("../page/formats.js").Formats} formats
 */
function momentShown(instant, zone, formats) {
  return momentOf(instant, zone).time === "00:00" ? formats.date(instant, zone) : formats.moment(instant, zone);
}

/**
 * Only what somebody has changed: the rest stays what it is by now.
 * @param {Settings} before
 * @param {Settings} after
 */
function changesOf(before, after) {
  const changed = (/** @type {"moduli" | "runsBackwards"} */ name) =>
    Object.fromEntries(
      METERS.filter((type) => before[name][type] !== after[name][type]).map((type) => [type, after[name][type]]),
    );
  return { moduli: changed("moduli"), runsBackwards: changed("runsBackwards") };
}

/** @param {(number | null)[]} known what must be among them */
function moduliFor(...known) {
  const all = [...DIGITS.map((digits) => 10 ** digits), ...known.filter((modulus) => modulus !== null)];
  return [null, ...[...new Set(all)].sort((a, b) => Number(a) - Number(b))];
}

/**
 * @param {number} modulus
 * @param {ReturnType<typeof useMeterWords>} said
 */
function digitsOf(modulus, said) {
  const digits = Math.log10(modulus);
  return Number.isInteger(digits) ? said.count(digits) : said.startsAgainAt(modulus);
}

const chosenIn = (/** @type {Event} */ event) => /** @type {HTMLSelectElement} */ (event.target).value;
