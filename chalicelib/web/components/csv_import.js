/** Files: bring one, see what it means, take it back; and get one. */

export function CsvImport() {
  return null;
}
