/**
 * Who may ask the server anything.
 *
 * It listens on the loopback address alone, but every page in every browser of this
 * machine can reach that too. So each request carries a secret that only the address we
 * print holds, and names this server as its host: a page of another site, whose name was
 * made to point here (DNS rebinding), names another.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** Bytes of chance in the secret; 16 can't be guessed. */
const TOKEN_BYTES = 24;

export function makeToken(): string {
  return randomBytes(TOKEN_BYTES).toString("base64url");
}

/** Takes as long for a token that is nearly right as for one that is all wrong. */
function isSame(token: string, offered: string): boolean {
  // Hashed, so that both have one length, without which they can't be compared so.
  const hash = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(token), hash(offered));
}

/**
 * The path behind the token.
 *
 * @param url - as it stands in the request: `/TOKEN/page.js`
 * @returns `undefined` if the token is not there, or another
 */
export function pathWithin(url: string | undefined, token: string): string | undefined {
  const [, offered = "", path] = /^\/([^/?#]*)\/([^?#]*)/.exec(url ?? "") ?? [];
  return isSame(token, offered) && path !== undefined ? path : undefined;
}

/** True if the request was meant for this server. */
export function namesThisHost({ host }: IncomingHttpHeaders, port: number): boolean {
  return host === `127.0.0.1:${port}` || host === `localhost:${port}`;
}

/** True if a page of this server asks, or no page at all. Browsers send it with every socket. */
export function isOwnOrigin({ origin }: IncomingHttpHeaders, port: number): boolean {
  return origin === undefined || origin === `http://127.0.0.1:${port}` || origin === `http://localhost:${port}`;
}
