import type { AlertSeverity } from "./port.ts";

/** Severities, the least first. */
export const severities = ["info", "warning", "critical", "emergency"] as const satisfies readonly AlertSeverity[];

/** Greater for what matters more; -1 for none. */
export function rankOf(severity: AlertSeverity | null): number {
  return severity === null ? -1 : severities.indexOf(severity);
}

/** The one that matters most; undefined of none. */
export function worst(among: readonly AlertSeverity[]): AlertSeverity | undefined {
  return severities.findLast((severity) => among.includes(severity));
}
