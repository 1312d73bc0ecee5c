/** What an address says behind `?`: texts by name, several where a name is repeated. */
export type Search = Record<string, string | string[]>;

/** Plain parameters, as `/v1` has them, so that people can read and write addresses. */
export function parseSearch(text: string): Search {
  const search: Search = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const known = search[name];
    search[name] = known === undefined ? value : [...(Array.isArray(known) ? known : [known]), value];
  }
  return search;
}

/** The other way. Nothing is written for what is undefined, empty or false. */
export function stringifySearch(search: Record<string, unknown>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "" && one !== false) {
        parameters.append(name, String(one));
      }
    }
  }
  const text = parameters.toString().replaceAll("%3A", ":").replaceAll("%2F", "/").replaceAll("%2C", ",");
  return text ? `?${text}` : "";
}

/** One text of a search, whatever was given. */
export function textOf(search: Record<string, unknown>, name: string): string | undefined {
  const value = search[name];
  const one = Array.isArray(value) ? value[0] : value;
  return one === undefined || one === "" ? undefined : String(one);
}

/** The texts of a search under a name that may be repeated. */
export function textsOf(search: Record<string, unknown>, name: string): string[] {
  const value = search[name];
  return (Array.isArray(value) ? value : [value]).filter((one) => one !== undefined && one !== "").map(String);
}
