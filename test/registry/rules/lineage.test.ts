import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LineageEdge } from "../../../src/registry/port.ts";
import { assertAcyclic, edgeKey, newEdges, parentOf, type VersionKey } from "../../../src/registry/rules/lineage.ts";

const parent = (ref: string): LineageEdge => ({ kind: "parent", ref });

describe("a parent", () => {
  it.each([
    ["fraud@7", { name: "fraud", version: 7 }],
    ["Fraud.v-2_x@123456789012345", { name: "Fraud.v-2_x", version: 123_456_789_012_345 }],
  ])("%s is a version of this registry", (ref, key) => {
    expect(parentOf(parent(ref))).toEqual(key);
  });

  it.each([
    "fraud",
    "fraud@0",
    "fraud@07",
    "fraud@-1",
    "fraud@1.0",
    "fraud@1.0.0",
    "fraud@production",
    "fraud@alias:champion",
    "fraud@1234567890123456",
    "fraud@7 ",
    " fraud@7",
    "a/b@7",
    "@7",
    "a@b@7",
    "модель@7",
    "fraud@7\n",
  ])("%j is a model elsewhere", (ref) => {
    expect(parentOf(parent(ref))).toBeUndefined();
  });

  it("is no other edge", () => {
    for (const kind of ["dataset", "code", "run", "feature-view", "report"] as const) {
      expect(parentOf({ kind, ref: "fraud@7" })).toBeUndefined();
    }
  });
});

describe("new edges", () => {
  it("are those that are not known, each once, in their order", () => {
    const [a, b, c] = [parent("a"), { kind: "run", ref: "a" } as const, parent("A")];
    expect(newEdges([a], [c, a, b, c, b])).toEqual([c, b]);
    expect(newEdges([], [])).toEqual([]);
  });

  it("are told apart whatever their texts are", () => {
    const edge = fc.record<LineageEdge>({ kind: fc.constantFrom("run", "report"), ref: fc.string({ maxLength: 3 }) });
    fc.assert(
      fc.property(edge, edge, (a, b) => {
        expect(edgeKey(a) === edgeKey(b)).toBe(a.kind === b.kind && a.ref === b.ref);
      }),
    );
  });
});

describe("a cycle", () => {
  const key = ({ name, version }: VersionKey) => `${name}@${version}`;

  it("is refused exactly where a version would come to be its own ancestor", async () => {
    const version = fc.integer({ min: 1, max: 7 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(version, version), { maxLength: 25 }), async (wanted) => {
        const parents = new Map<string, VersionKey[]>();
        const ancestors = (of: string): ReadonlySet<string> => {
          const found = new Set<string>();
          const visit = (each: string) => {
            for (const next of parents.get(each) ?? []) {
              if (found.has(key(next))) continue;
              found.add(key(next));
              visit(key(next));
            }
          };
          visit(of);
          return found;
        };
        for (const [child, ancestor] of wanted) {
          const [from, to] = [
            { name: "m", version: child },
            { name: "m", version: ancestor },
          ];
          const cyclic = child === ancestor || ancestors(key(to)).has(key(from));
          const refused = await assertAcyclic(from, [{ kind: "run", ref: key(from) }, parent(key(to))], async (versions) =>
            versions.flatMap((each) => parents.get(key(each)) ?? []),
          ).then(
            () => false,
            (error: unknown) => {
              expect(error).toMatchObject({ code: "REGISTRY_CYCLE", details: { ref: key(from), parent: key(to) } });
              return true;
            },
          );
          expect(refused).toBe(cyclic);
          if (!cyclic) parents.set(key(from), [...(parents.get(key(from)) ?? []), to]);
        }
      }),
    );
  });

  it("is looked for one generation at a time, and each version once", async () => {
    const asked: number[][] = [];
    // Each version has the two before it as its parents.
    const parentsOf = async (versions: readonly VersionKey[]) => {
      asked.push(versions.map(({ version }) => version));
      return versions.flatMap(({ name, version }) =>
        [version - 1, version - 2].filter((n) => n > 0).map((n) => ({ name, version: n })),
      );
    };
    await assertAcyclic({ name: "m", version: 99 }, [parent("m@39"), parent("m@40"), parent("m@40")], parentsOf);
    expect(asked.length).toBeLessThanOrEqual(21);
    expect(asked.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  });

  it("is looked for in time in proportion to the edges, also where every version has every one of the generation before", async () => {
    const generation = (of: number) => Array.from({ length: 12 }, (_, i) => ({ name: "m", version: of * 12 + i + 1 }));
    let asked = 0;
    await assertAcyclic({ name: "other", version: 1 }, [parent("m@361")], async (versions) => {
      asked += versions.length;
      return versions.flatMap(({ version }) => (version <= 12 ? [] : generation(Math.ceil(version / 12) - 2)));
    });
    expect(asked).toBe(361);
  });

  it("names the edge that leads to it", async () => {
    const parentsOf = async (versions: readonly VersionKey[]) =>
      versions.some(({ version }) => version === 3) ? [{ name: "m", version: 1 }] : [];
    const checking = assertAcyclic({ name: "m", version: 1 }, [parent("m@2"), parent("m@3")], parentsOf);
    await expect(checking).rejects.toMatchObject({ details: { ref: "m@1", parent: "m@3" } });
  });
});
