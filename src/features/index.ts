export type { EntityKey } from "./entity-key.ts";
export type { FeatureRow, FeatureStatus, FeatureWrite } from "./feature-row.ts";
export { type FeatureReadOptions, FeatureServer, type FeatureServerOptions } from "./feature-server.ts";
export type { FeatureRef, FeatureSource } from "./feature-source.ts";
export { type FeatureView, type FeatureViewOptions, featureView } from "./feature-view.ts";
export {
  type FeatureInputs,
  type InputValues,
  type OnDemandFeature,
  type OnDemandFeatureOptions,
  onDemandFeature,
} from "./on-demand-feature.ts";
