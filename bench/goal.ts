/** What a measurement should come to. */
export interface Goal {
  /** Of what is measured. */
  readonly name: string;
  readonly measured: number;
  readonly unit: string;
  /** Which side of the limits is good. */
  readonly at: "least" | "most";
  /** What we want on a machine of our own. */
  readonly goal: number;
  /** What fails the bench: the goal with room for what else the machine does. */
  readonly limit: number;
}

/** Prints whether a goal was met; one that is missed by more than the room that it has fails the process, when it ends. */
export function hold({ name, measured, unit, at, goal, limit }: Goal): void {
  const within = (bound: number) => (at === "least" ? measured >= bound : measured <= bound);
  const verdict = within(goal) ? "met" : within(limit) ? "missed, within the limit" : "MISSED";
  const bounds = `goal at ${at} ${goal} ${unit}, limit ${limit}`;
  console.log(`  ${name}: ${Number(measured.toPrecision(4))} ${unit} (${bounds}): ${verdict}`);
  if (!within(limit)) process.exitCode = 1;
}
