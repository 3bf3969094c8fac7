import { describe } from "vitest";

/**
 * Defines tests that need something of the machine: a browser, a database server.
 *
 * Where it is missing they are skipped and the reason is printed; where `CI` is set they run all the same, and fail, so that
 * nothing is skipped there without a sign.
 *
 * @param name - what is needed, for example `Chromium`
 * @param probe - answers why it cannot be used, or undefined when it can
 * @returns a `describe`
 */
export async function requirement(
  name: string,
  probe: () => Promise<string | undefined> | string | undefined,
): Promise<(title: string, body: () => void) => void> {
  const reason = await probe();
  if (reason === undefined || process.env["CI"]) return (title, body) => void describe(title, body);
  return (title, body) => {
    // Printed, because the reporters name no skipped test.
    console.log(`Skipped: ${title}. It needs ${name}: ${reason}`);
    describe.skip(title, body);
  };
}
