/**
 * Numbers and dates as the chosen language writes them. A local date is text such as "2024-02-29" and stays one:
 * it is never read in the browser's zone.
 */

const DAY_MS = 86_400_000;

export class Formats {
  /**
   * @param {string} locale the browser's own where it speaks the chosen language, such as de-AT
   */
  constructor(locale) {
    this.locale = locale;
    this.percents = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
    this.days = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" });
  }

  /**
   * @param {number} value
   * @param {string} unit
   * @param {number} [digits] after the decimal sign, at most
   */
  amount(value, unit, digits = 1) {
    return `${this.number(value, digits)}\u00a0${unit}`;
  }

  /**
   * @param {number} value
   * @param {number} [digits] after the decimal sign, at most
   */
  number(value, digits = 0) {
    return new Intl.NumberFormat(this.locale, { maximumFractionDigits: digits }).format(value);
  }

  /** @param {number} value 12.5 is 12.5 % */
  percent(value) {
    return this.percents.format(value / 100);
  }

  /**
   * @param {string} day a local date
   * @param {number} [back] so many days before it
   */
  day(day, back = 0) {
    return this.days.format(Date.parse(day) - back * DAY_MS);
  }

  /**
   * The local date of an instant.
   * @param {string} instant
   * @param {string} zone the user's, never the browser's
   */
  date(instant, zone) {
    return new Intl.DateTimeFormat(this.locale, { dateStyle: "medium", timeZone: zone }).format(Date.parse(instant));
  }

  /**
   * The local date and time of an instant.
   * @param {string} instant
   * @param {string} zone
   */
  moment(instant, zone) {
    const asked = /** @type {const} */ ({ dateStyle: "medium", timeStyle: "short", timeZone: zone });
    return new Intl.DateTimeFormat(this.locale, asked).format(Date.parse(instant));
  }
}

/**
 * The local date and time of an instant as form fields write them.
 * @param {string} instant
 * @param {string} zone
 */
export function localParts(instant, zone) {
  const asked = /** @type {const} */ ({ dateStyle: "short", timeStyle: "short", timeZone: zone });
  const [date, time] = new Intl.DateTimeFormat("sv-SE", asked).format(Date.parse(instant)).split(" ");
  return { date, time };
}

/**
 * @param {string} language
 * @param {readonly string[]} preferred the browser's locales
 */
export function localeOf(language, preferred) {
  return preferred.find((tag) => tag.toLowerCase().startsWith(language)) ?? language;
}
