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
    const number = new Intl.NumberFormat(this.locale, { maximumFractionDigits: digits });
    return `${number.format(value)}\u00a0${unit}`;
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
}

/**
 * @param {string} language
 * @param {readonly string[]} preferred the browser's locales
 */
export function localeOf(language, preferred) {
  return preferred.find((tag) => tag.toLowerCase().startsWith(language)) ?? language;
}
