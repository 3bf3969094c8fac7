import { describe, expect, expectTypeOf, it } from "vitest";
import type { Row } from "../../src/inference/row.ts";
import { type Step, type StepContext, step } from "../../src/inference/step.ts";

const context: StepContext = { inputs: [], outputs: [], model: { name: "fraud", version: 3 }, provider: "test" };

describe("step", () => {
  it("runs the function on a sample, with what is known of the model", () => {
    const named = step({ version: "1", run: (age: number, { model }: StepContext) => `${model.name}@${model.version}: ${age}` });
    expect([named.spec, named.version, named.run(41, context)]).toEqual(["step/1", "1", "fraud@3: 41"]);
  });

  it("takes its types from the function", () => {
    const parse = step({ version: "1", run: (raw: { readonly age: string }) => ({ age: Number(raw.age) }) });
    expectTypeOf(parse).toEqualTypeOf<Step<{ readonly age: string }, { age: number }>>();
    expectTypeOf(parse).toExtend<Step<{ readonly age: string }, Row>>();
    // @ts-expect-error: takes no number
    expect(parse.run({ age: 41 }, context)).toEqual({ age: 41 });
  });

  it("passes what the function throws on as it is", () => {
    const error = new RangeError("too old");
    const fails = step({
      version: "1",
      run: (_: number): number => {
        throw error;
      },
    });
    expect(() => fails.run(1, context)).toThrow(error);
  });

  it("refuses a function that turns out to be asynchronous, also one that rejects", async () => {
    for (const run of [async () => 1, async () => Promise.reject(new Error("late"))]) {
      const later = step({ version: "later", run: run as () => never });
      expect(() => later.run(undefined as never, context)).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
    }
    // @ts-expect-error: an asynchronous function
    step({ version: "1", run: async (x: number) => x });
    await new Promise(setImmediate);
  });

  it.each<[string, object, readonly string[]]>([
    ["no version", { run: () => 1 }, ["version"]],
    ["an empty version", { version: "", run: () => 1 }, ["version"]],
    ["no function", { version: "1", run: 1 }, ["run"]],
    ["a misspelt option", { version: "1", run: () => 1, verison: "2" }, []],
  ])("refuses %s", (_, options, path) => {
    expect(() => step(options as never)).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        details: { subject: "step", issues: [expect.objectContaining({ path })] },
      }),
    );
  });
});
