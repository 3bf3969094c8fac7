/** SQLSTATE classes and codes after which nothing was changed and the same call may succeed. */
const PASSING = [
  /^08/, // connection exceptions
  /^40(?:001|P01)$/, // serialization failure, deadlock
  /^53(?:300|400)?$/, // too many connections
  /^55P03$/, // a lock was held for too long
  /^57(?:P0[1-5]|014)$/, // shutdown, crash, not accepting connections yet, idle session; statement cancelled
  /^25P0[34]$/, // idle in a transaction, or in one for too long
];

/** SQLSTATE codes with which the server ends a session. */
const ENDED = /^(?:08...|57P0[1-5]|25P0[34])$/;

/** Errors of the network, by the names that Node gives them. */
const NETWORK = /^(?:ECONN(?:RESET|REFUSED|ABORTED)|EPIPE|ETIMEDOUT|E(?:HOST|NET)UNREACH|EAI_AGAIN|ENOTFOUND)$/;

/** `pg` gives these no code. */
const LOST = /^(?:Connection terminated|timeout e|Client has encountered a connection error|Query read timeout)/;

/** Two transactions have come into each other's way: a serialization failure, a deadlock, a key that both insert. */
const COLLIDED = /^(?:40001|40P01|23505)$/;

/** Whether the connection that gave the error is gone. */
export function isLost(error: unknown): boolean {
  const code = codeOf(error);
  return ENDED.test(code) || NETWORK.test(code) || (code === "" && LOST.test(String((error as Error | null)?.message)));
}

/** Whether the server keeps a plan on this connection that does not fit the tables any more. */
export function isStalePlan(error: unknown): boolean {
  return codeOf(error) === "0A000" && /cached plan/.test(String((error as Error).message));
}

/** Whether a text was given that UTF-8 in PostgreSQL has no place for: one with a NUL character. */
export function isUnstorable(error: unknown): boolean {
  return codeOf(error) === "22021";
}

/** Whether a failed call changed nothing and may succeed when repeated. */
export function isRetryable(error: unknown): boolean {
  return isLost(error) || isStalePlan(error) || PASSING.some((pattern) => pattern.test(codeOf(error)));
}

/** Whether a transaction was undone because another one came first. */
export function hasCollided(error: unknown): boolean {
  return COLLIDED.test(codeOf(error));
}

/** The SQLSTATE, or Node's name of a network error. Several addresses that were tried are in one error. */
function codeOf(error: unknown): string {
  const { code, errors } = (error ?? {}) as { readonly code?: unknown; readonly errors?: readonly unknown[] };
  if (typeof code === "string") return code;
  return Array.isArray(errors) && errors.length > 0 ? codeOf(errors[0]) : "";
}
