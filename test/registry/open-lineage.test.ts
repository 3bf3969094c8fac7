import { describe, expect, it } from "vitest";
import { type OpenLineageEvent, openLineage } from "../../src/registry/open-lineage.ts";
import type { LineageEdge, LineageLink, VersionRecord } from "../../src/registry/port.ts";
import { idOf, sampleVersion } from "./sample-version.ts";

const edge = (kind: LineageEdge["kind"], ref: string): LineageEdge => ({ kind, ref });
const graph = (versions: readonly VersionRecord[], links: readonly LineageLink[] = []) => ({ versions, links });
const completed = (events: readonly OpenLineageEvent[]) => events.filter(({ eventType }) => eventType === "COMPLETE");

/** What OpenLineage 2-0-2 requires of an event and of every facet in it (spec/OpenLineage.json). */
function assertConforms(event: OpenLineageEvent): void {
  const isUri = (text: unknown) => typeof text === "string" && URL.canParse(text);
  expect(["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]).toContain(event.eventType);
  expect(event.eventTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(event.run.runId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
  expect(isUri(event.producer)).toBe(true);
  expect(event.schemaURL).toBe("https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent");
  for (const { namespace, name } of [event.job, ...event.inputs, ...event.outputs]) {
    expect([typeof namespace, typeof name]).toEqual(["string", "string"]);
  }
  const facets = [event.run, event.job, ...event.inputs, ...event.outputs].map((each) => each.facets ?? {});
  for (const [name, facet] of facets.flatMap((each) => Object.entries(each))) {
    expect(name).toMatch(/^[a-z][A-Za-z_]*$/);
    expect(isUri(facet._producer) && isUri(facet._schemaURL)).toBe(true);
    expect(facet._schemaURL).toMatch(/^https:\/\/openlineage\.io\/spec\/.*#\/\$defs\/\w+$/);
  }
  expect(JSON.parse(JSON.stringify(event))).toEqual(event);
}

describe("openLineage", () => {
  const parent = sampleVersion(1, { lineage: [edge("dataset", "sha256:d1")] });
  const child = sampleVersion(2, {
    description: "better",
    label: "1.1.0",
    lineage: [
      edge("parent", "fraud@1"),
      edge("parent", "bert-base"),
      edge("dataset", "sha256:d2"),
      edge("feature-view", "spend"),
      edge("report", "drift-7"),
      edge("code", "4f2a"),
      edge("run", "r1"),
    ],
  });

  it("gives a start and an end for each version, the oldest first, as the specification wants them", () => {
    const events = openLineage(graph([child, parent]));
    expect(events.map(({ eventType, run }) => [eventType, run.runId])).toEqual([
      ["START", idOf(1)],
      ["COMPLETE", idOf(1)],
      ["START", idOf(2)],
      ["COMPLETE", idOf(2)],
    ]);
    for (const event of events) assertConforms(event);
    expect(events[0]!.outputs).toEqual([]);
    expect(events[0]).toMatchObject({
      eventTime: "2026-01-01T05:17:31.634Z",
      job: { namespace: "modelwright", name: "register/fraud" },
    });
  });

  it("joins a parent's output to its child's input", () => {
    const [first, second] = completed(openLineage(graph([parent, child])));
    const [output] = first!.outputs;
    const input = second!.inputs.find(({ name }) => name === "models/fraud");
    expect(output).toMatchObject({
      namespace: "modelwright",
      name: "models/fraud",
      facets: { version: { datasetVersion: "1" } },
    });
    expect(input).toMatchObject({ namespace: "modelwright", name: "models/fraud", facets: { version: { datasetVersion: "1" } } });
    expect(second!.outputs[0]!.facets).toMatchObject({
      version: { datasetVersion: "2" },
      datasetType: { datasetType: "MODEL" },
      documentation: { description: "better" },
      modelwright_model: { label: "1.1.0", flavor: "onnx", files: child.files, metrics: child.metrics },
    });
    expect(first!.outputs[0]!.facets).not.toHaveProperty("documentation");
  });

  it("takes data for inputs, and commits and runs for where it came from", () => {
    const [event] = completed(openLineage(graph([child])));
    expect(event!.inputs.map(({ name }) => name)).toEqual([
      "models/fraud",
      "models/bert-base",
      "datasets/sha256:d2",
      "feature-views/spend",
      "reports/drift-7",
    ]);
    expect(event!.run.facets["modelwright_origin"]).toMatchObject({
      version: "fraud@2",
      code: ["4f2a"],
      runs: ["r1"],
      createdBy: "ann",
    });
  });

  it("takes edges from the links and from the versions, each once", () => {
    const links = [edge("dataset", "sha256:d1"), edge("dataset", "sha256:d9")].map((each) => ({
      ...each,
      name: "fraud",
      version: 1,
    }));
    const other = { ...edge("dataset", "sha256:d8"), name: "spam", version: 1 };
    const [event] = completed(openLineage(graph([parent], [...links, other])));
    expect(event!.inputs.map(({ name }) => name)).toEqual(["datasets/sha256:d1", "datasets/sha256:d9"]);
  });

  it("names data sets as the host knows them, so that graphs of other tools join", () => {
    const [event] = completed(
      openLineage(graph([child]), {
        namespace: "ml",
        producer: "https://example.com/trainer/v1",
        dataset: ({ kind, ref }) => (kind === "dataset" ? { namespace: "s3://lake", name: ref.slice(7) } : undefined),
      }),
    );
    assertConforms(event!);
    expect(event).toMatchObject({ producer: "https://example.com/trainer/v1", job: { namespace: "ml" } });
    expect(event!.inputs.slice(2, 4)).toEqual([
      { namespace: "s3://lake", name: "d2" },
      { namespace: "ml", name: "feature-views/spend" },
    ]);
  });

  it("takes hostile names for names", () => {
    const version = sampleVersion(1, {
      description: "</script>",
      lineage: [edge("dataset", "__proto__"), edge("code", "constructor")],
    });
    const [event] = completed(openLineage(graph([version], [{ ...edge("run", "toString"), name: "__proto__", version: 1 }])));
    assertConforms(event!);
    expect(event!.inputs).toEqual([{ namespace: "modelwright", name: "datasets/__proto__" }]);
  });

  it("has no events for an empty graph", () => {
    expect(openLineage(graph([]))).toEqual([]);
  });

  it("refuses a producer that is no URI, and a version whose id is no UUID", () => {
    expect(() => openLineage(graph([]), { producer: "me" })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    expect(() => openLineage(graph([sampleVersion(1, { id: "1" })]))).toThrow(expect.objectContaining({ code: "INPUT_INVALID" }));
  });
});
