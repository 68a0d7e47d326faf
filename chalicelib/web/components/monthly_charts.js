/** The monthly charts: a year's consumption in bars, last year's beside them. */

export function MonthlyCharts() {
  return null;
}
