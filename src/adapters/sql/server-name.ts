/** Where a database is, as errors may show it: without user, password and options. */
export interface ServerPlace {
  readonly host?: unknown;
  readonly port?: unknown;
  readonly database?: unknown;
}

/**
 * Name of a database on a server, for example `postgres db.example.com:5432/models`. What is not known is left out.
 *
 * @param product - what the name begins with
 */
export function serverName(product: string, { host, port, database }: ServerPlace): string {
  const server = typeof host === "string" ? `${host}${/^\d+$/.test(String(port)) ? `:${port}` : ""}` : "";
  const name = typeof database === "string" && database !== "" ? `/${database}` : "";
  return `${product} ${server}${name}`.trim();
}

/**
 * The place that a URL names, and nothing else of it.
 *
 * @returns undefined for text that is no URL
 */
export function placeOfUrl(url: string): ServerPlace | undefined {
  if (!URL.canParse(url)) return undefined;
  const { hostname, port, pathname, searchParams } = new URL(url);
  return { host: searchParams.get("host") ?? hostname, port, database: decoded(pathname.slice(1)) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
