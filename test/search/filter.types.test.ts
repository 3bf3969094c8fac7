import { describe, expect, expectTypeOf, it } from "vitest";
import { modelAttributes, versionAttributes } from "../../src/registry/rules/search-fields.ts";
import {
  type AttributeOf,
  checkQuery,
  experimentFilter,
  type Filter,
  modelFilter,
  parseFilter,
  runFilter,
  type SearchKind,
  versionFilter,
} from "../../src/search/index.ts";
import { searchKinds } from "../../src/search/kinds.ts";
import { experimentFields, runFields } from "../../src/tracking/rules/search-fields.ts";

describe("the filter builders", () => {
  it("make what the grammar reads", () => {
    const f = versionFilter;
    const built = f.or(
      f.and(f.metric("auc").gte(0.9), f.tag("team").eq("risk"), f.attribute("stage").in(["staging", "production"])),
      f.not(f.alias("champion")),
      f.param("depth").gt(3),
      f.param("kind").ilike("%tree%"),
      f.attribute("created_at").lt(5),
      f.attribute("description").exists(),
    );
    const text =
      "metrics.auc >= 0.9 AND tags.team = 'risk' AND stage IN ('staging', 'production') OR NOT alias = 'champion' " +
      "OR params.depth > 3 OR params.kind ILIKE '%tree%' OR created_at < 5 OR description IS NOT NULL";
    expect(built).toEqual(parseFilter(text, "versions"));
    expect(checkQuery({ where: built, limit: 1 }).where).toEqual(built);
    const runs = runFilter.and(runFilter.dataset("digest").ne("x"), runFilter.param("a").lte("b"), runFilter.metric("m").lt(1));
    expect(runs).toEqual(parseFilter("datasets.digest != 'x' AND params.a <= 'b' AND metrics.m < 1", "runs"));
    expect(modelFilter.alias("a")).toEqual(parseFilter("alias = 'a'", "models"));
    expect(experimentFilter.tag("a").like("%")).toEqual(parseFilter("tags.a LIKE '%'", "experiments"));
  });

  it("know the attributes of each kind of record and their types", () => {
    expectTypeOf(versionFilter.attribute("stage").eq).parameters.toEqualTypeOf<[string]>();
    expectTypeOf(versionFilter.attribute("version").eq).parameters.toEqualTypeOf<[number]>();
    expectTypeOf(runFilter.attribute("started_at").in).parameters.toEqualTypeOf<[readonly number[]]>();
    expectTypeOf(runFilter.attribute("name").like).returns.toEqualTypeOf<Filter>();
    expectTypeOf<AttributeOf<"models">>().toEqualTypeOf<"name" | "description" | "created_at">();
    const refused = [
      // @ts-expect-error models have no stage
      () => modelFilter.attribute("stage"),
      // @ts-expect-error an attribute that there is not
      () => versionFilter.attribute("color"),
      // @ts-expect-error a metric is a number
      () => versionFilter.metric("auc").gte("0.9"),
      // @ts-expect-error numbers are like nothing
      () => versionFilter.metric("auc").like("%"),
      // @ts-expect-error a tag is text
      () => versionFilter.tag("team").eq(1),
      // @ts-expect-error params of runs are text
      () => runFilter.param("depth").eq(3),
      // @ts-expect-error runs have no aliases
      () => runFilter.alias("champion"),
      // @ts-expect-error versions have no data sets
      () => versionFilter.dataset("name"),
      // @ts-expect-error a member that there is not
      () => runFilter.dataset("source"),
      // @ts-expect-error a time is a number
      () => runFilter.attribute("started_at").gt("2026-01-31"),
      // @ts-expect-error experiments have no metrics
      () => experimentFilter.metric("auc"),
    ];
    expect(refused).toHaveLength(11);
  });
});

describe("the names in filters", () => {
  const stores = {
    versions: versionAttributes,
    models: modelAttributes,
    runs: runFields.attributes,
    experiments: experimentFields.attributes,
  };

  it.each(Object.keys(searchKinds) as SearchKind[])("are those that stores of %s know", (kind) => {
    const types = Object.entries(searchKinds[kind].attributes).map(([name, type]) => [name, type === "time" ? "number" : type]);
    expect(Object.fromEntries(types)).toEqual(stores[kind]);
  });

  it.each(Object.keys(searchKinds) as SearchKind[])("of MLflow lead to attributes of %s and hide none", (kind) => {
    const { attributes, aliases } = searchKinds[kind];
    for (const [alias, name] of Object.entries(aliases)) {
      expect(Object.keys(attributes)).toContain(name);
      expect(Object.keys(attributes)).not.toContain(alias);
      expect(parseFilter(`attributes.${alias} IS NOT NULL`, kind)).toEqual(parseFilter(`${name} IS NOT NULL`, kind));
    }
  });
});
