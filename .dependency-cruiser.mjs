// Who may import whom: DESIGN in one table, expanded into rules. test/repository/dependency-table.test.ts plants a violation of
// each rule and sees it found, so a rule that cannot fire does not pass.

/** Folder under src/ -> what its files may import besides their own folder (regular expressions under src/). */
const PORT = "[^/]+/(?:alerts/)?(?:approval-|audit-)?port\\.ts$";
const RULES = "(?:registry|tracking|monitoring)/rules/";
const mayImport = {
  core: [],
  stats: ["core/"],
  search: ["core/"],
  storage: ["core/"],
  "onnx-format": ["core/"],
  registry: ["core/", "storage/", "search/", "onnx-format/"],
  tracking: ["core/", "storage/", "search/"],
  // What others call a model directory, above the registry: its types, nothing that runs.
  mlflow: ["core/", "registry/port\\.ts$", "registry/index\\.ts$"],
  features: ["core/", "storage/port\\.ts$"],
  drift: ["core/", "storage/port\\.ts$", "stats/"],
  // What watches predictions sees a drift detector through its port.
  monitoring: ["core/", "storage/port\\.ts$", "drift/port\\.ts$", "stats/"],
  inference: ["core/", "storage/port\\.ts$", "onnx-format/"],
  router: ["core/"],
  // What every store of a port has to do alike lies beside the port, in `rules`.
  "adapters/memory": ["core/", PORT, RULES, "search/", "storage/"],
  "adapters/sql": ["core/", PORT, RULES, "search/", "storage/"],
  "adapters/sqlite": ["core/", PORT, "adapters/sql/"],
  "adapters/postgres": ["core/", PORT, "adapters/sql/"],
  "adapters/mariadb": ["core/", PORT, "adapters/sql/"],
  "adapters/fs": ["core/", PORT],
  "adapters/s3": ["core/", PORT],
  "adapters/indexeddb": ["core/", PORT],
  "adapters/onnxruntime": ["core/", PORT],
  "adapters/onnx": ["core/", PORT, "adapters/onnxruntime/"],
  "adapters/kserve": ["core/", PORT],
  "adapters/onnx-web": ["core/", PORT, "adapters/onnxruntime/"],
  testing: ["core/", PORT, RULES, "[^/]+/index\\.ts$", "onnx-format/", "adapters/memory/"],
  "index.ts": [
    "core/",
    PORT,
    "storage/stored-files\\.ts$",
    "(?:registry|features|inference|router)/index\\.ts$",
    "drift/root\\.ts$",
    "adapters/memory/",
  ],
};

/** Library -> the only folder that may import it. Everything else from npm is refused in src/. */
const libraries = {
  zod: ".*",
  "@standard-schema/spec": "core/",
  "@bufbuild/protobuf": "onnx-format/",
  kysely: "adapters/(?:sql|sqlite|postgres|mariadb)/",
  pg: "adapters/postgres/",
  mysql2: "adapters/mariadb/",
  aws4fetch: "adapters/s3/",
  yaml: "mlflow/",
  "onnxruntime-node": "adapters/onnx/",
  "onnxruntime-web": "adapters/onnx-web/",
};

const name = (folder) => folder.replaceAll(/[/.]/g, "-");
const module = (library) => `(?:^|/)node_modules/${library}/|^${library}(?:/|$)`;

export default {
  forbidden: [
    ...Object.entries(mayImport).map(([folder, allowed]) => {
      const own = folder.endsWith(".ts") ? `${folder.replace(".", "\\.")}$` : `${folder}/`;
      return {
        name: `table-${name(folder)}`,
        severity: "error",
        comment: `src/${folder} may import only what the table lists`,
        from: { path: `^src/${own}` },
        to: { path: "^src/", pathNot: [own, ...allowed].map((pattern) => `^src/${pattern}`) },
      };
    }),
    {
      name: "every-folder-in-table",
      severity: "error",
      comment: "a new folder under src/ needs a row in the table",
      from: { path: "^src/", pathNot: Object.keys(mayImport).map((folder) => `^src/${folder}(?:/|$)`) },
      to: {},
    },
    {
      name: "port-imports-core-and-ports",
      severity: "error",
      comment: "a port names only core and other ports",
      from: { path: "/(?:approval-|audit-)?port\\.ts$" },
      to: { pathNot: ["^src/core/", "/(?:approval-|audit-)?port\\.ts$"] },
    },
    {
      name: "port-has-types-only",
      severity: "error",
      comment: "a port imports types, nothing that runs",
      from: { path: "/(?:approval-|audit-)?port\\.ts$" },
      to: { dependencyTypesNot: ["type-only"] },
    },
    {
      name: "node-under-adapters-only",
      severity: "error",
      comment: "Node's modules are imported by adapters alone; areas run anywhere",
      from: { path: "^src/", pathNot: "^src/adapters/(?:fs|sqlite|onnx|onnx-web)/" },
      to: { dependencyTypes: ["core"] },
    },
    ...Object.entries(libraries)
      .filter(([, folder]) => folder !== ".*")
      .map(([library, folder]) => ({
        name: `library-${name(library).replaceAll("@", "")}`,
        severity: "error",
        comment: `${library} belongs to src/${folder}`,
        from: { path: "^src/", pathNot: `^src/${folder}` },
        to: { path: module(library) },
      })),
    {
      name: "library-unlisted",
      severity: "error",
      comment: "a new library needs a row in the table and a record in docs/decisions",
      from: { path: "^src/" },
      to: { dependencyTypesNot: ["core", "local"], pathNot: ["^src/", ...Object.keys(libraries).map(module)] },
    },
    {
      name: "root-runs-anywhere",
      severity: "error",
      comment: "nothing that the root entry reaches may need Node, a peer or kysely",
      from: { path: "^src/index\\.ts$" },
      to: {
        reachable: true,
        path: [
          "^src/adapters/(?!memory/)",
          "(?:^|/)node_modules/(?:kysely|onnxruntime-|pg|mysql2|aws4fetch|yaml)",
          "^src/testing/",
          "^node:",
        ],
      },
    },
    {
      name: "no-cycle",
      severity: "error",
      comment: "a cycle hides which module owns what",
      from: { path: "^src/" },
      to: { circular: true },
    },
    {
      name: "index-only-from-outside",
      severity: "error",
      comment: "inside its folder a module imports the file that it needs",
      from: { path: "^src/(.+)/(?!index\\.ts$)[^/]+$" },
      to: { path: "^src/$1/index\\.ts$" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default"] },
  },
};
