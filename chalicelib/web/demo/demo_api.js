/** An application that only knows the household of the demo: it answers as the real one has answered, and keeps nothing. */

import { Api } from "../page/api.js";
import { localParts } from "../page/formats.js";
import { HOUSEHOLD } from "./household.js";

/** @typedef {{id: string, type: string, date: string, amount: number, revision: string}} Row */

const PAGE = 50;
/** @type {{readings: Row[], zone: string}} */
const { readings, zone } = HOUSEHOLD.energy_table;
const DAYS = new Map(readings.map((row) => [row, localParts(row.date, zone).date]));

/**
 * @param {() => void} onWrite called when somebody tries to write
 */
export function demoApi(onWrite) {
  /** @type {typeof globalThis.fetch} */
  const answer = async (address, options) => {
    if (options?.method !== "GET") {
      onWrite();
      return said({ detail: "nothing is kept in the demo", code: "DEMO" }, 403);
    }
    const url = new URL(String(address), "http://demo.example");
    const body = answerOf(url.pathname.replace("/components/", ""), url.searchParams);
    return body ? said(body) : said({ detail: "the demo does not know this" }, 404);
  };
  return new Api("", "demo", () => {}, answer);
}

/**
 * @param {unknown} body
 * @param {number} [status]
 */
function said(body, status = 200) {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
}

/**
 * @param {string} component
 * @param {URLSearchParams} query
 */
function answerOf(component, query) {
  if (component === "energy_table") return tableOf(query);
  if (component === "monthly_charts") return monthsOf(query.get("type"), Number(query.get("year")));
  if (component === "energy_forms") return formOf(query.get("type"));
  return component === "timeline_slider" ? timelineOf(query) : HOUSEHOLD[component];
}

/**
 * Days are compared as local dates, the last one included.
 * @param {Record<string, string>} query
 */
function rowsOf({ type, from, to }) {
  return readings.filter((row) => {
    const day = DAYS.get(row) ?? "";
    return (!type || row.type === type) && (!from || day >= from.slice(0, 10)) && (!to || day <= to.slice(0, 10));
  });
}

/** @param {URLSearchParams} query */
function tableOf(query) {
  const { sort, limit, cursor, ...asked } = Object.fromEntries(query);
  const found = rowsOf(asked);
  if (sort === "-date") found.reverse();
  const begin = Number(cursor ?? 0);
  const end = begin + Number(limit ?? PAGE);
  return { readings: found.slice(begin, end), nextCursor: end < found.length ? `${end}` : null, zone };
}

/**
 * All readings in the parts that the page draws, or those of a range in one.
 * @param {URLSearchParams} query
 */
function timelineOf(query) {
  const asked = Object.fromEntries(query);
  const known = HOUSEHOLD[`timeline_slider ${asked.type}`];
  if (!known || !(asked.from || asked.to)) return known;
  const count = rowsOf(asked).length;
  return { ...known, buckets: [{ count }], maxCount: count };
}

/**
 * A year without readings is like any other one.
 * @param {string | null} type
 * @param {number} year
 */
function monthsOf(type, year) {
  const known = Object.keys(HOUSEHOLD).filter((name) => name.startsWith(`monthly_charts ${type} `));
  const name = `monthly_charts ${type} ${year}`;
  return known.length ? { ...HOUSEHOLD[known.includes(name) ? name : known[0]], year } : null;
}

/** @param {string | null} type */
function formOf(type) {
  return { type, zone, last: readings.findLast((row) => row.type === type) ?? null };
}
